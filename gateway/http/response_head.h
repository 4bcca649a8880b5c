// Writes the head of an answer: framing, identity, security headers.
#pragma once

#include "gateway/http/exchange.h"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace fieldgate::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7) of the current second, formatted once a second.
class DateText {
 public:
  [[nodiscard]] std::string_view at(std::time_t second);

 private:
  std::time_t second_ = -1;
  std::string text_;
};

struct ResponseFrame {
  std::string_view request_id;
  std::string_view date;
  bool tls = false;
  bool close = false;
  bool say_keep_alive = false;  ///< HTTP/1.0 clients need to be told
};

/// Whether an answer with this status has content at all (RFC 9110 6.4.1).
[[nodiscard]] constexpr bool has_content(unsigned status) {
  return status >= 200 && status != 204 && status != 304;
}

/// Appends status line and fields, the empty line included. Fields that the edge owns are left out
/// of `response.headers`. False, and nothing appended, when a field could split the answer.
[[nodiscard]] bool append_response_head(std::string& out, const Response& response,
                                        const ResponseFrame& frame);

}  // namespace fieldgate::http
