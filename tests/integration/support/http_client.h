// A small blocking HTTP/1.1 client over plain sockets: keep-alive, and raw bytes where a test needs
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::test {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  /// Empty when there is no such header.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// One connection to 127.0.0.1, opened when it is needed and again after the server closed it. Not
/// thread-safe. Nothing blocks for longer than `kPatience`.
class HttpClient {
 public:
  static constexpr int kPatienceSeconds = 60;

  explicit HttpClient(std::uint16_t port) : port_(port) {}
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// Nothing when the connection broke before the answer was whole.
  std::optional<HttpAnswer> request(const std::string& method, const std::string& target,
                                    const std::vector<std::string>& headers, std::string_view body);
  bool send(std::string_view bytes);
  std::optional<HttpAnswer> read_answer(bool to_head = false);
  /// The status of an interim answer (1xx), which has no body.
  std::optional<int> read_interim();
  /// Waits until the server ends the stream; false when it sends something or stays.
  bool ended();
  void close();

 private:
  bool open();
  bool fill();

  std::uint16_t port_;
  int socket_ = -1;
  std::string buffer_;
};

}  // namespace fieldgate::test
