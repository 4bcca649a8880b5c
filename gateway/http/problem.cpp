#include "gateway/http/problem.h"

#include "gateway/http/text.h"
#include "gateway/http/utf8.h"

#include <array>

namespace fieldgate::http {

namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

/// Octets that stand for themselves in a JSON string: ASCII but for controls, quote, backslash.
constexpr OctetSet kPlainOctets = [] {
  OctetSet set{};
  for (std::size_t c = 0x20; c < 0x80; ++c) {
    set[c] = c != '"' && c != '\\';
  }
  return set;
}();

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      out.append("\\u00");
      out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kHex[static_cast<unsigned char>(c) & 0xF]);
  }
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"");
  out.append(name);
  out.append("\":");
  append_json_string(out, value);
}

void append_title(std::string& out, std::string_view type) {
  std::string title(type.empty() ? std::string_view("error") : type);
  for (char& c : title) {
    c = c == '-' ? ' ' : c;
  }
  if (title.front() >= 'a' && title.front() <= 'z') {
    title.front() = static_cast<char>(title.front() - 'a' + 'A');
  }
  append_member(out, "title", title);
}

struct StatusAndType {
  unsigned status;
  std::string_view type;
};

StatusAndType status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return {400, "invalid-request"};
    case ErrorCode::kUnauthenticated:
      return {401, "unauthenticated"};
    case ErrorCode::kForbidden:
      return {403, "forbidden"};
    case ErrorCode::kNotFound:
      return {404, "not-found"};
    case ErrorCode::kConflict:
      return {409, "conflict"};
    case ErrorCode::kTooLarge:
      return {413, "too-large"};
    case ErrorCode::kTimedOut:
      return {408, "request-timeout"};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCorrupt:
      return {503, "unavailable"};
    case ErrorCode::kInternal:
      break;
  }
  return {500, "internal-error"};
}

}  // namespace

Response problem_response(const Problem& problem, std::string_view request_id) {
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  std::string& out = response.body;
  out.reserve(256);
  out.append("{\"type\":");
  std::string type = "urn:fieldgate:problem:";
  type.append(problem.type);
  append_json_string(out, type);
  append_title(out, problem.type);
  out.append(",\"status\":");
  out.append(std::to_string(problem.status));
  if (!problem.detail.empty()) {
    append_member(out, "detail", problem.detail);
  }
  if (!request_id.empty()) {
    std::string instance(kInstancePrefix);
    instance.append(request_id);
    append_member(out, "instance", instance);
  }
  if (!problem.code.empty()) {
    append_member(out, "code", problem.code);
  }
  if (!problem.because.empty()) {
    append_member(out, "because", problem.because);
  }
  out.push_back('}');
  if (problem.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return response;
}

Response error_response(const Error& error, std::string_view request_id) {
  const StatusAndType answer = status_of(error.code);
  Problem problem;
  problem.status = answer.status;
  problem.type = answer.type;
  if (error.code == ErrorCode::kCorrupt) {
    // What is damaged is for the operator's log; a caller can only try later.
    problem.detail = "stored data cannot be used";
  } else if (error.code == ErrorCode::kInternal) {
    problem.detail = "the gateway could not answer";
  } else {
    problem.detail = error.message;
  }
  return problem_response(problem, request_id);
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (contains(kPlainOctets, text[at])) {
      ++at;
      continue;
    }
    if (static_cast<unsigned char>(text[at]) >= 0x80) {
      const Utf8Sequence sequence = next_utf8(text.substr(at));
      if (!sequence.valid) {
        out.append(text.substr(start, at - start));
        out.append(kReplacementCharacter);
        start = at + sequence.size;
      }
      at += sequence.size;
      continue;
    }
    out.append(text.substr(start, at - start));
    append_escape(out, text[at]);
    start = ++at;
  }
  out.append(text.substr(start));
  out.push_back('"');
}

}  // namespace fieldgate::http
