// One I/O thread: its io_context, its connections, their shared scratch, the deadline sweep.
#pragma once

#include "gateway/http/exchange.h"
#include "gateway/http/response_head.h"
#include "gateway/server/readiness.h"
#include "gateway/server/server.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::server {

class Connection;
struct Listener;

using SteadyTime = std::chrono::steady_clock::time_point;

/// What all loops of one server share.
struct Shared {
  Limits limits;
  std::size_t connection_cap = 0;
  std::shared_ptr<http::Authenticator> authenticator;
  std::function<void(http::Loop&)> on_loop_start;
  std::function<void(http::Loop&)> on_loop_stop;
  std::function<void(http::Loop&)> on_loop_tick;
  std::atomic<std::size_t> open_connections{0};
};

/// Written by one loop, read by anybody.
struct LoopCounters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<std::uint64_t> deadline_cuts{0};
  std::atomic<std::uint64_t> accept_pauses{0};
  std::atomic<std::uint64_t> shed{0};
  std::atomic<std::uint64_t> faults{0};

  static void count(std::atomic<std::uint64_t>& counter) {
    // One writer: no locked instruction needed.
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

/// A server-side read buffer; connections hold one only while there is something in it.
using Buffer = std::unique_ptr<char[]>;
/// Room in it behind the largest head, for a body that comes with it and for its pieces.
inline constexpr std::size_t kRoomBehindHead = 8UL * 1024;

class EventLoop final : public http::Loop {
 public:
  EventLoop(unsigned index, Shared& shared);
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] unsigned index() const override { return index_; }
  void post(std::function<void()> work) override;
  void at_turn_end(std::function<void()> work) override;
  [[nodiscard]] std::size_t connections() const override { return connections_.size(); }

  /// The thread's body: serves until drained.
  void run();
  /// Thread-safe: no new requests; returns at once, `run` ends by the drain deadline.
  void begin_drain();

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] Readiness& readiness() { return readiness_; }
  [[nodiscard]] Shared& shared() { return shared_; }
  [[nodiscard]] LoopCounters& counters() { return counters_; }
  [[nodiscard]] bool draining() const { return draining_; }
  /// Coarse: a few milliseconds behind at most, and cheap.
  [[nodiscard]] static SteadyTime now();
  [[nodiscard]] std::string_view date();
  /// Writes the id of the next request.
  void next_request_id(std::array<char, 32>& id);
  /// Output being put together; used up before the caller returns to the loop.
  [[nodiscard]] std::string& scratch() { return scratch_; }

  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }
  [[nodiscard]] Buffer take_buffer();
  void give_back(Buffer buffer);

  /// Takes an accepted socket; on this loop's thread.
  void adopt(int descriptor, const Listener& listener, std::string peer);
  void add(Connection& connection);
  void remove(Connection& connection);

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  void serve();
  void run_turn_end();
  void arm_sweep();
  void sweep();
  void start_drain();
  void finish_if_drained();

  unsigned index_;
  Shared& shared_;
  boost::asio::io_context context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  Readiness readiness_;
  std::size_t turn_work_ = 0;
  Timer sweep_timer_;
  std::chrono::milliseconds sweep_interval_;
  SteadyTime next_tick_;
  std::vector<Connection*> connections_;
  std::vector<std::function<void()>> turn_end_;
  std::vector<std::function<void()>> turn_end_running_;
  bool draining_ = false;
  SteadyTime drain_deadline_;
  std::vector<Buffer> free_buffers_;
  std::size_t buffer_bytes_;
  std::string scratch_;
  http::DateText date_;
  std::array<char, 20> id_prefix_;
  std::uint64_t requests_seen_ = 0;
  LoopCounters counters_;
};

}  // namespace fieldgate::server
