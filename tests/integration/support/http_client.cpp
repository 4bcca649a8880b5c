#include "tests/integration/support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace fieldgate::test {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Fills status and headers from a head without its last empty line.
bool parse_head(std::string_view head, HttpAnswer& answer) {
  const std::size_t end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, end);
  if (line.size() < 12 || line.substr(0, 9) != "HTTP/1.1 ") {
    return false;
  }
  std::from_chars(line.data() + 9, line.data() + 12, answer.status);
  head.remove_prefix(std::min(end + 2, head.size()));
  while (!head.empty()) {
    const std::size_t stop = std::min(head.find("\r\n"), head.size());
    const std::string_view field = head.substr(0, stop);
    const std::size_t colon = field.find(": ");
    if (colon == std::string_view::npos) {
      return false;
    }
    answer.headers[lower(std::string(field.substr(0, colon)))] = field.substr(colon + 2);
    head.remove_prefix(std::min(stop + 2, head.size()));
  }
  return true;
}

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

HttpClient::~HttpClient() {
  close();
}

void HttpClient::close() {
  if (socket_ >= 0) {
    ::close(socket_);
    socket_ = -1;
  }
  buffer_.clear();
}

bool HttpClient::open() {
  if (socket_ >= 0) {
    return true;
  }
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    return false;
  }
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    return false;
  }
  return true;
}

bool HttpClient::send(std::string_view bytes) {
  if (!open()) {
    return false;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::fill() {
  std::array<char, 16384> piece{};
  const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) {
    return false;
  }
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpAnswer> HttpClient::read_answer(bool to_head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      close();
      return std::nullopt;
    }
  }
  HttpAnswer answer;
  std::size_t length = 0;
  const bool good = parse_head(std::string_view(buffer_).substr(0, end), answer);
  const std::string announced = answer.header("content-length");
  std::from_chars(announced.data(), announced.data() + announced.size(), length);
  if (!good || (announced.empty() && answer.status != 204)) {
    close();
    return std::nullopt;
  }
  length = to_head ? 0 : length;
  while (buffer_.size() < end + 4 + length) {
    if (!fill()) {
      close();
      return std::nullopt;
    }
  }
  answer.body = buffer_.substr(end + 4, length);
  buffer_.erase(0, end + 4 + length);
  if (lower(answer.header("connection")) == "close") {
    close();
  }
  return answer;
}

std::optional<int> HttpClient::read_interim() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      close();
      return std::nullopt;
    }
  }
  HttpAnswer answer;
  const bool good = parse_head(std::string_view(buffer_).substr(0, end), answer);
  buffer_.erase(0, end + 4);
  return good ? std::optional(answer.status) : std::nullopt;
}

std::optional<HttpAnswer> HttpClient::request(const std::string& method, const std::string& target,
                                              const std::vector<std::string>& headers,
                                              std::string_view body) {
  std::string bytes = method + ' ' + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const std::string& header : headers) {
    bytes += header + "\r\n";
  }
  if (!body.empty() || method != "GET") {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  bytes += "\r\n";
  bytes += body;
  // A server that refuses early may answer and close while the body is still on its way.
  if (!send(bytes) && socket_ < 0) {
    return std::nullopt;
  }
  return read_answer(method == "HEAD");
}

bool HttpClient::ended() {
  if (socket_ < 0) {
    return true;
  }
  char byte = 0;
  return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
}

}  // namespace fieldgate::test
