#include "gateway/import/row_builder.h"

#include "gateway/http/utf8.h"
#include "gateway/import/country_names.h"
#include "gateway/values/values.h"

#include <fieldgate/crypto/identifiers.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace fieldgate::importing {

namespace {

constexpr std::string_view kNotUtf8 =
    "the value is not valid UTF-8; was the file saved in another encoding";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The text of a cell; nothing when it is JSON of another type.
std::optional<std::string> text_of(const Cell& cell) {
  if (cell.json == nullptr) {
    return std::string(cell.text);
  }
  if (const auto* text = cell.json->if_string()) {
    return std::string(text->begin(), text->end());
  }
  if (const auto* number = cell.json->if_int64()) {
    return std::to_string(*number);  // account numbers are often written so
  }
  return std::nullopt;
}

}  // namespace

std::optional<UtcTime> parse_moment(std::string_view text) {
  if (const auto date = parse_date(text)) {
    return UtcTime{std::chrono::sys_days{*date}};
  }
  return parse_rfc3339(text);
}

bool is_source(std::string_view text) {
  constexpr std::string_view kOther = "-_.:/";
  return !text.empty() && text.size() <= kMaxSourceBytes &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_word_byte(c) || kOther.find(c) != std::string_view::npos;
         });
}

std::vector<std::string> field_names(const policy::PolicySet& policy) {
  std::vector<std::string> names;
  for (const policy::Field& field : policy.fields()) {
    names.push_back(field.name);
  }
  return names;
}

std::string quoted_name(std::string_view name) {
  constexpr std::string_view kOther = "-_ ";
  const bool is_name = !name.empty() && name.size() <= policy::kMaxNameBytes &&
                       !std::isdigit(static_cast<unsigned char>(name.front())) &&
                       std::all_of(name.begin(), name.end(), [&](char c) {
                         return is_word_byte(c) || kOther.find(c) != std::string_view::npos;
                       });
  return is_name ? " `" + std::string(name) + "`" : std::string();
}

bool Cell::absent() const {
  if (json == nullptr) {
    return is_blank(text);
  }
  const auto* string = json->if_string();
  return json->is_null() || (string != nullptr && string->empty());
}

void RowBuilder::fault(std::string field, std::string message) {
  // An email column is an identifier and a field: its fault is told once.
  if (std::find(faulty_.begin(), faulty_.end(), field) != faulty_.end()) {
    return;
  }
  if (faulty_.size() >= kMaxFaultsTold) {
    if (!std::exchange(more_faults_, true)) {
      error_->message += "; and more";
    }
    return;
  }
  faulty_.push_back(field);
  if (!error_) {
    error_ = RowError{line_, std::move(field), std::move(message)};
    return;
  }
  error_->message += field.empty() ? "; also: " : "; also `" + field + "`: ";
  error_->message += message;
}

void RowBuilder::refuse(const std::string& field, const std::string& message, bool drop) {
  if (drop) {
    const bool known = std::any_of(dropped_.begin(), dropped_.end(),
                                   [&](const RowError& note) { return note.field == field; });
    if (known) {
      return;
    }
    dropped_.push_back({line_, field, message});
  } else {
    fault(field, message);
  }
}

const Result<std::string>& RowBuilder::normalised(IdentifierType type, const std::string& text) {
  for (const Normalised& known : normalised_) {
    if (known.type == type && known.text == text) {
      return known.outcome;
    }
  }
  return normalised_
      .emplace_back(Normalised{type, text, crypto::normalise_identifier(type, text, region_)})
      .outcome;
}

Result<std::string> RowBuilder::encoded(const policy::Field& field, const Cell& cell,
                                        ValueOrigin::Form form) {
  const bool is_string = cell.json == nullptr || cell.json->is_string();
  if (form == ValueOrigin::Form::kCountryName) {
    const auto name = text_of(cell);
    const auto code = name ? country_code_of(*name) : std::nullopt;
    if (!code) {
      return make_error(ErrorCode::kInvalid, "not the English name or the code of a country",
                        "invalid-value");
    }
    return *code;
  }
  if (is_string && field.type == policy::FieldType::kEmail) {
    return normalised(IdentifierType::kEmail, *text_of(cell));
  }
  if (is_string && field.type == policy::FieldType::kPhone) {
    return normalised(IdentifierType::kPhone, *text_of(cell));
  }
  return cell.json != nullptr ? values::encode_value(field.type, *cell.json, region_)
                              : values::encode_text_value(field.type, cell.text, region_);
}

void RowBuilder::add_identifier(IdentifierType type, const Cell& cell, bool drop_invalid) {
  if (cell.absent()) {
    return;
  }
  const std::string name(crypto::identifier_type_name(type));
  const auto text = text_of(cell);
  if (!text) {
    refuse(name, "the value is not a text", drop_invalid);
    return;
  }
  if (!http::is_utf8(*text)) {
    refuse(name, std::string(kNotUtf8), drop_invalid);
    return;
  }
  const auto& outcome = normalised(type, *text);
  if (outcome.has_error()) {
    refuse(name, outcome.error().message, drop_invalid);
    return;
  }
  PersonIdentifier identifier{type, *outcome};
  auto& known = row_.identifiers;
  if (std::find(known.begin(), known.end(), identifier) == known.end()) {
    known.push_back(std::move(identifier));
  }
}

void RowBuilder::add_field(FieldIndex field, const Cell& cell, const ValueOrigin& origin,
                           const std::string& source, UtcTime collected_at) {
  if (cell.absent()) {
    return;
  }
  const policy::Field& known = policy_.fields()[field];
  if (cell.json == nullptr && !http::is_utf8(cell.text)) {
    refuse(known.name, std::string(kNotUtf8), origin.drop_invalid);
    return;
  }
  auto plain = encoded(known, cell, origin.form);
  if (plain.has_error()) {
    refuse(known.name, plain.error().message, origin.drop_invalid);
    return;
  }
  if (field == policy_.country_field()) {
    region_ = *plain;
    normalised_.clear();
  }
  row_.fields.push_back(
      {field, std::move(*plain), origin.source.empty() ? source : origin.source, collected_at});
}

std::string RowBuilder::source_of(const Cell& cell, const std::string& otherwise) {
  if (cell.absent()) {
    return otherwise;
  }
  auto text = text_of(cell);
  if (!text || !is_source(*text)) {
    fault("source", "a source is a word of letters, digits and `-_.:/`");
    return otherwise;
  }
  return *text;
}

UtcTime RowBuilder::moment_of(const Cell& cell, UtcTime otherwise) {
  if (cell.absent()) {
    return otherwise;
  }
  const auto text = text_of(cell);
  const auto moment = text ? parse_moment(*text) : std::nullopt;
  if (!moment) {
    fault("collected_at", "not a time such as `2026-11-02T12:00:00Z`, nor a date");
    return otherwise;
  }
  // A value from the future would outlive its retention.
  if (*moment > now_ + kMaxClockSkew) {
    fault("collected_at", "the time lies in the future");
    return otherwise;
  }
  return *moment;
}

std::optional<PersonRow> RowBuilder::finish(RowError& error) {
  if (!error_ && row_.identifiers.empty()) {
    fault("identifiers", "no identifier: the row has no email, phone or account_id");
  }
  if (row_.identifiers.size() > kMaxIdentifiersPerPerson) {
    fault("identifiers",
          "more than " + std::to_string(kMaxIdentifiersPerPerson) + " identifiers of one person");
  }
  if (error_) {
    error = std::move(*error_);
    return std::nullopt;
  }
  row_.line = line_;
  return std::move(row_);
}

}  // namespace fieldgate::importing
