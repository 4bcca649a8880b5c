// Text encodings of bytes: lower-case hex, base64 (RFC 4648 section 4, padded) and base64url
// (section 5, unpadded). Decoders are strict: no white space, no other alphabet, no loose bits.
#pragma once

#include <fieldgate/base/bytes.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

[[nodiscard]] std::string hex_encode(ByteView bytes);
[[nodiscard]] std::optional<Bytes> hex_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(ByteView bytes);
void append_base64(std::string& text, ByteView bytes);
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);
[[nodiscard]] std::string base64url_encode(ByteView bytes);
void append_base64url(std::string& text, ByteView bytes);
[[nodiscard]] std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace fieldgate::crypto
