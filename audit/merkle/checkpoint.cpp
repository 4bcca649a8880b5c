#include "audit/merkle/checkpoint.h"

#include <fieldgate/crypto/encoding.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace fieldgate::audit {

namespace {

Error bad_checkpoint(const char* what) {
  return make_error(ErrorCode::kInvalid, std::string("the checkpoint is not valid: ") + what,
                    "checkpoint");
}

/// The next line without its newline; nothing when no newline is left.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string format_checkpoint(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         crypto::base64_encode(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view body) {
  const auto origin = take_line(body);
  if (!origin || origin->empty()) {
    return bad_checkpoint("no origin");
  }
  const auto size_text = take_line(body);
  if (!size_text || size_text->empty() || (size_text->size() > 1 && size_text->front() == '0')) {
    return bad_checkpoint("no size");
  }
  Checkpoint out;
  const char* end = size_text->data() + size_text->size();
  const auto parsed = std::from_chars(size_text->data(), end, out.size);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return bad_checkpoint("the size is not a decimal number of 64 bits");
  }
  const auto root_text = take_line(body);
  const std::optional<Bytes> root = root_text ? crypto::base64_decode(*root_text) : std::nullopt;
  if (!root || root->size() != out.root.size()) {
    return bad_checkpoint("the root is not 32 bytes in base64");
  }
  while (!body.empty()) {
    const auto extension = take_line(body);
    if (!extension || extension->empty()) {
      return bad_checkpoint("an extension line is empty or unfinished");
    }
  }
  std::copy(root->begin(), root->end(), out.root.begin());
  out.origin = std::string(*origin);
  return out;
}

}  // namespace fieldgate::audit
