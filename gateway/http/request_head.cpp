#include "gateway/http/request_head.h"

#include "gateway/http/target.h"
#include "gateway/http/text.h"

#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace fieldgate::http {

namespace {

namespace beast = boost::beast;

/// A method longer than this is not one that anybody registered.
constexpr std::size_t kMaxMethodBytes = 24;
constexpr std::string_view kServedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

constexpr Refusal malformed(std::string_view detail) {
  return {400, "malformed-request", detail, {}};
}
constexpr Refusal kUriTooLong = {
    414, "uri-too-long", "the request line is longer than allowed", {}};
constexpr Refusal kHeadTooLarge = {
    431, "header-too-large", "the header is larger or has more fields than allowed", {}};

/// Fields that may occur once: two readers must not be able to pick different values.
constexpr std::array kSingletons = {
    beast::http::field::host,
    beast::http::field::content_length,
    beast::http::field::transfer_encoding,
    beast::http::field::content_type,
    beast::http::field::content_encoding,
    beast::http::field::content_location,
    beast::http::field::authorization,
    beast::http::field::proxy_authorization,
    beast::http::field::expect,
    beast::http::field::cookie,
    beast::http::field::origin,
    beast::http::field::referer,
    beast::http::field::user_agent,
    beast::http::field::from,
    beast::http::field::date,
    beast::http::field::max_forwards,
    beast::http::field::range,
    beast::http::field::if_range,
    beast::http::field::if_modified_since,
    beast::http::field::if_unmodified_since,
};
/// The same for fields that some or all versions of Beast have no name for.
constexpr std::array<std::string_view, 8> kOtherSingletons = {
    "idempotency-key", "dpop",           "x-api-key",      "sec-fetch-site",
    "sec-fetch-mode",  "sec-fetch-dest", "sec-fetch-user", "sec-gpc",
};
static_assert(kSingletons.size() + kOtherSingletons.size() <= 32);

/// The bit of a field in the set of singletons seen, or 0.
std::uint32_t singleton_bit(beast::http::field field, std::string_view name) {
  for (std::size_t i = 0; i < kSingletons.size(); ++i) {
    if (kSingletons[i] == field) {
      return std::uint32_t{1} << i;
    }
  }
  for (std::size_t i = 0; i < kOtherSingletons.size(); ++i) {
    if (equals_lower_case(name, kOtherSingletons[i])) {
      return std::uint32_t{1} << (kSingletons.size() + i);
    }
  }
  return 0;
}

Method method_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::kGet;
    case beast::http::verb::head:
      return Method::kHead;
    case beast::http::verb::post:
      return Method::kPost;
    case beast::http::verb::put:
      return Method::kPut;
    case beast::http::verb::patch:
      return Method::kPatch;
    case beast::http::verb::delete_:
      return Method::kDelete;
    case beast::http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

/// Beast's tokeniser, keeping views instead of copies.
class HeadTokeniser final : public beast::http::basic_parser<true> {
 public:
  HeadTokeniser(Request& request, RequestHead& head) : request_(request), head_(head) {}

  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  [[nodiscard]] std::string_view host() const { return host_; }
  [[nodiscard]] bool has_host() const { return has_host_; }
  [[nodiscard]] beast::http::verb verb() const { return verb_; }

 private:
  using Code = beast::error_code;

  void refuse(const Refusal& refusal, Code& ec) {
    refusal_ = refusal;
    ec = beast::http::error::bad_field;
  }

