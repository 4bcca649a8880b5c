#include <fieldgate/crypto/identifiers.h>

#include "crypto/index/email.h"
#include "crypto/index/phone.h"
#include "crypto/index/unicode_text.h"

#include <exception>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kMaxAccountIdBytes = 128;

Result<std::string> normalise_account_id(std::string_view value) {
  FIELDGATE_TRY(const icu::UnicodeString text, read_text(value));
  std::string id = to_utf8(text);
  if (id.empty() || id.size() > kMaxAccountIdBytes) {
    return make_error(ErrorCode::kInvalid, "the account id must have 1 to 128 bytes");
  }
  return id;
}

Result<std::string> normalise(IdentifierType type, std::string_view value,
                              std::string_view region) {
  switch (type) {
    case IdentifierType::kEmail:
      if (auto plain = normalise_plain_email(value)) {
        return std::move(*plain);
      }
      return normalise_general_email(value);
    case IdentifierType::kPhone:
      if (!is_utf8(value)) {
        return make_error(ErrorCode::kInvalid, "the phone number is not valid UTF-8");
      }
      return normalise_phone(value, region);
    case IdentifierType::kAccountId:
      return normalise_account_id(value);
  }
  return make_error(ErrorCode::kInvalid, "unknown type of identifier");
}

}  // namespace

Result<std::string> normalise_identifier(IdentifierType type, std::string_view value,
                                         std::string_view region) {
  if (value.size() > kMaxIdentifierBytes) {
    return make_error(ErrorCode::kInvalid, "an identifier has at most " +
                                               std::to_string(kMaxIdentifierBytes) + " bytes");
  }
  try {
    return normalise(type, value, region);
  } catch (const std::exception&) {  // from ICU or libphonenumber; its text may hold the value
    return make_error(ErrorCode::kInternal, "an identifier could not be normalised");
  }
}

}  // namespace fieldgate::crypto
