// The control socket: how the command line reaches a running gateway (docs/operations.md).
#pragma once

#include <fieldgate/base/result.h>

#include <boost/json/object.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <thread>

namespace fieldgate::ops {

/// Longest request line.
inline constexpr std::size_t kMaxControlLineBytes = 64UL * 1024;
/// Requests in progress at once; one more is refused.
inline constexpr std::size_t kMaxControlRequests = 16;

/// `control.sock` in the data directory: a Unix stream socket, mode 0600, so only the gateway's own
/// user reaches it. One JSON object per line; `{"progress": N}` lines may come before the last one,
/// which holds `result` or `error`. Each request has a thread of its own, up to
/// `kMaxControlRequests`: taking back a key must not wait behind an import.
class ControlServer {
 public:
  using Progress = std::function<void(std::uint64_t)>;
  /// Called on several threads at once.
  using Handler =
      std::function<Result<boost::json::object>(const boost::json::object&, const Progress&)>;

  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> start(
      const std::filesystem::path& data_directory, Handler handler);
  /// Waits for the requests in progress.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  ControlServer(std::filesystem::path path, int listener, int stop_event, Handler handler);
  struct Request {
    std::atomic<bool> done{false};
    std::thread thread;
  };
  void serve();
  void take(int connection);
  void answer(int connection);

  std::filesystem::path path_;
  int listener_;
  int stop_event_;
  Handler handler_;
  std::list<Request> requests_;  // known to `thread_` alone
  std::thread thread_;
};

/// Sends one request to the gateway that runs on this data directory. Nothing when none runs.
[[nodiscard]] std::optional<Result<boost::json::object>> ask_running_gateway(
    const std::filesystem::path& data_directory, const boost::json::object& request,
    const ControlServer::Progress& progress);

}  // namespace fieldgate::ops
