// A listening socket: accepts on one loop and deals the connections to all in turn.
#pragma once

#include "gateway/server/event_loop.h"
#include "gateway/server/response_counters.h"
#include "gateway/server/server.h"
#include "gateway/server/tls.h"

#include <fieldgate/base/result.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::server {

/// What a connection needs to know of where it came in.
struct Listener {
  ListenerOptions options;
  std::unique_ptr<TlsContext> tls;                ///< null: plain
  std::optional<boost::asio::ip::address> proxy;  ///< the only peer let in
  std::unique_ptr<ResponseCounters[]> answered;   ///< one for each loop, by its index
};

/// Checks the options and reads the TLS files; binds nothing.
[[nodiscard]] Result<std::unique_ptr<Listener>> make_listener(ListenerOptions options);

/// One socket rather than one per loop with SO_REUSEPORT: dealing in turn spreads few long-lived
/// connections evenly, and a second process cannot quietly take a share of the port (ADR 0011).
class Acceptor {
 public:
  /// Binds; `loops` outlive the acceptor, the first one accepts.
  [[nodiscard]] static Result<std::unique_ptr<Acceptor>> bind(
      std::unique_ptr<Listener> listener, std::vector<std::unique_ptr<EventLoop>>& loops);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Listener& listener() { return *listener_; }
  /// On the first loop's thread.
  void accept_next();
  void close();

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Timer = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  Acceptor(std::unique_ptr<Listener> listener, std::vector<std::unique_ptr<EventLoop>>& loops);
  Result<void> open();
  void accept_ready();
  void pause();
  void take(int descriptor, const boost::asio::ip::address& peer);
  void shed(int descriptor);

  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<EventLoop>>& loops_;
  Socket socket_;
  Timer pause_;
  std::uint16_t port_ = 0;
  std::size_t next_loop_ = 0;
};

}  // namespace fieldgate::server
