// The head of a request: found in the input, tokenised by Beast, then checked strictly (RFC 9112).
#pragma once

#include "gateway/http/exchange.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fieldgate::http {

/// Why the edge does not take a request; the literals go into the problem document.
struct Refusal {
  unsigned status = 0;  ///< 0: no refusal
  std::string_view type;
  std::string_view detail;
  std::string_view allow;  ///< for 405

  explicit operator bool() const { return status != 0; }
};

struct HeadLimits {
  std::size_t bytes = 8UL * 1024;  ///< from the method to the empty line, included
  std::size_t fields = 100;
};

/// Finds the end of a head in input that arrives in pieces, and refuses early what can no longer
/// become a valid one, so that a client which breaks the line rules is not left to time out.
class HeadScanner {
 public:
  enum class Status { kNeedMore, kComplete, kRefused };

  /// `input` begins where the last `reset` said and holds all that arrived since.
  Status scan(std::string_view input, const HeadLimits& limits);
  /// After kComplete: empty octets before the request line, and where the head ends.
  [[nodiscard]] std::size_t begin() const { return begin_; }
  [[nodiscard]] std::size_t end() const { return line_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  void reset() { *this = HeadScanner(); }

 private:
  Status refuse(const Refusal& refusal);
  Status check_unfinished(std::string_view input, const HeadLimits& limits);

  std::size_t begin_ = 0;
  std::size_t line_ = 0;  ///< where the current line begins
  std::size_t seen_ = 0;
  std::size_t lines_ = 0;
  Refusal refusal_;
};

/// What the framing and the connection need to know of a head.
struct RequestHead {
  unsigned version = 11;
  bool keep_alive = false;
  bool chunked = false;
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;
};

/// Parses one complete head, fills method, target, path, query and headers of `request` with views
/// into `bytes`, and refuses everything that two readers might take differently.
[[nodiscard]] Refusal parse_head(std::string_view bytes, const HeadLimits& limits, Request& request,
                                 RequestHead& head);

}  // namespace fieldgate::http
