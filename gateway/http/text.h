// Octet classes and comparisons of the HTTP and URI grammars (RFC 9110 5.6, RFC 3986 2).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fieldgate::http {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether `text` is `lower_case`, a lower-case literal, when ASCII letters are folded.
constexpr bool equals_lower_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower_case[i]) {
      return false;
    }
  }
  return true;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

using OctetSet = std::array<bool, 256>;

constexpr OctetSet make_octet_set(std::string_view punctuation) {
  OctetSet set{};
  for (int c = 0; c < 256; ++c) {
    const char octet = static_cast<char>(c);
    set[static_cast<std::size_t>(c)] = is_digit(octet) || is_alpha(octet);
  }
  for (const char c : punctuation) {
    set[static_cast<unsigned char>(c)] = true;
  }
  return set;
}

/// tchar of RFC 9110 5.6.2.
inline constexpr OctetSet kTokenOctets = make_octet_set("!#$%&'*+-.^_`|~");
/// pchar of RFC 3986 3.3 without "%", and "/".
inline constexpr OctetSet kPathOctets = make_octet_set("-._~!$&'()*+,;=:@/");
/// query of RFC 3986 3.4 without "%".
inline constexpr OctetSet kQueryOctets = make_octet_set("-._~!$&'()*+,;=:@/?");
/// reg-name of RFC 3986 3.2.2 without "%".
inline constexpr OctetSet kRegNameOctets = make_octet_set("-._~!$&'()*+,;=");

constexpr bool contains(const OctetSet& set, char c) {
  return set[static_cast<unsigned char>(c)];
}

constexpr bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!contains(kTokenOctets, c)) {
      return false;
    }
  }
  return !text.empty();
}

}  // namespace fieldgate::http
