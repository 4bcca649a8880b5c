// The TLS side of a listener: protocol policy, certificate, reload.
#pragma once

#include "gateway/server/server.h"
#include "gateway/server/transport.h"

#include <fieldgate/base/result.h>

#include <openssl/ssl.h>

#include <memory>
#include <mutex>

namespace fieldgate::server {

/// TLS 1.2 and 1.3 with forward-secret AEAD suites, ALPN "http/1.1", no tickets or session cache,
/// no renegotiation, no compression. Thread-safe.
class TlsContext {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> load(const TlsFiles& files);
  /// Reads the files again; new connections use them. On an error nothing changes.
  [[nodiscard]] Result<void> reload();
  /// A session for one accepted connection; null when memory is short.
  [[nodiscard]] SslHandle new_session() const;

 private:
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}

  TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;
};

}  // namespace fieldgate::server
