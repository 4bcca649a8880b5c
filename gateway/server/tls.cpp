#include "gateway/server/tls.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace fieldgate::server {

namespace {

constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kHttp11 = "http/1.1";

/// A client that offers protocols must offer ours; one that offers none is taken to mean it.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const unsigned size = offered[at];
    if (at + 1 + size > offered_size) {
      break;
    }
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), size);
    if (name == kHttp11) {
      *out = offered + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Error tls_error(std::string message) {
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    if (const char* const reason = ERR_reason_error_string(code); reason != nullptr) {
      message.append(": ").append(reason);
    }
  }
  ERR_clear_error();
  return make_error(ErrorCode::kInvalid, std::move(message), "tls-files");
}

Result<void> check_key_mode(const std::filesystem::path& key) {
  struct stat status{};
  if (::stat(key.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::kInvalid, "cannot read the private key `" + key.string() + "`",
                      "tls-files");
  }
  if ((status.st_mode & 0077) != 0) {
    return make_error(ErrorCode::kInvalid,
                      "the private key `" + key.string() + "` must have mode 0600 or stricter",
                      "tls-files");
  }
  return ok();
}

Result<std::shared_ptr<SSL_CTX>> make_context(const TlsFiles& files) {
  FIELDGATE_CHECK_OK(check_key_mode(files.private_key));
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* const raw = context.get();
  std::string groups = kGroups;  // OpenSSL's macro casts const away
  if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, kTls12Ciphers) != 1 ||
      SSL_CTX_set1_groups_list(raw, groups.data()) != 1) {
    return tls_error("cannot set up TLS");
  }
  // Tickets would need keys that are rotated and shared; resumption saves little behind
  // keep-alive, so that there is none.
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  // A key with a passphrase would make OpenSSL ask on the terminal.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate_chain.c_str()) != 1) {
    return tls_error("cannot use the certificate chain `" + files.certificate_chain.string() + "`");
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error("cannot use the private key `" + files.private_key.string() + "`");
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    return tls_error("the private key does not belong to the certificate");
  }
  return context;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::load(const TlsFiles& files) {
  std::unique_ptr<TlsContext> made(new TlsContext(files));
  FIELDGATE_CHECK_OK(made->reload());
  return made;
}

Result<void> TlsContext::reload() {
  FIELDGATE_TRY(std::shared_ptr<SSL_CTX> fresh, make_context(files_));
  const std::scoped_lock lock(mutex_);
  context_ = std::move(fresh);
  return ok();
}

SslHandle TlsContext::new_session() const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::scoped_lock lock(mutex_);
    context = context_;
  }
  return SslHandle(SSL_new(context.get()));
}

}  // namespace fieldgate::server
