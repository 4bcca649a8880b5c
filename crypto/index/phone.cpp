// The only file that includes libphonenumber: its headers are the heaviest of the module.
#include "crypto/index/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>

namespace fieldgate::crypto {

namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::string_view kNoRegion = "ZZ";

Error not_a_number(const char* why) {
  return make_error(ErrorCode::kInvalid, std::string("the phone number ") + why);
}

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

// The library reads a number out of any sentence, letters as digits and extensions too. A field
// that should hold a number and holds more is refused rather than guessed at.
bool has_more_than_a_number(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char letter) {
    return is_letter(letter) || static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ||
           std::string_view(";,#*=@:").find(letter) != std::string_view::npos;
  });
}

Result<std::string> region_code(std::string_view region) {
  if (region.empty()) {
    return std::string(kNoRegion);
  }
  if (region.size() != 2 || !std::all_of(region.begin(), region.end(), is_letter)) {
    return make_error(ErrorCode::kInvalid, "the region of a phone number has two letters");
  }
  std::string code(region);
  for (char& letter : code) {
    letter = letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return code;
}

Result<std::string> to_e164(const std::string& value, const std::string& region) {
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  switch (library.Parse(value, region, &number)) {
    case PhoneNumberUtil::NO_PARSING_ERROR:
      break;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
      return not_a_number("has no known country code; give one, or the region it belongs to");
    default:
      return not_a_number("cannot be read");
  }
  if (number.has_extension()) {
    return not_a_number("has an extension, which names a desk and not a person");
  }
  if (library.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) {
    return not_a_number("has a length that its country does not use");
  }
  std::string text;
  library.Format(number, PhoneNumberUtil::E164, &text);
  return text;
}

}  // namespace

Result<std::string> normalise_phone(std::string_view value, std::string_view region) {
  if (has_more_than_a_number(value)) {
    return not_a_number("has letters or signs that do not belong to one");
  }
  FIELDGATE_TRY(const std::string code, region_code(region));
  FIELDGATE_TRY(std::string text, to_e164(std::string(value), code));
  if (text.size() < kMinPhoneDigits + 1 || text.size() > kMaxPhoneDigits + 1 ||
      text.front() != '+') {
    return not_a_number("must have 7 to 15 digits with its country code");
  }
  // Too many zeros in front are taken off one by one, each time the text is read: no one form.
  FIELDGATE_TRY(const std::string again, to_e164(text, std::string(kNoRegion)));
  if (again != text) {
    return not_a_number("starts with zeros that its country does not use");
  }
  return text;
}

}  // namespace fieldgate::crypto
