// The Unicode steps that e-mail addresses and account ids share. Internal.
#pragma once

#include <fieldgate/base/result.h>

#include <unicode/unistr.h>

#include <string>
#include <string_view>

namespace fieldgate::crypto {

[[nodiscard]] bool is_utf8(std::string_view bytes);

/// Reads UTF-8, trims white space at both ends and composes (NFC). Refuses ill-formed UTF-8,
/// control characters, code points that stand for no character, and directional controls.
[[nodiscard]] Result<icu::UnicodeString> read_text(std::string_view utf8);

/// Simple case folding of each character (so `ß` stays apart from `ss`), then NFC again.
[[nodiscard]] Result<icu::UnicodeString> fold_case(const icu::UnicodeString& text);

[[nodiscard]] std::string to_utf8(const icu::UnicodeString& text);

}  // namespace fieldgate::crypto
