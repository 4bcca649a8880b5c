#include "gateway/policies/watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <system_error>
#include <utility>

namespace fieldgate::policies {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::size_t kEventBytes = 16UL * 1024;

struct Event {
  int folder = -1;
  std::uint32_t mask = 0;
  std::string name;
};

}  // namespace

struct Watch::State {
  State(fs::path watched, Calls given) : target(std::move(watched)), calls(std::move(given)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (events >= 0) {
      ::close(events);
    }
    if (stop >= 0) {
      ::close(stop);
    }
  }

  void add(const fs::path& folder) {
    const int watch = ::inotify_add_watch(events, folder.c_str(), kEvents | IN_ONLYDIR);
    if (watch >= 0) {
      folders[watch] = folder;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      say_once("`" + folder.string() + "`: " + std::generic_category().message(errno));
    }
  }

  // The folder in which the target's name stands is watched too: there it is replaced. What a link
  // on the way leads to is replaced where it really lies.
  void watch_all() {
    for (const auto& [watch, folder] : folders) {
      ::inotify_rm_watch(events, watch);
    }
    folders.clear();
    being_written.clear();
    real.clear();
    std::error_code failure;
    const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
    add(parent);
    real = fs::canonical(target, failure);
    if (failure) {
      return;
    }
    add(real.parent_path());
    if (!fs::is_directory(real, failure)) {
      return;
    }
    add(real);
    std::error_code ignored;
    std::size_t below = 0;
    for (auto at = fs::recursive_directory_iterator(
             real, fs::directory_options::skip_permission_denied, failure);
         !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
      if (!at->is_directory(ignored) || at->is_symlink(ignored)) {
        continue;
      }
      if (++below > kMaxWatchedFolders) {
        say_once("more than " + std::to_string(kMaxWatchedFolders) + " folders lie below `" +
                 target.string() + '`');
        return;
      }
      add(at->path());
    }
  }

  // Whether the event is about the target or something in it.
  [[nodiscard]] bool concerns(const fs::path& folder, const fs::path& at) const {
    if (at == target || at == real || folder == real) {
      return true;
    }
    const auto [end, rest] = std::mismatch(real.begin(), real.end(), at.begin(), at.end());
    return !real.empty() && end == real.end();
  }

  void take(const Event& event) {
    constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      being_written.clear();
      changed = true;
      again = true;
      return;
    }
    const auto folder = folders.find(event.folder);
    if (folder == folders.end()) {
      return;
    }
    if ((event.mask & kFolderGone) != 0) {
      std::erase_if(being_written, [&](const auto& file) { return file.first == event.folder; });
    }
    const fs::path at = event.name.empty() ? folder->second : folder->second / event.name;
    std::error_code failure;
    if (!concerns(folder->second, at)) {
      // A link on the way to the target may have been turned.
      const bool turned = (event.mask & (IN_MODIFY | IN_CLOSE_WRITE)) == 0 &&
                          fs::canonical(target, failure) != real && !failure;
      changed = changed || turned;
      again = again || turned;
      return;
    }
    changed = true;
    again = again || (event.mask & (kFolderGone | IN_ISDIR)) != 0 || at == target;
    if ((event.mask & IN_MODIFY) != 0) {
      being_written.emplace(event.folder, event.name);
    } else {
      being_written.erase({event.folder, event.name});
    }
  }

  void read_events() {
    alignas(inotify_event) std::array<char, kEventBytes> bytes;
    const ssize_t size = ::read(events, bytes.data(), bytes.size());
    for (ssize_t at = 0; at < size;) {
      inotify_event head{};
      std::memcpy(&head, bytes.data() + at, sizeof head);
      Event event{head.wd, head.mask, {}};
      if (head.len > 0) {
        event.name = bytes.data() + at + sizeof head;
      }
      take(event);
      at += static_cast<ssize_t>(sizeof head + head.len);
    }
  }

  void run() {
    while (true) {
      // Nothing is due: wait for an event. Something has changed: wait until it has come to rest.
      const bool resting = changed && being_written.empty();
      std::array<pollfd, 2> waiting{{{events, POLLIN, 0}, {stop, POLLIN, 0}}};
      const int ready =
          ::poll(waiting.data(), waiting.size(), resting ? static_cast<int>(kQuiet.count()) : -1);
      if ((ready < 0 && errno != EINTR) || (waiting[1].revents & POLLIN) != 0) {
        return;
      }
      if (ready > 0) {
        read_events();
        continue;
      }
      if (ready == 0) {
        changed = false;
        if (again) {
          again = false;
          watch_all();
        }
        calls.changed();
      }
    }
  }

  void say_once(const std::string& what) {
    if (!said) {
      said = true;
      calls.say("changes of the policy's files are not all noticed, send SIGHUP after one: " +
                what);
    }
  }

  fs::path target;
  fs::path real;  // with links followed; empty while there is no target
  Calls calls;
  int events = -1;
  int stop = -1;
  std::map<int, fs::path> folders;                      // by inotify's watch
  std::set<std::pair<int, std::string>> being_written;  // by folder and name
  bool changed = false;
  bool again = false;  // the folders themselves have changed
  bool said = false;
};

Result<std::unique_ptr<Watch>> Watch::start(const fs::path& target, Calls calls) {
  std::error_code failure;
  auto state =
      std::make_unique<State>(fs::absolute(target, failure).lexically_normal(), std::move(calls));
  state->events = ::inotify_init1(IN_CLOEXEC);
  state->stop = ::eventfd(0, EFD_CLOEXEC);
  if (state->events < 0 || state->stop < 0) {
    return make_error(ErrorCode::kUnavailable, "changes of the policy's files cannot be noticed: " +
                                                   std::generic_category().message(errno));
  }
  state->watch_all();
  return std::unique_ptr<Watch>(new Watch(std::move(state)));
}

Watch::Watch(std::unique_ptr<State> state)
    : state_(std::move(state)), thread_([raw = state_.get()] { raw->run(); }) {}

Watch::~Watch() {
  const std::uint64_t one = 1;
  if (::write(state_->stop, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) {
    thread_.join();
  } else {
    thread_.detach();
    (void)state_.release();
  }
}

}  // namespace fieldgate::policies
