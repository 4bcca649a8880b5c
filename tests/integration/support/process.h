// Child processes: started, listened to, signalled, and always reaped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::test {

using Environment = std::map<std::string, std::string>;

/// Start from the main thread only: the child dies with the thread that started it.
class Process {
 public:
  static constexpr std::chrono::seconds kPatience{120};

  /// The environment is this process's without FIELDGATE_*, and `environment` on top.
  Process(const std::vector<std::string>& command, const Environment& environment);
  /// Kills what still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits until stdout or stderr holds a whole line with `text`; false when they ended without it.
  [[nodiscard]] bool wait_for_output(const std::string& text);
  /// How often `text` stood in stdout and stderr so far.
  [[nodiscard]] std::size_t count_in_output(const std::string& text);
  /// Whether the child has closed its streams, which it does at its end.
  [[nodiscard]] bool ended();
  void signal(int number) const;
  /// The exit code, or 128 and the signal's number. Fails the test when the child stays.
  int wait();

  [[nodiscard]] pid_t id() const { return child_; }
  /// Whole once `wait` has returned.
  [[nodiscard]] std::string out();
  [[nodiscard]] std::string err();

 private:
  void listen(int descriptor, std::string& into);

  pid_t child_ = -1;
  int status_ = -1;
  std::mutex mutex_;
  std::condition_variable heard_;
  std::string out_;  // guarded by mutex_
  std::string err_;  // guarded by mutex_
  int streams_ = 2;  // open ones; guarded by mutex_
  std::thread out_listener_;
  std::thread err_listener_;
};

struct Finished {
  int code = -1;
  std::string out;
  std::string err;
};
[[nodiscard]] Finished run_to_end(const std::vector<std::string>& command,
                                  const Environment& environment);

}  // namespace fieldgate::test
