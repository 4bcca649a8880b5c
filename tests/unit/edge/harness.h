// A server in this process on a free port, and clients that speak in raw octets.
#pragma once

#include "gateway/auth/principal.h"
#include "gateway/server/server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::edge_test {

using namespace std::chrono_literals;

/// How long a condition may take before a test gives up on it.
inline constexpr std::chrono::milliseconds kPatience = 10s;

struct Answer {
  unsigned status = 0;  ///< 0: none came
  std::string head;
  std::string body;

  /// A field by its lower-case name; empty when absent.
  [[nodiscard]] std::string field(std::string_view lower_case_name) const;
  [[nodiscard]] bool has_field(std::string_view lower_case_name) const;
};

class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends everything; false when the peer does not take it.
  bool send(std::string_view bytes);
  /// What the peer's buffers take now without blocking, at most `size` octets of "x".
  std::size_t send_some(std::size_t size);
  /// The next answer; `status` 0 when the connection ends or nothing comes in time.
  Answer read_answer(bool head_only = false, std::chrono::milliseconds patience = kPatience);
  /// Every octet until the peer ends, or until nothing came for `silence`.
  std::string read_all(std::chrono::milliseconds silence = kPatience);
  /// Whether the peer ends the connection in time.
  bool wait_closed(std::chrono::milliseconds patience = kPatience);
  [[nodiscard]] bool saw_end() const { return saw_end_; }
  void end_sending();
  void reset();
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  bool receive(std::chrono::milliseconds patience);

  int descriptor_ = -1;
  std::string pending_;
  bool saw_end_ = false;
};

/// Waits until `condition` holds.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds patience = kPatience);

/// Takes "Bearer good", or Basic with user "good", as app "shop" with role "read".
class FakeAuthenticator final : public http::Authenticator {
 public:
  Result<std::shared_ptr<const auth::Principal>> authenticate(const http::Request& request,
                                                              http::AuthPolicy::Kind kind) override;
  bool has_role(const auth::Principal& principal, std::string_view role) override;
};

/// A route that answers "ok" or echoes, for every test that needs one.
std::shared_ptr<http::Router> make_router();

class TestServer {
 public:
  explicit TestServer(std::shared_ptr<const http::Router> router, server::Limits limits = {},
                      std::function<void(server::ServerOptions&)> adjust = {});
  [[nodiscard]] std::uint16_t port() const { return server_->port(0); }
  [[nodiscard]] server::Server& server() { return *server_; }
  [[nodiscard]] server::Counters counters() const { return server_->counters(); }

 private:
  std::unique_ptr<server::Server> server_;
};

inline std::string get(std::string_view path, std::string_view fields = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view fields = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace fieldgate::edge_test
