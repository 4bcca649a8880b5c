// Octets in and out of one connection, without blocking: plain or through TLS.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fieldgate::server {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;

enum class IoStatus {
  kDone,       ///< `bytes` octets were moved (at least one)
  kWantRead,   ///< wait until the socket is readable
  kWantWrite,  ///< wait until the socket is writable
  kClosed,     ///< the peer has ended its side in an orderly way
  kFailed,
};

struct IoOutcome {
  IoStatus status = IoStatus::kFailed;
  std::size_t bytes = 0;
};

/// Owns a non-blocking socket. OpenSSL reaches the socket through a
/// BIO of ours, because its own raises SIGPIPE when the peer is gone.
class Transport {
 public:
  Transport(int descriptor, SslHandle ssl);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] bool is_tls() const { return ssl_ != nullptr; }
  /// kDone once the TLS handshake is complete.
  IoOutcome handshake();
  IoOutcome read(char* into, std::size_t size);
  /// Writes `first`, then `second`, as far as the peer takes them now.
  IoOutcome write(std::string_view first, std::string_view second);
  /// Tells the peer that no more will come (close_notify and FIN).
  void end_writing();
  /// Closes the socket, which must not be used after. Once, or the destructor does it.
  void close();

 private:
  IoOutcome ssl_outcome(int result);
  IoOutcome write_tls(std::string_view data);

  int descriptor_;
  SslHandle ssl_;
};

}  // namespace fieldgate::server
