// The HTTP/1.1 edge: TLS, strict framing, limits, deadlines, drain. The only code beside
// gateway/http that includes Beast.
#pragma once

#include "gateway/http/router.h"
#include "gateway/server/response_counters.h"

#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::server {

/// Each a documented setting (docs/operations.md); these are the defaults.
struct Limits {
  std::chrono::milliseconds tls_handshake{5'000};
  std::chrono::milliseconds header{10'000};
  std::size_t header_bytes = 8UL * 1024;
  std::size_t header_fields = 100;
  std::chrono::milliseconds body{30'000};  ///< whole; on streaming routes: between pieces
  std::size_t body_bytes = 1024UL * 1024;
  std::chrono::milliseconds keep_alive_idle{60'000};
  std::chrono::milliseconds write_stalled{30'000};
  std::size_t connections = 0;              ///< 0: below half the descriptor limit
  std::chrono::milliseconds drain{10'000};  ///< after SIGTERM, open requests may finish
};

struct TlsFiles {
  std::filesystem::path certificate_chain;  ///< PEM
  std::filesystem::path private_key;        ///< PEM, mode 0600 or stricter
};

/// One address that carries one surface (a router).
struct ListenerOptions {
  std::string name;                   ///< "apps", "operations": for messages
  std::string address = "127.0.0.1";  ///< numeric
  std::uint16_t port = 0;             ///< 0: any free one
  std::optional<TlsFiles> tls;
  /// A plain listener outside loopback is refused unless this names the proxy that ends TLS.
  std::string plain_behind_proxy;
  std::shared_ptr<const http::Router> router;
};

struct ServerOptions {
  std::vector<ListenerOptions> listeners;
  Limits limits;
  unsigned loops = 1;  ///< I/O threads; one io_context each
  std::shared_ptr<http::Authenticator> authenticator;
  /// Called once on each loop's thread before it serves, and after it has stopped.
  std::function<void(http::Loop&)> on_loop_start;
  std::function<void(http::Loop&)> on_loop_stop;
  /// Called on each loop about twice a second (deadline sweep's tick).
  std::function<void(http::Loop&)> on_loop_tick;
};

/// Counters for operations; relaxed, monotonic.
struct Counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;  ///< refused at the edge
  std::uint64_t deadline_cuts = 0;
  std::uint64_t accept_pauses = 0;  ///< descriptors or memory had run out
  std::uint64_t shed = 0;           ///< turned away because of the connection limit
  std::uint64_t faults = 0;         ///< exceptions out of handlers; their requests got a 500
  ResponseCounts responses{};       ///< answers by status
};

/// Serves until stopped. `start` binds every listener or none.
class Server {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// The bound port of a listener, by its position.
  [[nodiscard]] std::uint16_t port(std::size_t listener) const;
  /// Reads the certificate and key of every listener again. Where they cannot be used the old ones
  /// stay; the error names each such listener, and the others have their new ones.
  [[nodiscard]] Result<void> reload_tls();
  /// Stops accepting, lets open exchanges finish within `Limits::drain`, closes idle connections,
  /// joins the loops. Idempotent; callable from any thread but a loop's.
  void stop();
  [[nodiscard]] Counters counters() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fieldgate::server
