#include "gateway/server/listener.h"

#include "gateway/http/problem.h"
#include "gateway/http/response_head.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fieldgate::server {

namespace {

using boost::asio::ip::address;

/// Accepted in one go, so that a flood of connections cannot keep the loop from its requests.
constexpr int kAcceptBatch = 64;
constexpr int kBacklog = 1024;
/// How long accepting rests when descriptors or memory have run out.
constexpr std::chrono::milliseconds kPause{100};

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message), "listener");
}

/// IPv4 in IPv6 clothes is the IPv4 address.
address unmapped(const address& given) {
  if (given.is_v6() && given.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
  }
  return given;
}

address peer_address(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &peer, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &peer, sizeof v6);
  boost::asio::ip::address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), v6.sin6_addr.s6_addr, bytes.size());
  return unmapped(boost::asio::ip::address_v6(bytes));
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// An accepted socket on its way to its loop; closed when it never gets there.
class AcceptedSocket {
 public:
  explicit AcceptedSocket(int descriptor) : descriptor_(descriptor) {}
  AcceptedSocket(const AcceptedSocket&) = delete;
  AcceptedSocket& operator=(const AcceptedSocket&) = delete;
  AcceptedSocket(AcceptedSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  AcceptedSocket& operator=(AcceptedSocket&&) = delete;
  ~AcceptedSocket() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_listener(ListenerOptions options) {
  auto listener = std::make_unique<Listener>();
  const std::string where = "listener `" + options.name + "`";
  boost::system::error_code ec;
  const address bound = boost::asio::ip::make_address(options.address, ec);
  if (ec) {
    return invalid(where + ": `" + options.address + "` is not a numeric address");
  }
  if (options.router == nullptr) {
    return invalid(where + " has no routes");
  }
  if (options.tls) {
    FIELDGATE_TRY(listener->tls, TlsContext::load(*options.tls));
  } else if (!options.plain_behind_proxy.empty()) {
    listener->proxy = unmapped(boost::asio::ip::make_address(options.plain_behind_proxy, ec));
    if (ec) {
      return invalid(where + ": the proxy `" + options.plain_behind_proxy +
                     "` is not a numeric address");
    }
  } else if (!unmapped(bound).is_loopback()) {
    return invalid(where + " would serve plain HTTP on `" + options.address +
                   "`; give it a certificate (`tls`), or name the proxy that ends TLS before it "
                   "(`plain_behind_proxy`)");
  }
  listener->options = std::move(options);
  return listener;
}

Acceptor::Acceptor(std::unique_ptr<Listener> listener,
                   std::vector<std::unique_ptr<EventLoop>>& loops)
    : listener_(std::move(listener)),
      loops_(loops),
      socket_(loops.front()->context()),
      pause_(loops.front()->context()) {
  listener_->answered = std::make_unique<ResponseCounters[]>(loops.size());
}

Result<std::unique_ptr<Acceptor>> Acceptor::bind(std::unique_ptr<Listener> listener,
                                                 std::vector<std::unique_ptr<EventLoop>>& loops) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(std::move(listener), loops));
  FIELDGATE_CHECK_OK(acceptor->open());
  return acceptor;
}

Result<void> Acceptor::open() {
  const ListenerOptions& options = listener_->options;
  const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::make_address(options.address),
                                                options.port);
  boost::system::error_code ec;
  socket_.open(endpoint.protocol(), ec);
  if (!ec) {
    socket_.set_option(boost::asio::socket_base::reuse_address(true), ec);
  }
  if (!ec) {
    socket_.bind(endpoint, ec);
  }
  if (!ec) {
    socket_.listen(kBacklog, ec);
  }
  if (!ec) {
    socket_.native_non_blocking(true, ec);
  }
  if (ec) {
    return make_error(ErrorCode::kUnavailable,
                      "listener `" + options.name + "` cannot listen on `" + options.address +
                          "` port " + std::to_string(options.port) + ": " + ec.message(),
                      "listener");
  }
  port_ = socket_.local_endpoint().port();
  return ok();
}

void Acceptor::accept_next() {
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [this](const boost::system::error_code& ec) {
                       if (!ec && socket_.is_open()) {
                         accept_ready();
                       }
                     });
}

void Acceptor::accept_ready() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int descriptor = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                     &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      take(descriptor, peer_address(peer));
    } else if (out_of_resources(errno)) {
      pause();
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    }
    // Anything else concerns that one connection (it was reset meanwhile, say).
  }
  accept_next();
}

void Acceptor::pause() {
  LoopCounters::count(loops_.front()->counters().accept_pauses);
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec && socket_.is_open()) {
      accept_next();
    }
  });
}

void Acceptor::take(int descriptor, const address& peer) {
  AcceptedSocket accepted(descriptor);
  if (listener_->proxy && peer != *listener_->proxy) {
    LoopCounters::count(loops_.front()->counters().malformed);
    return;
  }
  Shared& shared = loops_.front()->shared();
  if (shared.open_connections.fetch_add(1, std::memory_order_relaxed) >= shared.connection_cap) {
    shared.open_connections.fetch_sub(1, std::memory_order_relaxed);
    shed(descriptor);
    return;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  EventLoop& loop = *loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  std::string text = peer.to_string();
  if (&loop == loops_.front().get()) {
    loop.adopt(accepted.release(), *listener_, std::move(text));
    return;
  }
  boost::asio::post(loop.context(), [&loop, this, socket = std::move(accepted),
                                     peer_text = std::move(text)]() mutable {
    loop.adopt(socket.release(), *listener_, std::move(peer_text));
  });
}

void Acceptor::shed(int descriptor) {
  LoopCounters::count(loops_.front()->counters().shed);
  if (listener_->tls != nullptr) {
    return;  // a handshake would cost what we are short of
  }
  EventLoop& loop = *loops_.front();
  std::array<char, 32> id{};
  loop.next_request_id(id);
  const std::string_view request_id(id.data(), id.size());
  http::Response response = http::problem_response(
      {503, "unavailable", "too many connections; try again later", {}, {}}, request_id);
  response.headers.emplace_back("Retry-After", "1");
  std::string out;
  if (http::append_response_head(out, response, {request_id, loop.date(), false, true, false})) {
    out.append(response.body);
    listener_->answered[loop.index()].count(response.status);
    static_cast<void>(::send(descriptor, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    ::shutdown(descriptor, SHUT_WR);
  }
}

void Acceptor::close() {
  boost::system::error_code ec;
  socket_.close(ec);
  pause_.cancel();
}

}  // namespace fieldgate::server
