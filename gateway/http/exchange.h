// One request and its answer, as handlers see them. No Beast here.
#pragma once

#include <fieldgate/base/result.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::auth {
struct Principal;
}

namespace fieldgate::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
[[nodiscard]] std::string_view method_name(Method method);

/// Most path parameters ("{id}") in one route.
inline constexpr std::size_t kMaxPathParameters = 4;

/// Views into the connection's buffers: valid until the exchange is answered.
struct Request {
  Method method = Method::kOther;
  std::string_view target;      ///< as sent
  std::string_view path;        ///< target before "?", not decoded
  std::string_view query;       ///< after "?", not decoded
  std::string_view body;        ///< whole, de-chunked; empty on streaming routes
  std::string_view request_id;  ///< ours; what a client sends is at most echoed (`AnswerId`)
  std::string_view peer;        ///< the peer's address without port
  bool tls = false;
  std::array<std::string, kMaxPathParameters> parameters;  ///< percent-decoded, in order

  /// The value of a header field by its lower-case name, trimmed; empty when absent. The edge has
  /// refused repeated singletons, so there is at most one.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< names as sent
};

/// What goes out. The edge adds framing, X-Request-ID and the security headers.
struct Response {
  unsigned status = 200;
  std::string_view content_type = "application/json";  ///< a literal
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;  ///< names are literals
  bool close = false;  ///< end the connection after this answer
};

/// The loop that a connection lives on. All calls but `post` are for its own thread.
class Loop {
 public:
  virtual ~Loop() = default;
  [[nodiscard]] virtual unsigned index() const = 0;
  /// Runs `work` on this loop soon; thread-safe.
  virtual void post(std::function<void()> work) = 0;
  /// Runs `work` once when nothing else is ready, or some hundred handlers later: the end of this
  /// turn.
  virtual void at_turn_end(std::function<void()> work) = 0;
  /// Open connections of this loop.
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

/// One request being answered. Owned by its connection and kept alive until `answer`, even when
/// the peer goes away meanwhile (the answer is then dropped). Used on its loop only.
class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  /// Who is asking; null only on routes whose auth policy is `no_auth`.
  [[nodiscard]] virtual const std::shared_ptr<const auth::Principal>& principal() const = 0;
  [[nodiscard]] virtual Loop& loop() = 0;
  /// Answers; exactly once, on the loop's thread. The exchange must not be touched afterwards.
  virtual void answer(Response response) = 0;
  /// On streaming routes: gives the next piece of the body, empty at its end, or an error (too
  /// slow, gone, malformed). The view is valid during the call. The next piece is read only when
  /// this is called again: back-pressure reaches the sender.
  virtual void read_body(std::function<void(Result<std::string_view>)> on_piece) = 0;
};

}  // namespace fieldgate::http
