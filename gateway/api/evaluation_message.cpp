#include "gateway/api/evaluation_message.h"

#include "gateway/read_path/read_request.h"

#include <string>
#include <utility>

namespace fieldgate::api {

namespace {

using boost::json::object;
using boost::json::value;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

std::string quoted(std::string_view name) {
  return '`' + std::string(name) + '`';
}

// The object `name`, or null when it is absent.
Result<const object*> object_member(const object& from, std::string_view name) {
  const value* member = from.if_contains(name);
  if (member == nullptr) {
    return nullptr;
  }
  if (!member->is_object()) {
    return invalid("member " + quoted(name) + " must be an object");
  }
  return &member->get_object();
}

Result<const object*> object_or_default(const object& own, const object* defaults,
                                        std::string_view name) {
  FIELDGATE_TRY(const object* found, object_member(own, name));
  if (found == nullptr && defaults != nullptr) {
    return object_member(*defaults, name);
  }
  return found;
}

Result<const object*> needed_object(const object& own, const object* defaults,
                                    std::string_view name) {
  FIELDGATE_TRY(const object* found, object_or_default(own, defaults, name));
  if (found == nullptr) {
    return invalid("member " + quoted(name) + " is missing");
  }
  return found;
}

Result<EvaluationEntity> parse_entity(const object& from) {
  EvaluationEntity entity;
  FIELDGATE_TRY(entity.type, read_path::text_member(from, "type"));
  FIELDGATE_TRY(entity.id, read_path::text_member(from, "id"));
  FIELDGATE_TRY(entity.properties, object_member(from, "properties"));
  return entity;
}

Result<EvaluationsSemantic> parse_semantic(const object& whole) {
  FIELDGATE_TRY(const object* options, object_member(whole, "options"));
  if (options == nullptr || !options->contains("evaluations_semantic")) {
    return EvaluationsSemantic::kExecuteAll;
  }
  FIELDGATE_TRY(const std::string_view word,
                read_path::text_member(*options, "evaluations_semantic"));
  if (word == "execute_all") {
    return EvaluationsSemantic::kExecuteAll;
  }
  if (word == "deny_on_first_deny") {
    return EvaluationsSemantic::kDenyOnFirstDeny;
  }
  if (word == "permit_on_first_permit") {
    return EvaluationsSemantic::kPermitOnFirstPermit;
  }
  return invalid(
      "`options.evaluations_semantic` must be one of execute_all, deny_on_first_deny, "
      "permit_on_first_permit");
}

}  // namespace

Result<Evaluation> parse_evaluation(const value& own, const object* defaults) {
  const object* body = own.if_object();
  if (body == nullptr) {
    return invalid("an evaluation must be a JSON object");
  }
  Evaluation evaluation;
  FIELDGATE_TRY(const object* subject, needed_object(*body, defaults, "subject"));
  FIELDGATE_TRY(evaluation.subject, parse_entity(*subject));
  FIELDGATE_TRY(const object* action, needed_object(*body, defaults, "action"));
  FIELDGATE_TRY(evaluation.action, read_path::text_member(*action, "name"));
  FIELDGATE_TRY(evaluation.action_properties, object_member(*action, "properties"));
  FIELDGATE_TRY(const object* resource, needed_object(*body, defaults, "resource"));
  FIELDGATE_TRY(evaluation.resource, parse_entity(*resource));
  FIELDGATE_TRY(evaluation.context, object_or_default(*body, defaults, "context"));
  return evaluation;
}

Result<EvaluationsMessage> parse_evaluations(const value& body) {
  EvaluationsMessage message;
  message.whole = body.if_object();
  if (message.whole == nullptr) {
    return invalid("the body must be a JSON object");
  }
  FIELDGATE_TRY(message.semantic, parse_semantic(*message.whole));
  const value* list = message.whole->if_contains("evaluations");
  if (list == nullptr) {
    return message;
  }
  if (!list->is_array() || list->get_array().size() > kMaxEvaluations) {
    return invalid("`evaluations` must be a list of at most " + std::to_string(kMaxEvaluations) +
                   " evaluations");
  }
  for (const std::string_view name : {"subject", "action", "resource", "context"}) {
    FIELDGATE_TRY([[maybe_unused]] const object* common, object_member(*message.whole, name));
  }
  message.list = list->get_array().empty() ? nullptr : &list->get_array();
  return message;
}

}  // namespace fieldgate::api
