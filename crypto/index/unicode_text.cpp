#include "crypto/index/unicode_text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

namespace fieldgate::crypto {

namespace {

// A string of the size of any identifier, wherever its bytes come from.
Result<icu::UnicodeString> from_utf8(std::string_view utf8) {
  icu::UnicodeString text;
  const auto capacity = static_cast<std::int32_t>(utf8.size());
  UErrorCode status = U_ZERO_ERROR;
  std::int32_t size = 0;
  char16_t* buffer = text.getBuffer(capacity + 1);
  if (buffer == nullptr) {
    return make_error(ErrorCode::kUnavailable, "no memory for an identifier");
  }
  u_strFromUTF8(buffer, capacity + 1, &size, utf8.data(), capacity, &status);
  text.releaseBuffer(U_SUCCESS(status) ? size : 0);
  if (U_FAILURE(status)) {
    return make_error(ErrorCode::kInvalid, "the identifier is not valid UTF-8");
  }
  return text;
}

bool is_directional_control(UChar32 point) {
  return u_hasBinaryProperty(point, UCHAR_BIDI_CONTROL) != 0;
}

Result<icu::UnicodeString> compose(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) {
    return make_error(ErrorCode::kInternal, "the Unicode data are missing");
  }
  icu::UnicodeString composed = nfc->normalize(text, status);
  if (U_FAILURE(status)) {
    return make_error(ErrorCode::kInvalid, "the identifier cannot be normalised");
  }
  return composed;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  return from_utf8(bytes).has_value();
}

Result<icu::UnicodeString> read_text(std::string_view utf8) {
  FIELDGATE_TRY(const icu::UnicodeString whole, from_utf8(utf8));
  std::int32_t first = 0;
  std::int32_t last = whole.length();
  while (first < last && u_isUWhiteSpace(whole.char32At(first)) != 0) {
    first = whole.moveIndex32(first, 1);
  }
  while (last > first && u_isUWhiteSpace(whole.char32At(whole.moveIndex32(last, -1))) != 0) {
    last = whole.moveIndex32(last, -1);
  }
  const icu::UnicodeString text(whole, first, last - first);
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 point = text.char32At(i);
    if (u_charType(point) == U_CONTROL_CHAR || u_charType(point) == U_UNASSIGNED ||
        u_charType(point) == U_LINE_SEPARATOR || u_charType(point) == U_PARAGRAPH_SEPARATOR ||
        is_directional_control(point)) {
      return make_error(ErrorCode::kInvalid, "the identifier has a character that is not text");
    }
  }
  return compose(text);
}

Result<icu::UnicodeString> fold_case(const icu::UnicodeString& text) {
  icu::UnicodeString folded;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    folded.append(u_foldCase(text.char32At(i), U_FOLD_CASE_DEFAULT));
  }
  return compose(folded);
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

}  // namespace fieldgate::crypto
