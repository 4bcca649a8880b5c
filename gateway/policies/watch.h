// Notices that the policy's folder or bundle has changed on disk, and has come to rest.
#pragma once

#include <fieldgate/base/result.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

namespace fieldgate::policies {

/// How long nothing may happen to the files before a change counts as whole.
inline constexpr std::chrono::milliseconds kQuiet{200};
/// How long after the last event a file that is still open for writing is waited for.
inline constexpr std::chrono::milliseconds kMaxOpen{3000};
/// How long after the first event a change is waited for at all, while files are written on and on.
inline constexpr std::chrono::milliseconds kMaxUnrest{10'000};
/// Folders below the policy's own that are watched at most.
inline constexpr std::size_t kMaxWatchedFolders = 64;

/// Watches with inotify(7) until it is destroyed. `changed` is called on a thread of its own once
/// every file of the policy that somebody was seen writing has been closed and nothing has happened
/// for `kQuiet`: an editor's rename, several files one after the other, a slow copy are one change.
/// Hidden files are not waited for, none longer than `kMaxOpen` after the last event, and nothing
/// longer than `kMaxUnrest`. A folder that is replaced as a whole (a rename, a link anywhere on the
/// way that is turned) is followed.
class Watch {
 public:
  struct Calls {
    std::function<void()> changed;
    /// Told what cannot be watched, once; SIGHUP still works then.
    std::function<void(const std::string&)> say;
  };

  /// `target` is a folder (with the folders below it) or a file.
  [[nodiscard]] static Result<std::unique_ptr<Watch>> start(const std::filesystem::path& target,
                                                            Calls calls);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace fieldgate::policies
