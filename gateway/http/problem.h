// RFC 9457 problem documents: the one form of every error answer.
#pragma once

#include "gateway/http/exchange.h"

#include <fieldgate/base/result.h>

#include <string>
#include <string_view>

namespace fieldgate::http {

struct Problem {
  unsigned status = 500;
  std::string_view type;     ///< last segment of the type URI, e.g. "too-large"; a literal
  std::string detail;        ///< for the developer; no personal data, SQL, path, stack
  std::string_view code;     ///< reason code, where it applies
  std::string_view because;  ///< the article, where it applies
};

/// The document as a response with `application/problem+json`. `type` becomes
/// "urn:fieldgate:problem:<type>", `title` the words of that type, and `instance`
/// "urn:fieldgate:request:<request_id>" (left out without an id).
[[nodiscard]] Response problem_response(const Problem& problem, std::string_view request_id);
/// Maps an error's kind to its status and type.
[[nodiscard]] Response error_response(const Error& error, std::string_view request_id);

/// What stands before the request's id in `instance`.
inline constexpr std::string_view kInstancePrefix = "urn:fieldgate:request:";

/// Appends a JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace fieldgate::http
