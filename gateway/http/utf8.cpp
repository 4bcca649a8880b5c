#include "gateway/http/utf8.h"

namespace fieldgate::http {

Utf8Sequence next_utf8(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  if (lead < 0x80) {
    return {1, true};
  }
  // The second octet alone tells overlong forms, surrogates and too large values apart.
  std::size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    low = lead == 0xE0 ? 0xA0 : low;
    high = lead == 0xED ? 0x9F : high;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    low = lead == 0xF0 ? 0x90 : low;
    high = lead == 0xF4 ? 0x8F : high;
  } else {
    return {1, false};
  }
  if (text.size() < 2 || octet(1) < low || octet(1) > high) {
    return {1, false};
  }
  for (std::size_t i = 2; i < size; ++i) {
    if (i >= text.size() || (octet(i) & 0xC0) != 0x80) {
      return {i, false};
    }
  }
  return {size, true};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Sequence sequence = next_utf8(text);
    if (!sequence.valid) {
      return false;
    }
    text.remove_prefix(sequence.size);
  }
  return true;
}

}  // namespace fieldgate::http
