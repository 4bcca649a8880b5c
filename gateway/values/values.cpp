#include "gateway/values/values.h"

#include "gateway/http/problem.h"
#include "gateway/http/utf8.h"
#include "gateway/values/number.h"

#include <fieldgate/base/time.h>
#include <fieldgate/crypto/identifiers.h>

#include <unicode/uloc.h>
#include <boost/json/array.hpp>

#include <algorithm>
#include <bitset>
#include <cctype>
#include <vector>

namespace fieldgate::values {

namespace {

using policy::FieldType;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message), "invalid-value");
}

constexpr std::size_t kLetters = 26;

std::size_t country_slot(char first, char second) {
  return static_cast<std::size_t>(first - 'A') * kLetters + static_cast<std::size_t>(second - 'A');
}

bool is_country(std::string_view code) {
  // The assigned codes of ISO 3166-1, and XK, which states use for Kosovo.
  static const std::bitset<kLetters * kLetters> assigned = [] {
    std::bitset<kLetters * kLetters> slots;
    for (const char* const* next = uloc_getISOCountries(); *next != nullptr; ++next) {
      slots.set(country_slot((*next)[0], (*next)[1]));
    }
    slots.set(country_slot('X', 'K'));
    return slots;
  }();
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return code.size() == 2 && std::all_of(code.begin(), code.end(), is_capital) &&
         assigned.test(country_slot(code[0], code[1]));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
  });
}

Result<std::string> bounded(std::string plain) {
  if (plain.size() > crypto::kMaxFieldBytes) {
    return make_error(
        ErrorCode::kTooLarge,
        "the value is longer than " + std::to_string(crypto::kMaxFieldBytes) + " bytes",
        "value-too-large");
  }
  return plain;
}

Result<std::string> encode_text(std::string_view text) {
  if (text.empty()) {
    return invalid("the value is empty");
  }
  if (!http::is_utf8(text)) {
    return invalid("the value is not valid UTF-8");
  }
  if (has_control_characters(text)) {
    return invalid("the value holds a control character");
  }
  return bounded(std::string(text));
}

Result<std::string> encode_country(std::string_view code) {
  if (is_country(code)) {
    return std::string(code);
  }
  return invalid(code == "UK" ? "not a country code of ISO 3166-1; the United Kingdom is `GB`"
                              : "not a country code of ISO 3166-1, two letters such as `GB`");
}

Result<std::string> encode_date(std::string_view text) {
  if (!parse_date(text)) {
    return invalid("not a date of the form `YYYY-MM-DD`");
  }
  return std::string(text);
}

Result<std::string> encode_list(const std::vector<std::string_view>& items) {
  if (items.size() > kMaxListItems) {
    return make_error(ErrorCode::kTooLarge,
                      "the list has more than " + std::to_string(kMaxListItems) + " entries",
                      "value-too-large");
  }
  std::string plain = "[";
  for (auto item = items.begin(); item != items.end(); ++item) {
    FIELDGATE_TRY(const std::string text, encode_text(*item));
    if (std::find(items.begin(), item, *item) != item) {
      return invalid("the list names an entry twice");
    }
    if (item != items.begin()) {
      plain += ',';
    }
    http::append_json_string(plain, text);
  }
  plain += ']';
  return bounded(std::move(plain));
}

Result<std::string> encode_string(FieldType type, std::string_view text, std::string_view region) {
  switch (type) {
    case FieldType::kText:
      return encode_text(text);
    case FieldType::kEmail:
      return crypto::normalise_identifier(IdentifierType::kEmail, text);
    case FieldType::kPhone:
      return crypto::normalise_identifier(IdentifierType::kPhone, text, region);
    case FieldType::kCountry:
      return encode_country(text);
    case FieldType::kDate:
      return encode_date(text);
    default:
      return make_error(ErrorCode::kInternal, "this type of field is not written as a text");
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string folded(std::string_view text, int (*fold)(int)) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [fold](unsigned char c) {
    return c < 0x80 ? static_cast<char>(fold(c)) : static_cast<char>(c);
  });
  return result;
}

Result<std::string> encode_boolean_cell(std::string_view cell) {
  const std::string word = folded(cell, [](int c) { return std::tolower(c); });
  if (word == "true" || word == "yes" || word == "1") {
    return std::string("true");
  }
  if (word == "false" || word == "no" || word == "0") {
    return std::string("false");
  }
  return invalid("not a yes or no");
}

Result<std::string> encode_list_cell(std::string_view cell) {
  std::vector<std::string_view> items;
  while (!cell.empty()) {
    const std::size_t end = std::min(cell.find(kListSeparator), cell.size());
    if (const std::string_view item = trimmed(cell.substr(0, end)); !item.empty()) {
      items.push_back(item);
    }
    cell.remove_prefix(std::min(end + 1, cell.size()));
  }
  return encode_list(items);
}

}  // namespace

crypto::ValueType value_type(FieldType type) {
  switch (type) {
    case FieldType::kText:
      return crypto::ValueType::kText;
    case FieldType::kEmail:
      return crypto::ValueType::kEmail;
    case FieldType::kPhone:
      return crypto::ValueType::kPhone;
    case FieldType::kCountry:
      return crypto::ValueType::kCountry;
    case FieldType::kDate:
      return crypto::ValueType::kDate;
    case FieldType::kList:
      return crypto::ValueType::kList;
    case FieldType::kMoney:
      return crypto::ValueType::kMoney;
    case FieldType::kNumber:
      return crypto::ValueType::kNumber;
    case FieldType::kBoolean:
      return crypto::ValueType::kBoolean;
  }
  return crypto::ValueType::kText;
}

Result<std::string> encode_value(FieldType type, const boost::json::value& value,
                                 std::string_view region) {
  switch (type) {
    case FieldType::kBoolean:
      if (!value.is_bool()) {
        return invalid("the value is not true or false");
      }
      return std::string(value.get_bool() ? "true" : "false");
    case FieldType::kMoney:
    case FieldType::kNumber:
      if (const auto* integer = value.if_int64()) {
        return std::to_string(*integer);
      }
      if (const auto* integer = value.if_uint64()) {
        return std::to_string(*integer);
      }
      if (const auto* number = value.if_double()) {
        return format_number(*number);
      }
      return invalid("the value is not a number");
    case FieldType::kList: {
      const auto* array = value.if_array();
      if (array == nullptr) {
        return invalid("the value is not a list of texts");
      }
      std::vector<std::string_view> items;
      items.reserve(array->size());
      for (const boost::json::value& item : *array) {
        const auto* text = item.if_string();
        if (text == nullptr) {
          return invalid("the value is not a list of texts");
        }
        items.emplace_back(*text);
      }
      return encode_list(items);
    }
    default: {
      const auto* text = value.if_string();
      if (text == nullptr) {
        return invalid("the value is not a text");
      }
      return encode_string(type, std::string_view(*text), region);
    }
  }
}

Result<std::string> encode_text_value(FieldType type, std::string_view cell,
                                      std::string_view region) {
  cell = trimmed(cell);
  if (cell.empty()) {
    return invalid("the value is empty");
  }
  switch (type) {
    case FieldType::kBoolean:
      return encode_boolean_cell(cell);
    case FieldType::kMoney:
    case FieldType::kNumber:
      return canonical_number(cell);
    case FieldType::kList:
      return encode_list_cell(cell);
    case FieldType::kCountry:
      return encode_country(folded(cell, [](int c) { return std::toupper(c); }));
    default:
      return encode_string(type, cell, region);
  }
}

}  // namespace fieldgate::values