  void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target,
                       int version, Code&) override {
    verb_ = verb;
    request_.method = method_of(verb);
    request_.target = target;
    head_.version = static_cast<unsigned>(version);
  }

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     Code& ec) override {
    if (const std::uint32_t bit = singleton_bit(field, name); bit != 0) {
      if ((seen_ & bit) != 0) {
        return refuse(malformed("a header field that may occur once is repeated"), ec);
      }
      seen_ |= bit;
      on_singleton(field, value, ec);
    }
    request_.headers.emplace_back(name, value);
  }

  void on_singleton(beast::http::field field, std::string_view value, Code& ec) {
    switch (field) {
      case beast::http::field::host:
        has_host_ = true;
        host_ = value;
        return;
      case beast::http::field::content_length: {
        std::uint64_t length = 0;
        const char* const end = value.data() + value.size();
        const auto [stop, fault] = std::from_chars(value.data(), end, length);
        if (fault != std::errc() || stop != end) {
          return refuse(malformed("the content length is not a number of octets"), ec);
        }
        head_.content_length = length;
        return;
      }
      case beast::http::field::transfer_encoding:
        if (!equals_lower_case(value, "chunked")) {
          return refuse(malformed("the only transfer coding taken is chunked"), ec);
        }
        head_.chunked = true;
        return;
      case beast::http::field::expect:
        if (!equals_lower_case(value, "100-continue")) {
          return refuse({417, "expectation-failed", "the only expectation met is 100-continue", {}},
                        ec);
        }
        head_.expects_continue = true;
        return;
      default:
        return;
    }
  }

  void on_response_impl(int, beast::string_view, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(beast::string_view, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  Request& request_;
  RequestHead& head_;
  Refusal refusal_;
  std::string_view host_;
  beast::http::verb verb_ = beast::http::verb::unknown;
  std::uint32_t seen_ = 0;
  bool has_host_ = false;
};

/// Tells an unserved version of HTTP (505) from a broken request line (400).
Refusal check_version(std::string_view line) {
  constexpr std::string_view kName = " HTTP/";
  const std::size_t at = line.rfind(' ');
  const std::string_view version = at == std::string_view::npos ? line : line.substr(at);
  if (version.size() != kName.size() + 3 || !version.starts_with(kName) || !is_digit(version[6]) ||
      version[7] != '.' || !is_digit(version[8])) {
    return malformed("the request line has no HTTP version");
  }
  if (version[6] != '1' || version[8] > '1') {
    return {505, "version-not-supported", "this service speaks HTTP/1.1", {}};
  }
  return {};
}

Refusal check_method(std::string_view line, beast::http::verb verb) {
  if (verb == beast::http::verb::connect || verb == beast::http::verb::trace) {
    return {405, "method-not-allowed", "this method is never served", kServedMethods};
  }
  if (method_of(verb) == Method::kOther) {
    return line.find(' ') > kMaxMethodBytes
               ? malformed("the method is not one")
               : Refusal{501, "method-not-implemented", "the method is not known", {}};
  }
  return {};
}

/// Splits the target into path and query. Absolute-form must name the host that the Host field
/// names; authority-form belongs to CONNECT, which is not served.
Refusal split_target(std::string_view host, Request& request) {
  std::string_view target = request.target;
  if (!target.starts_with('/')) {
    if (target == "*" && request.method == Method::kOptions) {
      return {405, "method-not-allowed", "options are told for a path", kServedMethods};
    }
    const std::size_t scheme = target.find("://");
    const std::string_view name = target.substr(0, std::min(scheme, target.size()));
    if (scheme == std::string_view::npos ||
        !(equals_lower_case(name, "http") || equals_lower_case(name, "https"))) {
      return malformed("the request target is not a path");
    }
    target.remove_prefix(scheme + 3);
    const std::size_t path = std::min(target.find_first_of("/?"), target.size());
    const std::string_view authority = target.substr(0, path);
    const bool same = authority.size() == host.size() &&
                      std::equal(authority.begin(), authority.end(), host.begin(),
                                 [](char a, char b) { return to_lower(a) == to_lower(b); });
    if (!same) {
      return {421, "misdirected-request", "the target names another host", {}};
    }
    target.remove_prefix(path);
    if (!target.starts_with('/')) {
      return malformed("the request target has no path");
    }
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  switch (check_target(request.path, request.query)) {
    case TargetFault::kNone:
      return {};
    case TargetFault::kMalformed:
      return malformed("the request target holds an octet that must be percent-encoded");
    case TargetFault::kKeyInUrl:
      return {400, "key-in-url", "a credential belongs in the authorization header", {}};
    case TargetFault::kRepeatedParameter:
      return malformed("a query parameter is repeated");
    case TargetFault::kTooManyParameters:
      return malformed("the query has too many parameters");
  }
  return malformed("the request target is not a path");
}

Refusal check_framing(const HeadTokeniser& tokens, const RequestHead& head) {
  if (head.chunked && head.content_length) {
    return malformed("content length and transfer coding exclude each other");
  }
  if (head.chunked && head.version < 11) {
    return malformed("HTTP/1.0 has no transfer codings");
  }
  if (tokens.has_host() ? !is_valid_host(tokens.host()) : head.version >= 11) {
    return malformed("exactly one valid host field is needed");
  }
  return {};
}

/// Lines that begin with white space: before the first field, or obs-fold (RFC 9112 2.2, 5.2).
bool has_folded_line(std::string_view bytes) {
  for (std::size_t at = bytes.find('\n'); at + 1 < bytes.size(); at = bytes.find('\n', at + 1)) {
    if (bytes[at + 1] == ' ' || bytes[at + 1] == '\t') {
      return true;
    }
  }
  return false;
}

}  // namespace

HeadScanner::Status HeadScanner::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  return Status::kRefused;
}

