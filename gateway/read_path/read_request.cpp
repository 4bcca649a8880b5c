#include "gateway/read_path/read_request.h"

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/crypto/identifiers.h>

#include <algorithm>
#include <string>

namespace fieldgate::read_path {

namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

std::string quoted(std::string_view word) {
  return '`' + std::string(word) + '`';
}

}  // namespace

Result<policy::Context> parse_moment(const boost::json::object& object) {
  policy::Context context;
  for (const auto& [name, into] :
       {std::pair{"channel", &context.channel}, std::pair{"country", &context.country},
        std::pair{"place", &context.place}, std::pair{"device", &context.device},
        std::pair{"event", &context.event}}) {
    if (object.contains(name)) {
      FIELDGATE_TRY(*into, text_member(object, name));
    }
  }
  return context;
}

Result<void> parse_field_names(const boost::json::value& fields, ReadRequest& request) {
  const auto* list = fields.if_array();
  if (list == nullptr || list->empty()) {
    return invalid("`fields` must be a list of field names; leave it out for all of them");
  }
  if (list->size() > kMaxAskedFields) {
    return invalid("`fields` names more than " + std::to_string(kMaxAskedFields) + " fields");
  }
  request.all_fields = false;
  request.fields.reserve(list->size());
  for (const boost::json::value& name : *list) {
    const auto* text = name.if_string();
    if (text == nullptr || text->empty()) {
      return invalid("`fields` must hold names only");
    }
    request.fields.emplace_back(text->data(), text->size());
  }
  return ok();
}

Result<std::string_view> text_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) {
    return invalid("member " + quoted(name) + " is missing");
  }
  const auto* text = value->if_string();
  if (text == nullptr || text->empty()) {
    return invalid("member " + quoted(name) + " must be a string that is not empty");
  }
  return std::string_view(text->data(), text->size());
}

Result<void> only_members(const boost::json::object& object,
                          std::initializer_list<std::string_view> known) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      // The name is repeated only when it is near a known one: anything else may be personal data.
      const std::string near =
          nearest_word(name, std::vector<std::string>(known.begin(), known.end()));
      return invalid(near.empty() ? std::string("the body has a member that is not known here")
                                  : "unknown member; did you mean " + quoted(near) + "?");
    }
  }
  return ok();
}

Result<PersonReference> parse_person_reference(const boost::json::object& body) {
  const boost::json::value* identifier = body.if_contains("identifier");
  const bool has_subject = body.contains("subject");
  if ((identifier != nullptr) == has_subject) {
    return invalid("give either `identifier` or `subject`");
  }
  PersonReference person;
  if (has_subject) {
    FIELDGATE_TRY(person.pseudonym, text_member(body, "subject"));
    return person;
  }
  const auto* object = identifier->if_object();
  if (object == nullptr) {
    return invalid("`identifier` must be an object with `type` and `value`");
  }
  FIELDGATE_CHECK_OK(only_members(*object, {"type", "value"}));
  FIELDGATE_TRY(const std::string_view type_word, text_member(*object, "type"));
  const auto type = crypto::parse_identifier_type(type_word);
  if (!type) {
    return invalid("`identifier.type` must be one of email, phone, account_id");
  }
  person.type = *type;
  FIELDGATE_TRY(person.value, text_member(*object, "value"));
  return person;
}

Result<ReadRequest> parse_read_request(const boost::json::value& value) {
  const auto* body = value.if_object();
  if (body == nullptr) {
    return invalid("the body must be a JSON object");
  }
  FIELDGATE_CHECK_OK(
      only_members(*body, {"identifier", "subject", "purpose", "fields", "context"}));
  ReadRequest request;
  FIELDGATE_TRY(const PersonReference person, parse_person_reference(*body));
  request.identifier_type = person.type;
  request.identifier_value = person.value;
  request.pseudonym = person.pseudonym;
  FIELDGATE_TRY(request.purpose, text_member(*body, "purpose"));
  if (const boost::json::value* fields = body->if_contains("fields")) {
    FIELDGATE_CHECK_OK(parse_field_names(*fields, request));
  }
  if (const boost::json::value* context = body->if_contains("context")) {
    const auto* object = context->if_object();
    if (object == nullptr) {
      return invalid("`context` must be an object");
    }
    FIELDGATE_CHECK_OK(only_members(*object, {"channel", "country", "place", "device", "event"}));
    FIELDGATE_TRY(request.context, parse_moment(*object));
  }
  return request;
}

}  // namespace fieldgate::read_path
