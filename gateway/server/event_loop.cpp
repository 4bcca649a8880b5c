#include "gateway/server/event_loop.h"

#include "gateway/server/connection.h"
#include "gateway/server/listener.h"

#include <sys/random.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <utility>

namespace fieldgate::server {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTick = 500ms;
/// Shorter limits, as tests set them, are swept more often.
constexpr std::chrono::milliseconds kFastestSweep = 10ms;
constexpr std::size_t kKeptBuffers = 256;
/// A turn ends when nothing is ready any more, or after this many handlers and connections.
constexpr std::size_t kWorkPerTurn = 512;
/// The largest output that the loop keeps room for.
constexpr std::size_t kKeptScratch = 256UL * 1024;

std::chrono::milliseconds sweep_interval(const Limits& limits) {
  const std::chrono::milliseconds shortest =
      std::min({limits.tls_handshake, limits.header, limits.body, limits.keep_alive_idle,
                limits.write_stalled, limits.drain});
  return std::clamp(shortest / 8, kFastestSweep, kTick);
}

std::array<char, 20> random_prefix() {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<unsigned char, 20> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw std::runtime_error("the system has no randomness");
  }
  std::array<char, 20> prefix{};
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    prefix[i] = kAlphabet[random[i] % kAlphabet.size()];
  }
  return prefix;
}

}  // namespace

EventLoop::EventLoop(unsigned index, Shared& shared)
    : index_(index),
      shared_(shared),
      // Sockets of this context are used on its own thread only; posting stays thread-safe.
      context_(static_cast<int>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO)),
      work_(boost::asio::make_work_guard(context_)),
      readiness_(context_, [this](std::size_t served) { turn_work_ += served; }),
      sweep_timer_(context_),
      sweep_interval_(sweep_interval(shared.limits)),
      next_tick_(now() + kTick),
      buffer_bytes_(shared.limits.header_bytes + kRoomBehindHead),
      id_prefix_(random_prefix()) {}

EventLoop::~EventLoop() {
  // Exchanges that nobody answered in time end with their loop.
  for (Connection* const connection : std::exchange(connections_, {})) {
    connection->abandon();
  }
}

void EventLoop::post(std::function<void()> work) {
  boost::asio::post(context_, std::move(work));
}

void EventLoop::at_turn_end(std::function<void()> work) {
  turn_end_.push_back(std::move(work));
}

void EventLoop::serve() {
  while (!context_.stopped()) {
    for (turn_work_ = 0; turn_work_ < kWorkPerTurn && context_.poll_one() != 0; ++turn_work_) {
    }
    run_turn_end();
    if (turn_end_.empty()) {
      context_.run_one();
    }
  }
}

void EventLoop::run_turn_end() {
  std::swap(turn_end_, turn_end_running_);
  for (std::function<void()>& work : turn_end_running_) {
    try {
      work();
    } catch (...) {
      LoopCounters::count(counters_.faults);
    }
  }
  turn_end_running_.clear();
}

void EventLoop::run() {
  if (shared_.on_loop_start) {
    shared_.on_loop_start(*this);
  }
  readiness_.start();
  arm_sweep();
  for (bool again = true; again;) {
    try {
      serve();
      again = false;
    } catch (...) {
      // A fault in one handler must not end the others' service.
      LoopCounters::count(counters_.faults);
    }
  }
  if (shared_.on_loop_stop) {
    shared_.on_loop_stop(*this);
  }
}

SteadyTime EventLoop::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return SteadyTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::string_view EventLoop::date() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return date_.at(time.tv_sec);
}

void EventLoop::next_request_id(std::array<char, 32>& id) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::copy(id_prefix_.begin(), id_prefix_.end(), id.begin());
  std::uint64_t number = requests_seen_++;
  for (std::size_t i = id.size(); i > id_prefix_.size(); --i) {
    id[i - 1] = kHex[number & 0xF];
    number >>= 4;
  }
}

Buffer EventLoop::take_buffer() {
  if (free_buffers_.empty()) {
    return Buffer(new char[buffer_bytes_]);
  }
  Buffer buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

void EventLoop::give_back(Buffer buffer) {
  if (free_buffers_.size() < kKeptBuffers) {
    free_buffers_.push_back(std::move(buffer));
  }
}

void EventLoop::adopt(int descriptor, const Listener& listener, std::string peer) {
  LoopCounters::count(counters_.accepted);
  Connection::start(*this, listener, descriptor, std::move(peer));
}

void EventLoop::add(Connection& connection) {
  connection.set_slot(connections_.size());
  connections_.push_back(&connection);
}

void EventLoop::remove(Connection& connection) {
  const std::size_t slot = connection.slot();
  connections_[slot] = connections_.back();
  connections_[slot]->set_slot(slot);
  connections_.pop_back();
  shared_.open_connections.fetch_sub(1, std::memory_order_relaxed);
  finish_if_drained();
}

void EventLoop::arm_sweep() {
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) {
      arm_sweep();
      sweep();
    }
  });
}

void EventLoop::sweep() {
  const SteadyTime time = now();
  // Cutting one connection may end others, so that the late ones are held first.
  std::vector<ConnectionRef> late;
  for (Connection* const connection : connections_) {
    if (connection->is_late(time)) {
      late.emplace_back(connection);
    }
  }
  for (const ConnectionRef& connection : late) {
    if (connection->is_late(time)) {
      LoopCounters::count(counters_.deadline_cuts);
      connection->on_deadline();
    }
  }
  if (scratch_.capacity() > kKeptScratch) {
    scratch_ = std::string();
  }
  if (shared_.on_loop_tick && time >= next_tick_) {
    next_tick_ = time + kTick;
    shared_.on_loop_tick(*this);
  }
  if (draining_ && time >= drain_deadline_) {
    work_.reset();
    context_.stop();
  }
}

void EventLoop::begin_drain() {
  boost::asio::post(context_, [this] { start_drain(); });
}

void EventLoop::start_drain() {
  draining_ = true;
  drain_deadline_ = now() + shared_.limits.drain;
  std::vector<ConnectionRef> idle;
  for (Connection* const connection : connections_) {
    if (connection->is_idle()) {
      idle.emplace_back(connection);
    }
  }
  for (const ConnectionRef& connection : idle) {
    connection->close_idle();
  }
  finish_if_drained();
}

void EventLoop::finish_if_drained() {
  if (draining_ && connections_.empty()) {
    work_.reset();
    context_.stop();
  }
}

}  // namespace fieldgate::server
