#include "gateway/server/server.h"

#include "gateway/server/event_loop.h"
#include "gateway/server/listener.h"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>
#include <sys/resource.h>
#include <boost/asio/post.hpp>

#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace fieldgate::server {

namespace {

constexpr unsigned kMaxLoops = 256;
constexpr std::size_t kMinHeaderBytes = 256;

/// Half of the descriptors are left to files, the database and the log.
std::size_t half_of_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 1;
  }
  return static_cast<std::size_t>(limit.rlim_cur / 2);
}

Result<std::size_t> connection_cap(const Limits& limits) {
  const std::size_t half = half_of_descriptors();
  if (limits.connections == 0) {
    return half > 1 ? half - 1 : 1;
  }
  if (limits.connections >= half) {
    return make_error(ErrorCode::kInvalid,
                      "connection limit " + std::to_string(limits.connections) +
                          " must stay below half of the " + std::to_string(half * 2) +
                          " file descriptors that this process may open");
  }
  return limits.connections;
}

Result<void> check_options(const ServerOptions& options) {
  if (options.loops == 0 || options.loops > kMaxLoops) {
    return make_error(ErrorCode::kInvalid,
                      "the number of loops must be between 1 and " + std::to_string(kMaxLoops));
  }
  if (options.listeners.empty()) {
    return make_error(ErrorCode::kInvalid, "there is nothing to listen on");
  }
  if (options.limits.header_bytes < kMinHeaderBytes) {
    return make_error(ErrorCode::kInvalid, "the header limit must be at least " +
                                               std::to_string(kMinHeaderBytes) + " bytes");
  }
  for (const ListenerOptions& listener : options.listeners) {
    if (listener.router == nullptr || options.authenticator != nullptr) {
      continue;
    }
    for (const http::Route& route : listener.router->routes()) {
      if (route.auth.kind != http::AuthPolicy::Kind::kNoAuth) {
        return make_error(ErrorCode::kInvalid, "route `" + route.pattern +
                                                   "` needs a credential and there is nothing "
                                                   "that could check one");
      }
    }
  }
  return ok();
}

/// Signals are for the main thread: none may interrupt a loop.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

struct Server::State {
  Shared shared;
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<std::unique_ptr<Acceptor>> acceptors;  // on the first loop: end before it
  std::vector<std::thread> threads;
  std::mutex stopping;
  bool stopped = false;

  void close_acceptors() {
    std::promise<void> closed;
    boost::asio::post(loops.front()->context(), [this, &closed] {
      for (const std::unique_ptr<Acceptor>& acceptor : acceptors) {
        acceptor->close();
      }
      closed.set_value();
    });
    closed.get_future().wait();
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options) {
  FIELDGATE_CHECK_OK(check_options(options));
  auto state = std::make_unique<State>();
  Shared& shared = state->shared;
  shared.limits = options.limits;
  FIELDGATE_TRY(shared.connection_cap, connection_cap(options.limits));
  shared.authenticator = std::move(options.authenticator);
  shared.on_loop_start = std::move(options.on_loop_start);
  shared.on_loop_stop = std::move(options.on_loop_stop);
  shared.on_loop_tick = std::move(options.on_loop_tick);
  try {
    for (unsigned i = 0; i < options.loops; ++i) {
      state->loops.push_back(std::make_unique<EventLoop>(i, shared));
    }
    for (ListenerOptions& wanted : options.listeners) {
      FIELDGATE_TRY(std::unique_ptr<Listener> listener, make_listener(std::move(wanted)));
      FIELDGATE_TRY(std::unique_ptr<Acceptor> acceptor,
                    Acceptor::bind(std::move(listener), state->loops));
      state->acceptors.push_back(std::move(acceptor));
    }
    const SignalsBlocked blocked;
    for (const std::unique_ptr<EventLoop>& loop : state->loops) {
      state->threads.emplace_back([raw = loop.get()] { raw->run(); });
      const std::string name = "fg-loop-" + std::to_string(loop->index());
      pthread_setname_np(state->threads.back().native_handle(), name.c_str());
    }
  } catch (const std::exception& fault) {
    // Threads that did start have nothing to serve yet and end at once.
    std::unique_ptr<Server> half_made(new Server(std::move(state)));
    half_made->stop();
    return make_error(ErrorCode::kUnavailable,
                      std::string("the I/O loops cannot start: ") + fault.what());
  }
  for (const std::unique_ptr<Acceptor>& acceptor : state->acceptors) {
    state->loops.front()->post([raw = acceptor.get()] { raw->accept_next(); });
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::uint16_t Server::port(std::size_t listener) const {
  return state_->acceptors.at(listener)->port();
}

Result<void> Server::reload_tls() {
  std::optional<Error> failures;
  for (const std::unique_ptr<Acceptor>& acceptor : state_->acceptors) {
    const Listener& listener = acceptor->listener();
    if (listener.tls == nullptr) {
      continue;
    }
    if (const auto reloaded = listener.tls->reload(); reloaded.has_error()) {
      const std::string said =
          "listener `" + listener.options.name + "`: " + reloaded.error().message;
      if (!failures) {
        failures = reloaded.error();
        failures->message = said;
      } else {
        failures->message += "; " + said;
      }
    }
  }
  return failures ? Result<void>(*failures) : ok();
}

void Server::stop() {
  const std::scoped_lock lock(state_->stopping);
  if (state_->stopped) {
    return;
  }
  state_->stopped = true;
  if (!state_->threads.empty()) {
    // First, so that no connection is dealt to a loop that has ended.
    state_->close_acceptors();
    for (const std::unique_ptr<EventLoop>& loop : state_->loops) {
      loop->begin_drain();
    }
  }
  for (std::thread& thread : state_->threads) {
    thread.join();
  }
}

Counters Server::counters() const {
  Counters total;
  for (const std::unique_ptr<EventLoop>& loop : state_->loops) {
    const LoopCounters& of_loop = loop->counters();
    total.connections_accepted += of_loop.accepted.load(std::memory_order_relaxed);
    total.requests += of_loop.requests.load(std::memory_order_relaxed);
    total.malformed += of_loop.malformed.load(std::memory_order_relaxed);
    total.deadline_cuts += of_loop.deadline_cuts.load(std::memory_order_relaxed);
    total.accept_pauses += of_loop.accept_pauses.load(std::memory_order_relaxed);
    total.shed += of_loop.shed.load(std::memory_order_relaxed);
    total.faults += of_loop.faults.load(std::memory_order_relaxed);
  }
  for (const std::unique_ptr<Acceptor>& acceptor : state_->acceptors) {
    for (std::size_t i = 0; i < state_->loops.size(); ++i) {
      acceptor->listener().answered[i].add_to(total.responses);
    }
  }
  total.connections_open = state_->shared.open_connections.load(std::memory_order_relaxed);
  return total;
}

}  // namespace fieldgate::server
