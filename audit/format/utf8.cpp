#include "audit/format/utf8.h"

#include <cstdint>

namespace fieldgate::audit {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t& broken) {
  broken = 1;
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) {
    return 1;
  }
  std::size_t length = 0;
  // The second byte has a narrower range after some leads: no overlong forms, no surrogates,
  // nothing beyond U+10FFFF.
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    low = lead == 0xE0 ? 0xA0 : 0x80;
    high = lead == 0xED ? 0x9F : 0xBF;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    low = lead == 0xF0 ? 0x90 : 0x80;
    high = lead == 0xF4 ? 0x8F : 0xBF;
  } else {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte_at(text, i) < low || byte_at(text, i) > high) {
      broken = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  std::size_t broken = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text, broken);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

bool has_space_or_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t byte = byte_at(text, i);
    if (byte <= 0x20 || byte == 0x7F) {
      return true;
    }
    const std::string_view rest = text.substr(i);
    // U+0080..U+00A0, U+1680, U+2000..U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
    if (byte == 0xC2 && rest.size() > 1 && byte_at(rest, 1) <= 0xA0) {
      return true;
    }
    if (rest.starts_with("\xe1\x9a\x80") || rest.starts_with("\xe2\x81\x9f") ||
        rest.starts_with("\xe3\x80\x80")) {
      return true;
    }
    if (rest.starts_with("\xe2\x80") && rest.size() > 2) {
      const std::uint8_t third = byte_at(rest, 2);
      if (third <= 0x8A || third == 0xA8 || third == 0xA9 || third == 0xAF) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace fieldgate::audit
