// A small policy made in place, so that these tests stand without the YAML loader.
#pragma once

#include "gateway/import/row_source.h"

#include <fieldgate/policy/model.h>

#include <string>
#include <utility>
#include <vector>

namespace fieldgate::importing {

class TestPolicy final : public policy::PolicySet {
 public:
  TestPolicy() {
    using policy::FieldType;
    const std::vector<std::pair<const char*, FieldType>> fields{
        {"first_name", FieldType::kText},
        {"email", FieldType::kEmail},
        {"phone", FieldType::kPhone},
        {"city", FieldType::kText},
        {"country", FieldType::kCountry},
        {"birth_date", FieldType::kDate},
        {"favourite_genres", FieldType::kList},
        {"lifetime_value", FieldType::kMoney},
        {"newsletter_seen", FieldType::kBoolean},
    };
    for (const auto& [name, type] : fields) {
      policy::Field field;
      field.name = name;
      field.type = type;
      fields_.push_back(std::move(field));
    }
  }

  std::string_view version() const override { return "test"; }
  const std::vector<policy::Field>& fields() const override { return fields_; }
  const std::vector<policy::Purpose>& purposes() const override { return purposes_; }
  const std::vector<policy::App>& apps() const override { return apps_; }
  const std::vector<policy::Recipient>& recipients() const override { return recipients_; }
  const std::vector<policy::ConsentText>& consent_texts() const override { return texts_; }
  const std::vector<std::string>& domains() const override { return domains_; }
  FieldIndex field(std::string_view name) const override {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].name == name) {
        return static_cast<FieldIndex>(i);
      }
    }
    return policy::kUnknownIndex;
  }
  policy::PurposeIndex purpose(std::string_view) const override { return policy::kUnknownIndex; }
  policy::AppIndex app(std::string_view) const override { return policy::kUnknownIndex; }
  FieldIndex birth_date_field() const override { return field("birth_date"); }
  FieldIndex country_field() const override { return field("country"); }
  bool needs_facts(policy::PurposeIndex) const override { return true; }
  const FieldSet& purpose_fields(policy::PurposeIndex) const override { return none_; }
  policy::Transform transform(policy::PurposeIndex, FieldIndex) const override { return {}; }

 private:
  std::vector<policy::Field> fields_;
  std::vector<policy::Purpose> purposes_;
  std::vector<policy::App> apps_;
  std::vector<policy::Recipient> recipients_;
  std::vector<policy::ConsentText> texts_;
  std::vector<std::string> domains_;
  FieldSet none_;
};

/// Keeps what a source gives.
class CollectingSink final : public RowSink {
 public:
  Result<void> on_row(PersonRow row) override {
    if (rows.size() == refuse_after) {
      return make_error(ErrorCode::kUnavailable, "the store is full");
    }
    rows.push_back(std::move(row));
    return ok();
  }
  void on_error(RowError error) override { errors.push_back(std::move(error)); }
  void on_dropped(RowError note) override { dropped.push_back(std::move(note)); }

  /// The plaintext of a field of a row; empty when the row lacks it.
  std::string value(std::size_t row, std::string_view name) const {
    for (const PersonField& field : rows.at(row).fields) {
      if (field.field == policy.field(name)) {
        return field.plaintext;
      }
    }
    return {};
  }

  TestPolicy policy;
  std::size_t refuse_after = static_cast<std::size_t>(-1);
  std::vector<PersonRow> rows;
  std::vector<RowError> errors;
  std::vector<RowError> dropped;
};

inline ImportDefaults test_defaults() {
  ImportDefaults defaults;
  defaults.now = *parse_rfc3339("2026-11-02T12:00:00Z");
  return defaults;
}

}  // namespace fieldgate::importing
