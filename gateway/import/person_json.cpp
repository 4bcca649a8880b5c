#include "gateway/import/person_json.h"

#include "gateway/import/row_builder.h"

#include <fieldgate/crypto/identifiers.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

namespace fieldgate::importing {

namespace {

using boost::json::object;
using boost::json::value;

class BodyReader {
 public:
  BodyReader(const policy::PolicySet& policy, const ImportDefaults& defaults, std::size_t line)
      : policy_(policy), defaults_(defaults), builder_(policy, defaults, line) {}

  std::optional<PersonRow> read(const value& body, RowError& error) {
    const object* whole = body.if_object();
    if (whole == nullptr) {
      builder_.fault({}, "the body is not a JSON object");
      return builder_.finish(error);
    }
    refuse_others(*whole, {"identifiers", "fields"}, {});
    read_fields(whole->if_contains("fields"), true);
    read_identifiers(whole->if_contains("identifiers"));
    read_fields(whole->if_contains("fields"), false);
    return builder_.finish(error);
  }

 private:
  void refuse_others(const object& members, const std::vector<std::string>& known,
                     const std::string& field) {
    for (const auto& member : members) {
      if (builder_.has_told_enough()) {
        return;
      }
      const std::string name(member.key());
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        const std::string near = nearest_word(name, known);
        builder_.fault(field, "unknown member" + quoted_name(name) +
                                  (near.empty() ? "" : "; did you mean `" + near + "`"));
      }
    }
  }

  void read_identifiers(const value* list) {
    const auto* items = list != nullptr ? list->if_array() : nullptr;
    if (items == nullptr) {
      builder_.fault("identifiers", "`identifiers` is not a list");
      return;
    }
    if (items->size() > kMaxIdentifiersPerPerson) {
      builder_.fault("identifiers", "more than " + std::to_string(kMaxIdentifiersPerPerson) +
                                        " identifiers of one person");
      return;
    }
    for (const value& item : *items) {
      read_identifier(item);
    }
  }

  void read_identifier(const value& item) {
    const object* pair = item.if_object();
    const value* type = pair != nullptr ? pair->if_contains("type") : nullptr;
    const value* text = pair != nullptr ? pair->if_contains("value") : nullptr;
    if (type == nullptr || text == nullptr || !type->is_string() || !text->is_string()) {
      builder_.fault("identifiers", "an identifier is an object of two texts, `type` and `value`");
      return;
    }
    refuse_others(*pair, {"type", "value"}, "identifiers");
    const auto known = crypto::parse_identifier_type(std::string_view(type->get_string()));
    if (!known) {
      builder_.fault("identifiers",
                     "unknown type of identifier; it is `email`, `phone` or `account_id`");
      return;
    }
    if (text->get_string().empty()) {
      builder_.fault(std::string(crypto::identifier_type_name(*known)), "the value is empty");
      return;
    }
    builder_.add_identifier(*known, Cell{{}, text});
  }

  void read_fields(const value* fields, bool country) {
    if (fields == nullptr) {
      return;
    }
    const object* members = fields->if_object();
    if (members == nullptr) {
      builder_.fault("fields", "`fields` is not an object");
      return;
    }
    for (const auto& member : *members) {
      if (builder_.has_told_enough()) {
        return;
      }
      const FieldIndex field = policy_.field(std::string_view(member.key()));
      if ((field == policy_.country_field() && field != policy::kUnknownIndex) == country) {
        read_field(std::string(member.key()), field, member.value());
      }
    }
  }

  void read_field(const std::string& name, FieldIndex field, const value& content) {
    if (field == policy::kUnknownIndex) {
      const std::string near = nearest_word(name, field_names(policy_));
      builder_.fault(quoted_name(name).empty() ? "fields" : name,
                     "unknown field" + quoted_name(name) +
                         (near.empty() ? "" : "; did you mean `" + near + "`"));
      return;
    }
    const object* parts = content.if_object();
    const value* given = parts != nullptr ? parts->if_contains("value") : nullptr;
    if (given == nullptr) {
      builder_.fault(name, "a field is an object with a `value`");
      return;
    }
    refuse_others(*parts, {"value", "source", "collected_at"}, name);
    const Cell cell{{}, given};
    if (cell.absent()) {
      builder_.fault(name, "the value is empty");
      return;
    }
    const std::string source =
        builder_.source_of(Cell{{}, parts->if_contains("source")}, defaults_.source);
    const UtcTime collected_at =
        builder_.moment_of(Cell{{}, parts->if_contains("collected_at")}, defaults_.now);
    builder_.add_field(field, cell, ValueOrigin{}, source, collected_at);
  }

  const policy::PolicySet& policy_;
  const ImportDefaults& defaults_;
  RowBuilder builder_;
};

}  // namespace

std::optional<PersonRow> read_person_json(const policy::PolicySet& policy,
                                          const ImportDefaults& defaults, const value& body,
                                          std::size_t line, RowError& error) {
  return BodyReader(policy, defaults, line).read(body, error);
}

}  // namespace fieldgate::importing
