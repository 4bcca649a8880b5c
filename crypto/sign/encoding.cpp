#include <fieldgate/crypto/encoding.h>

#include <array>

namespace fieldgate::crypto {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr Byte kNoDigit = 0xff;

using DigitTable = std::array<Byte, 256>;

constexpr DigitTable digits_of(std::string_view alphabet) {
  DigitTable table{};
  for (Byte& entry : table) {
    entry = kNoDigit;
  }
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<Byte>(alphabet[i])] = static_cast<Byte>(i);
  }
  return table;
}

constexpr DigitTable kHexTable = digits_of(kHexDigits);
constexpr DigitTable kStandardTable = digits_of(kStandard);
constexpr DigitTable kUrlSafeTable = digits_of(kUrlSafe);

void append64(std::string& text, ByteView bytes, std::string_view alphabet) {
  std::size_t out = text.size();
  text.resize(out + (bytes.size() * 8 + 5) / 6);
  std::size_t in = 0;
  for (; in + 3 <= bytes.size(); in += 3) {
    const std::uint32_t group =
        (std::uint32_t{bytes[in]} << 16) | (std::uint32_t{bytes[in + 1]} << 8) | bytes[in + 2];
    text[out++] = alphabet[group >> 18];
    text[out++] = alphabet[(group >> 12) & 63];
    text[out++] = alphabet[(group >> 6) & 63];
    text[out++] = alphabet[group & 63];
  }
  if (bytes.size() - in == 1) {
    text[out++] = alphabet[bytes[in] >> 2];
    text[out] = alphabet[(bytes[in] & 3) << 4];
  } else if (bytes.size() - in == 2) {
    const std::uint32_t group = (std::uint32_t{bytes[in]} << 8) | bytes[in + 1];
    text[out++] = alphabet[group >> 10];
    text[out++] = alphabet[(group >> 4) & 63];
    text[out] = alphabet[(group & 15) << 2];
  }
}

// Strict: bits beyond the last whole byte must be zero, or two texts would mean the same bytes.
std::optional<Bytes> decode64(std::string_view text, const DigitTable& table) {
  if (text.size() % 4 == 1) {
    return std::nullopt;
  }
  Bytes bytes;
  bytes.reserve(text.size() * 6 / 8);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const char letter : text) {
    const Byte digit = table[static_cast<Byte>(letter)];
    if (digit == kNoDigit) {
      return std::nullopt;
    }
    held = (held << 6) | digit;
    held_bits += 6;
    if (held_bits >= 8) {
      held_bits -= 8;
      bytes.push_back(static_cast<Byte>(held >> held_bits));
      held &= (1U << held_bits) - 1;
    }
  }
  if (held != 0) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  std::string text(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kHexDigits[bytes[i] >> 4];
    text[2 * i + 1] = kHexDigits[bytes[i] & 15];
  }
  return text;
}

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Byte high = kHexTable[static_cast<Byte>(text[2 * i])];
    const Byte low = kHexTable[static_cast<Byte>(text[2 * i + 1])];
    if (high == kNoDigit || low == kNoDigit) {
      return std::nullopt;
    }
    bytes[i] = static_cast<Byte>(high << 4 | low);
  }
  return bytes;
}

void append_base64(std::string& text, ByteView bytes) {
  append64(text, bytes, kStandard);
  text.append((3 - bytes.size() % 3) % 3, '=');
}

std::string base64_encode(ByteView bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
    text.remove_suffix(1);
  }
  return decode64(text, kStandardTable);
}

void append_base64url(std::string& text, ByteView bytes) {
  append64(text, bytes, kUrlSafe);
}

std::string base64url_encode(ByteView bytes) {
  std::string text;
  append_base64url(text, bytes);
  return text;
}

std::optional<Bytes> base64url_decode(std::string_view text) {
  return decode64(text, kUrlSafeTable);
}

}  // namespace fieldgate::crypto
