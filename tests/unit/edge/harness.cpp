#include "harness.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace fieldgate::edge_test {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<std::string> find_field(const std::string& head, std::string_view name) {
  const std::string folded = lower(head);
  const std::size_t at = folded.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t from = at + name.size() + 3;
  std::string value = head.substr(from, head.find("\r\n", from) - from);
  value.erase(0, value.find_first_not_of(' '));
  return value;
}

}  // namespace

std::string Answer::field(std::string_view name) const {
  return find_field(head, name).value_or("");
}
bool Answer::has_field(std::string_view name) const {
  return find_field(head, name).has_value();
}

Client::Client(std::uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    saw_end_ = true;
  }
}

Client::~Client() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t Client::send_some(std::size_t size) {
  const std::string block(std::min<std::size_t>(size, 65536), 'x');
  std::size_t total = 0;
  while (total < size) {
    const std::size_t next = std::min(block.size(), size - total);
    const ssize_t sent = ::send(descriptor_, block.data(), next, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) {
      break;
    }
    total += static_cast<std::size_t>(sent);
  }
  return total;
}

bool Client::receive(std::chrono::milliseconds patience) {
  pollfd wait{descriptor_, POLLIN, 0};
  if (saw_end_ || ::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) {
    return false;
  }
  char buffer[65536];
  const ssize_t got = ::recv(descriptor_, buffer, sizeof buffer, 0);
  if (got <= 0) {
    saw_end_ = true;
    return false;
  }
  pending_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

Answer Client::read_answer(bool head_only, std::chrono::milliseconds patience) {
  Answer answer;
  std::size_t end = std::string::npos;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(patience)) {
      return answer;
    }
  }
  answer.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  const std::size_t size =
      head_only ? 0 : static_cast<std::size_t>(std::atoll(answer.field("content-length").c_str()));
  while (pending_.size() < size) {
    if (!receive(patience)) {
      return answer;
    }
  }
  answer.body = pending_.substr(0, size);
  pending_.erase(0, size);
  answer.status = static_cast<unsigned>(std::atoi(answer.head.c_str() + 9));
  return answer;
}

std::string Client::read_all(std::chrono::milliseconds silence) {
  while (receive(silence)) {
  }
  return std::exchange(pending_, {});
}

bool Client::wait_closed(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!saw_end_ && std::chrono::steady_clock::now() < until) {
    receive(100ms);
  }
  return saw_end_;
}

void Client::end_sending() {
  ::shutdown(descriptor_, SHUT_WR);
}

void Client::reset() {
  const linger hard{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(descriptor_);
  descriptor_ = -1;
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

Result<std::shared_ptr<const auth::Principal>> FakeAuthenticator::authenticate(
    const http::Request& request, http::AuthPolicy::Kind kind) {
  const std::string_view sent = request.header("authorization");
  const bool basic = kind == http::AuthPolicy::Kind::kBasicAppCredential;
  if (sent == "Bearer broken") {
    throw std::runtime_error("ada@example.org");
  }
  if (sent == "Bearer later") {
    return make_error(ErrorCode::kUnavailable, "credentials cannot be read now");
  }
  if (sent != (basic ? "Basic Z29vZDo=" : "Bearer good")) {
    return make_error(ErrorCode::kUnauthenticated, "the credential is not valid");
  }
  return std::make_shared<const auth::Principal>(auth::Principal{"shop", "abc", "read"});
}

bool FakeAuthenticator::has_role(const auth::Principal& principal, std::string_view role) {
  return principal.role == role;
}

std::shared_ptr<http::Router> make_router() {
  auto router = std::make_shared<http::Router>();
  const auto open = http::AuthPolicy::no_auth("a test");
  router->add(http::Method::kGet, "/", open, [](http::Exchange& exchange) {
    http::Response response;
    response.body = "\"ok\"";
    exchange.answer(std::move(response));
  });
  const auto echo = [](http::Exchange& exchange) {
    http::Response response;
    response.body = std::string(exchange.request().body);
    exchange.answer(std::move(response));
  };
  router->add(http::Method::kPost, "/", open, echo);
  router->add(http::Method::kPost, "/echo", open, echo);
  router->add(http::Method::kGet, "/items/{id}", open, [](http::Exchange& exchange) {
    http::Response response;
    response.body = exchange.request().parameters[0];
    exchange.answer(std::move(response));
  });
  router->add(http::Method::kPost, "/private", http::AuthPolicy::app_credential(), echo);
  router->add(http::Method::kPost, "/writers", http::AuthPolicy::app_credential("write"), echo);
  router->add(http::Method::kGet, "/basic", http::AuthPolicy::basic_app_credential(), echo);
  router->add(http::Method::kGet, "/throws", open,
              [](http::Exchange&) { throw std::runtime_error("ada@example.org"); });
  return router;
}

TestServer::TestServer(std::shared_ptr<const http::Router> router, server::Limits limits,
                       std::function<void(server::ServerOptions&)> adjust) {
  server::ServerOptions options;
  server::ListenerOptions listener;
  listener.name = "test";
  listener.router = std::move(router);
  options.listeners.push_back(std::move(listener));
  options.limits = limits;
  options.authenticator = std::make_shared<FakeAuthenticator>();
  if (adjust) {
    adjust(options);
  }
  auto started = server::Server::start(std::move(options));
  if (started.has_error()) {
    ADD_FAILURE() << started.error().message;
    std::abort();
  }
  server_ = std::move(*started);
}

}  // namespace fieldgate::edge_test
