// The body of a read, checked for form only.
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/policy/engine.h>

#include <boost/json/object.hpp>

#include <string_view>
#include <vector>

namespace fieldgate::read_path {

/// Most names in `fields`; one more is refused.
inline constexpr std::size_t kMaxAskedFields = kMaxFields;

/// Views into the parsed body, which must outlive it. Either `identifier_value` or `pseudonym`.
struct ReadRequest {
  IdentifierType identifier_type = IdentifierType::kEmail;
  std::string_view identifier_value;
  std::string_view pseudonym;
  std::string_view purpose;
  bool all_fields = true;
  std::vector<std::string_view> fields;
  policy::Context context;
};

/// Reads `{identifier|subject, purpose, fields?, context?}`; unknown members, wrong types, empty
/// names and both or neither of identifier and subject are `kInvalid`, naming the member.
[[nodiscard]] Result<ReadRequest> parse_read_request(const boost::json::value& body);

/// Reads the names of a `fields` member into `request`; `kInvalid` for no list, an empty one, too
/// many names, or what is no name.
[[nodiscard]] Result<void> parse_field_names(const boost::json::value& fields,
                                             ReadRequest& request);
/// Reads where and how a read happens (channel, country, place, device, event); other members are
/// the caller's business. The texts are views.
[[nodiscard]] Result<policy::Context> parse_moment(const boost::json::object& context);

/// What names a person in every body: `"identifier": {"type", "value"}` or `"subject"`.
struct PersonReference {
  IdentifierType type = IdentifierType::kEmail;
  std::string_view value;
  std::string_view pseudonym;
};
[[nodiscard]] Result<PersonReference> parse_person_reference(const boost::json::object& body);

/// The text member `name`; `kInvalid` when it is absent, empty, or no string.
[[nodiscard]] Result<std::string_view> text_member(const boost::json::object& object,
                                                   std::string_view name);
/// `kInvalid` naming the first member that is not in `known`.
[[nodiscard]] Result<void> only_members(const boost::json::object& object,
                                        std::initializer_list<std::string_view> known);

}  // namespace fieldgate::read_path
