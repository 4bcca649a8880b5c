#include "gateway/http/response_head.h"

#include "gateway/http/text.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace fieldgate::http {

namespace {

constexpr std::string_view kNoSniffAndReferrer =
    "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Request-ID: ";
constexpr std::string_view kNoStore = "\r\nCache-Control: no-store";
constexpr std::string_view kNoSources =
    "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'";
constexpr std::string_view kTwoYearsOfTls =
    "\r\nStrict-Transport-Security: max-age=63072000; includeSubDomains";

/// Fields that only the edge writes.
constexpr std::array<std::string_view, 11> kOwnFields = {
    "connection",        "content-length", "content-type",          "date",
    "keep-alive",        "server",         "x-request-id",          "upgrade",
    "transfer-encoding", "trailer",        "x-content-type-options"};

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

bool is_safe_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    return false;
  }
  for (const char c : value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
      return false;
    }
  }
  return true;
}

bool is_own_field(std::string_view name) {
  for (const std::string_view own : kOwnFields) {
    if (equals_lower_case(name, own)) {
      return true;
    }
  }
  return false;
}

/// What the handler has set itself.
struct Overrides {
  bool cache_control = false;
  bool content_security_policy = false;
};

bool append_fields(std::string& out, const Response& response, Overrides& overrides) {
  for (const auto& [name, value] : response.headers) {
    if (!is_safe_field(name, value)) {
      return false;
    }
    if (is_own_field(name) || equals_lower_case(name, "referrer-policy")) {
      continue;
    }
    overrides.cache_control |= equals_lower_case(name, "cache-control");
    overrides.content_security_policy |= equals_lower_case(name, "content-security-policy");
    out.append("\r\n");
    out.append(name);
    out.append(": ");
    out.append(value);
  }
  return true;
}

}  // namespace

std::string_view DateText::at(std::time_t second) {
  if (second != second_) {
    // strftime would follow the locale.
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&second, &utc);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                   kMonths[static_cast<std::size_t>(utc.tm_mon)],
                                   utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    text_.assign(text.data(), static_cast<std::size_t>(size));
    second_ = second;
  }
  return text_;
}

bool append_response_head(std::string& out, const Response& response, const ResponseFrame& frame) {
  const std::size_t start = out.size();
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.push_back(' ');
  out.append(reason_of(response.status));
  out.append("\r\nServer: fieldgate\r\nDate: ");
  out.append(frame.date);
  if (has_content(response.status)) {
    if (!response.content_type.empty()) {
      out.append("\r\nContent-Type: ");
      out.append(response.content_type);
    }
    out.append("\r\nContent-Length: ");
    append_number(out, response.body.size());
  }
  out.append(kNoSniffAndReferrer);
  out.append(frame.request_id);
  Overrides overrides;
  if (!is_safe_field("x-request-id", frame.request_id) ||
      !append_fields(out, response, overrides) ||
      !is_safe_field("content-type", response.content_type)) {
    out.resize(start);
    return false;
  }
  if (!overrides.cache_control) {
    out.append(kNoStore);
  }
  if (!overrides.content_security_policy) {
    out.append(kNoSources);
  }
  if (frame.tls) {
    out.append(kTwoYearsOfTls);
  }
  if (frame.close) {
    out.append("\r\nConnection: close");
  } else if (frame.say_keep_alive) {
    out.append("\r\nConnection: keep-alive");
  }
  out.append("\r\n\r\n");
  return true;
}

}  // namespace fieldgate::http
