#include "gateway/policies/watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <list>
#include <map>
#include <set>
#include <system_error>
#include <utility>

namespace fieldgate::policies {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

namespace {

// What can happen to a folder's entries, or to the folder itself, and to what is written in it.
constexpr std::uint32_t kEntryEvents =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kEvents = kEntryEvents | IN_MODIFY | IN_CLOSE_WRITE;
constexpr std::size_t kEventBytes = 16UL * 1024;
/// Links on the way to the target, as many as the kernel follows (path_resolution(7)).
constexpr int kMaxLinks = 40;

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

  bool add(const fs::path& folder, std::uint32_t which = kEvents) {
    const int watch = ::inotify_add_watch(events, folder.c_str(), which | IN_ONLYDIR | IN_MASK_ADD);
    if (watch >= 0) {
      folders[watch] = folder;
    }
    return watch >= 0;
  }
  void add_or_say(const fs::path& folder, std::uint32_t which = kEvents) {
    if (!add(folder, which) && errno != ENOENT && errno != ENOTDIR) {
      say_once("`" + folder.string() + "`: " + std::generic_category().message(errno));
    }
  }

  // Follows the target's path from the root, and watches each folder in which a part of it stands:
  // there it is replaced, and links are turned. A folder is watched before it is looked into, so
  // that nothing happens unseen between the two. Gives where the target really lies, or nothing.
  fs::path follow() {
    std::list<fs::path> ahead(target.begin(), target.end());
    fs::path here = "/";
    int links = 0;
    std::error_code failure;
    while (!ahead.empty()) {
      const fs::path part = ahead.front();
      ahead.pop_front();
      if (part.empty() || part == "." || part == "/") {
        continue;
      }
      if (part == "..") {
        here = here.parent_path();
        continue;
      }
      const fs::path next = here / part;
      const bool watched = add(here, kEntryEvents);
      way.insert(next);
      const fs::file_status status = fs::symlink_status(next, failure);
      // A plain folder above that cannot be watched is hardly ever moved away as a whole.
      if (!watched && (ahead.empty() || status.type() != fs::file_type::directory)) {
        add_or_say(here, kEntryEvents);
      }
      if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
        return {};
      }
      if (status.type() != fs::file_type::symlink) {
        here = next;
        continue;
      }
      const fs::path leads_to = fs::read_symlink(next, failure);
      if (failure || ++links > kMaxLinks) {
        return {};
      }
      ahead.insert(ahead.begin(), leads_to.begin(), leads_to.end());
      here = leads_to.is_absolute() ? fs::path("/") : here;
    }
    return here;
  }

  void watch_all() {
    for (const auto& [watch, folder] : folders) {
      ::inotify_rm_watch(events, watch);
    }
    folders.clear();
    being_written.clear();
    way.clear();
    std::error_code failure;
    real = follow();
    if (real.empty()) {
      return;
    }
    if (!fs::is_directory(real, failure)) {
      add_or_say(real.parent_path());
      return;
    }
    add_or_say(real);
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
      add_or_say(at->path());
    }
  }

  // Whether this is the target or in it.
  [[nodiscard]] bool is_within(const fs::path& at) const {
    const auto [end, rest] = std::mismatch(real.begin(), real.end(), at.begin(), at.end());
    return !real.empty() && end == real.end();
  }

  void note_change() {
    last_event = Steady::now();
    if (!changed) {
      first_event = last_event;
    }
    changed = true;
  }

  void take(const Event& event) {
    constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      being_written.clear();
      note_change();
      again = true;
      return;
    }
    const auto folder = folders.find(event.folder);
    if (folder == folders.end()) {
      return;
    }
    if ((event.mask & kFolderGone) != 0) {
      std::erase_if(being_written, [&](const auto& file) { return file.first == event.folder; });
      note_change();
      again = true;
      return;
    }
    const fs::path at = folder->second / event.name;
    const bool hidden = event.name.starts_with('.');
    const bool written = (event.mask & (IN_MODIFY | IN_CLOSE_WRITE)) != 0;
    const bool on_the_way = way.contains(at);
    if (!on_the_way && !is_within(at)) {
      return;
    }
    // An editor writes its swap file as long as it is open. Hidden names are none of a policy, but
    // a hidden link that is turned may bring all its files.
    if (hidden && (event.mask & IN_MODIFY) != 0 && at != real) {
      return;
    }
    note_change();
    again = again || (event.mask & IN_ISDIR) != 0 || (on_the_way && !written);
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

  // When what has changed is taken: once it rests, and at the latest when waiting has no end.
  [[nodiscard]] Steady::time_point due() const {
    const auto rest = last_event + (being_written.empty() ? kQuiet : kMaxOpen);
    return std::min(rest, first_event + kMaxUnrest);
  }

  void tell() {
    // Whatever goes wrong in a change, the gateway goes on under the old policy.
    try {
      if (again) {
        again = false;
        watch_all();
      }
      being_written.clear();
      calls.changed();
    } catch (const std::exception& error) {
      calls.say(std::string("a change of the policy's files was not taken: ") + error.what());
    }
  }

  void run() {
    while (true) {
      int wait = -1;
      if (changed) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due() - Steady::now());
        if (left.count() <= 0) {
          changed = false;
          tell();
          continue;
        }
        wait = static_cast<int>(left.count());
      }
      std::array<pollfd, 2> waiting{{{events, POLLIN, 0}, {stop, POLLIN, 0}}};
      const int ready = ::poll(waiting.data(), waiting.size(), wait);
      if ((ready < 0 && errno != EINTR) || (waiting[1].revents & POLLIN) != 0) {
        return;
      }
      if (ready > 0) {
        read_events();
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
  std::map<int, fs::path> folders;                      // by inotify's watch, links followed
  std::set<fs::path> way;                               // each part of the path, links followed
  std::set<std::pair<int, std::string>> being_written;  // by folder and name
  bool changed = false;
  Steady::time_point first_event;  // this and the next: valid while `changed`
  Steady::time_point last_event;
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