HeadScanner::Status HeadScanner::scan(std::string_view input, const HeadLimits& limits) {
  while (seen_ < input.size()) {
    const void* const found = std::memchr(input.data() + seen_, '\n', input.size() - seen_);
    if (found == nullptr) {
      break;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
    if (at == line_ || input[at - 1] != '\r') {
      return refuse(malformed("a line ends without a carriage return"));
    }
    const bool empty = at == line_ + 1;
    line_ = at + 1;
    seen_ = line_;
    if (line_ - begin_ > limits.bytes) {
      return refuse(lines_ == 0 ? kUriTooLong : kHeadTooLarge);
    }
    if (!empty) {
      if (++lines_ > limits.fields + 1) {
        return refuse(kHeadTooLarge);
      }
      continue;
    }
    if (lines_ > 0) {
      return Status::kComplete;
    }
    if (begin_ != 0) {
      return refuse(malformed("the request line is empty"));
    }
    begin_ = line_;  // RFC 9112 2.2: one empty line before the request line is passed over
  }
  return check_unfinished(input, limits);
}

HeadScanner::Status HeadScanner::check_unfinished(std::string_view input,
                                                  const HeadLimits& limits) {
  if (lines_ > 0 && line_ < input.size() && (input[line_] == ' ' || input[line_] == '\t')) {
    return refuse(malformed("a header line begins with white space"));
  }
  for (std::size_t i = std::max(seen_, line_); i < input.size(); ++i) {
    if (input[i] == '\r' && i + 1 != input.size()) {
      return refuse(malformed("a carriage return stands alone"));
    }
    const bool line_end = input[i] == '\r';
    if (lines_ == 0 && !line_end && (input[i] < 0x20 || input[i] > 0x7E)) {
      return refuse(malformed("the request line holds an octet that is not allowed"));
    }
  }
  if (input.size() - begin_ >= limits.bytes) {
    return refuse(lines_ == 0 ? kUriTooLong : kHeadTooLarge);
  }
  seen_ = input.ends_with('\r') ? input.size() - 1 : input.size();
  seen_ = std::max(seen_, line_);
  return Status::kNeedMore;
}

Refusal parse_head(std::string_view bytes, const HeadLimits& limits, Request& request,
                   RequestHead& head) {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  if (Refusal refusal = check_version(line)) {
    return refusal;
  }
  if (has_folded_line(bytes)) {
    return malformed("a header line begins with white space");
  }
  HeadTokeniser tokens(request, head);
  tokens.header_limit(static_cast<std::uint32_t>(limits.bytes + 1));
  tokens.body_limit(boost::none);
  beast::error_code ec;
  const std::size_t used = tokens.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (tokens.refusal()) {
    return tokens.refusal();
  }
  if (ec || !tokens.is_header_done() || used != bytes.size()) {
    return malformed("the header does not follow the grammar of HTTP/1.1");
  }
  head.keep_alive = tokens.keep_alive();
  if (Refusal refusal = check_framing(tokens, head)) {
    return refusal;
  }
  if (head.version < 11) {
    head.expects_continue = false;  // RFC 9110 10.1.1
  }
  if (Refusal refusal = check_method(line, tokens.verb())) {
    return refusal;
  }
  return split_target(tokens.host(), request);
}

}  // namespace fieldgate::http
