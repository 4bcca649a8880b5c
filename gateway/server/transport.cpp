#include "gateway/server/transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <utility>

namespace fieldgate::server {

namespace {

/// The type number of our BIO: the first one that OpenSSL leaves to applications.
constexpr int kSocketBioType = 128 | BIO_TYPE_SOURCE_SINK;

int descriptor_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block()) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t received = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
  if (received < 0 && would_block()) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(received);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(kSocketBioType, "fieldgate socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

IoOutcome socket_outcome(ssize_t result, IoStatus wait) {
  if (result > 0) {
    return {IoStatus::kDone, static_cast<std::size_t>(result)};
  }
  if (result == 0) {
    return {IoStatus::kClosed};
  }
  return {would_block() ? wait : IoStatus::kFailed};
}

}  // namespace

Transport::Transport(int descriptor, SslHandle ssl)
    : descriptor_(descriptor), ssl_(std::move(ssl)) {
  if (ssl_ != nullptr) {
    BIO* const bio = BIO_new(socket_bio_method());
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the way to hand a number through a BIO
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
  }
}

Transport::~Transport() {
  close();
}

void Transport::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

IoOutcome Transport::ssl_outcome(int result) {
  if (result > 0) {
    return {IoStatus::kDone, static_cast<std::size_t>(result)};
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::kWantRead};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kWantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kClosed};
    default:
      ERR_clear_error();
      return {IoStatus::kFailed};
  }
}

IoOutcome Transport::handshake() {
  ERR_clear_error();
  return ssl_outcome(SSL_do_handshake(ssl_.get()));
}

IoOutcome Transport::read(char* into, std::size_t size) {
  if (ssl_ == nullptr) {
    return socket_outcome(::recv(descriptor_, into, size, 0), IoStatus::kWantRead);
  }
  ERR_clear_error();
  return ssl_outcome(
      SSL_read(ssl_.get(), into, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
}

IoOutcome Transport::write_tls(std::string_view data) {
  ERR_clear_error();
  return ssl_outcome(SSL_write(ssl_.get(), data.data(),
                               static_cast<int>(std::min<std::size_t>(data.size(), INT_MAX))));
}

IoOutcome Transport::write(std::string_view first, std::string_view second) {
  if (ssl_ != nullptr) {
    return write_tls(first.empty() ? second : first);
  }
  if (second.empty()) {
    return socket_outcome(::send(descriptor_, first.data(), first.size(), MSG_NOSIGNAL),
                          IoStatus::kWantWrite);
  }
  std::array<iovec, 2> parts = {
      iovec{const_cast<char*>(first.data()), first.size()},
      iovec{const_cast<char*>(second.data()), second.size()},
  };
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return socket_outcome(::sendmsg(descriptor_, &message, MSG_NOSIGNAL), IoStatus::kWantWrite);
}

void Transport::end_writing() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(descriptor_, SHUT_WR);
}

}  // namespace fieldgate::server
