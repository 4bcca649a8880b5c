#include "gateway/http/problem.h"
#include "gateway/values/number.h"
#include "gateway/values/values.h"

#include <algorithm>

namespace fieldgate::values {

namespace {

using policy::FieldType;
using policy::TransformKind;

constexpr std::size_t kShownCharacters = 4;
constexpr std::size_t kPrefixCharacters = 2;

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // no continuation byte of UTF-8
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// Where the code point with this number begins; the end of the text beyond the last.
std::size_t character_offset(std::string_view text, std::size_t number) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && seen++ == number) {
      return i;
    }
  }
  return text.size();
}

Error does_not_fit() {
  return make_error(ErrorCode::kInternal, "the policy's transform does not fit the value");
}

void append_masked(std::string& out, std::string_view text) {
  const std::size_t characters = count_characters(text);
  const std::size_t hidden =
      characters > kShownCharacters ? characters - kShownCharacters : characters;
  const std::size_t quote = out.size();
  http::append_json_string(out, text.substr(character_offset(text, hidden)));
  out.insert(quote + 1, hidden, '*');
}

// Each entry of a sealed list, which is compact JSON of our own making: entries hold no raw quote.
Result<void> append_masked_list(std::string& out, std::string_view plain) {
  if (plain.size() < 2 || plain.front() != '[' || plain.back() != ']') {
    return does_not_fit();
  }
  out += '[';
  std::string item;
  bool inside = false;
  for (std::size_t i = 1; i + 1 < plain.size(); ++i) {
    const char c = plain[i];
    if (!inside) {
      inside = c == '"';
      if (c == ',') {
        out += ',';
      }
      continue;
    }
    if (c == '"') {
      append_masked(out, item);
      item.clear();
      inside = false;
    } else if (c == '\\' && i + 2 < plain.size()) {
      // An escape counts as one character and is never shown: it may be a quote or a line break.
      i += plain[i + 1] == 'u' ? 5 : 1;
      item += '*';
    } else {
      item += c;
    }
  }
  out += ']';
  return ok();
}

Result<void> append_year(std::string& out, std::string_view date, bool decade) {
  constexpr std::size_t kYearDigits = 4;
  if (date.size() < kYearDigits || !std::all_of(date.begin(), date.begin() + kYearDigits,
                                                [](char c) { return c >= '0' && c <= '9'; })) {
    return does_not_fit();
  }
  out += '"';
  if (decade) {
    const std::string_view century = date.substr(0, kYearDigits - 1);
    out.append(century).append("0-").append(century).append("9");
  } else {
    out.append(date.substr(0, kYearDigits));
  }
  out += '"';
  return ok();
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

// The part of "street, 12345 City, Country" that is `from_end` commas before its end; empty when
// there are too few parts.
std::string_view address_part(std::string_view address, std::size_t from_end) {
  for (;; --from_end) {
    const std::size_t comma = address.rfind(',');
    if (from_end == 0) {
      return comma == std::string_view::npos ? std::string_view{}
                                             : without_spaces(address.substr(comma + 1));
    }
    if (comma == std::string_view::npos) {
      return {};
    }
    address = address.substr(0, comma);
  }
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> append_country(std::string& out, std::string_view address) {
  const std::string_view country = address_part(address, 0);
  if (country.empty() || has_digit(country)) {
    return does_not_fit();
  }
  http::append_json_string(out, country);
  return ok();
}

Result<void> append_city(std::string& out, std::string_view address) {
  std::string city;
  std::string_view rest = address_part(address, 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    if (!word.empty() && !has_digit(word)) {
      city.append(city.empty() ? "" : " ").append(word);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (city.empty()) {
    return does_not_fit();
  }
  http::append_json_string(out, city);
  return ok();
}

bool is_written_as_text(FieldType type) {
  return type == FieldType::kText || type == FieldType::kEmail || type == FieldType::kPhone ||
         type == FieldType::kCountry || type == FieldType::kDate;
}

}  // namespace

void append_value_json(std::string& out, FieldType type, std::string_view plain) {
  if (is_written_as_text(type)) {
    http::append_json_string(out, plain);
  } else {
    out += plain;
  }
}

Result<void> append_transformed_json(std::string& out, FieldType type, std::string_view plain,
                                     policy::Transform transform,
                                     const ValuePseudonyms* pseudonyms) {
  switch (transform.kind) {
    case TransformKind::kShow:
      append_value_json(out, type, plain);
      return ok();
    case TransformKind::kMaskLast4:
      if (type == FieldType::kList) {
        const std::size_t before = out.size();
        auto masked = append_masked_list(out, plain);
        if (masked.has_error()) {
          out.resize(before);
        }
        return masked;
      }
      append_masked(out, plain);
      return ok();
    case TransformKind::kYear:
    case TransformKind::kBand10:
      if (type != FieldType::kDate) {
        return does_not_fit();
      }
      return append_year(out, plain, transform.kind == TransformKind::kBand10);
    case TransformKind::kPrefix2:
      if (!is_written_as_text(type)) {
        return does_not_fit();
      }
      http::append_json_string(out, plain.substr(0, character_offset(plain, kPrefixCharacters)));
      return ok();
    case TransformKind::kCity:
      if (type != FieldType::kText) {
        return does_not_fit();
      }
      return append_city(out, plain);
    case TransformKind::kCountry:
      if (type == FieldType::kCountry) {
        http::append_json_string(out, plain);
        return ok();
      }
      if (type != FieldType::kText) {
        return does_not_fit();
      }
      return append_country(out, plain);
    case TransformKind::kPseudonymise:
      if (pseudonyms == nullptr) {
        return does_not_fit();
      }
      out += '"';
      pseudonyms->append_pseudonym(out, transform.domain, plain);
      out += '"';
      return ok();
    case TransformKind::kRound2:
      if ((type != FieldType::kMoney && type != FieldType::kNumber) ||
          !append_two_digits(out, plain)) {
        return does_not_fit();
      }
      return ok();
  }
  return does_not_fit();
}

}  // namespace fieldgate::values
