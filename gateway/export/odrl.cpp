#include "gateway/export/export.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace fieldgate::exporting {

namespace {

namespace json = boost::json;
using policy::DeclaredCondition;
using policy::DeclaredField;
using policy::DeclaredPurpose;

json::object constraint(std::string_view left, std::string_view operation, json::value right) {
  return {{"leftOperand", json::string(left)},
          {"operator", json::string(operation)},
          {"rightOperand", std::move(right)}};
}

json::value purpose_operand(const DeclaredPurpose& purpose) {
  return json::object{
      {"@id", purpose.term.iri.empty() ? urn("purpose", purpose.name) : purpose.term.iri}};
}

// ODRL has operands of its own for some of the conditions.
std::string_view operand_of(std::string_view what) {
  if (what == "channel") {
    return "deliveryChannel";
  }
  if (what == "country") {
    return "spatial";
  }
  if (what == "device") {
    return "systemDevice";
  }
  return what == "event"   ? "event"
         : what == "place" ? "urn:fieldgate:term:place"
                           : "urn:fieldgate:term:hours";
}

json::object condition(const DeclaredCondition& condition) {
  json::array words;
  for (const std::string& word : condition.words) {
    words.push_back(json::value(word));
  }
  const bool one = words.size() == 1;
  return constraint(operand_of(condition.what), one ? "eq" : "isAnyOf",
                    one ? words[0] : json::value(std::move(words)));
}

// To read is refined by the form in which the value is seen.
json::array read_in_form(std::string_view operation, const std::string& form) {
  return {json::object{{"rdf:value", json::object{{"@id", "odrl:read"}}},
                       {"refinement", json::array{constraint("urn:fieldgate:term:form", operation,
                                                             json::value(form))}}}};
}

json::object permission(const DeclaredPurpose& purpose, const std::string& app,
                        const std::string& controller, const DeclaredField& like,
                        json::array targets) {
  json::array constraints{constraint("purpose", "isA", purpose_operand(purpose))};
  if (!like.level.empty()) {
    constraints.push_back(
        constraint("urn:fieldgate:term:consentLevel", "gteq", json::value(like.level)));
  }
  for (const DeclaredCondition& one : purpose.conditions) {
    constraints.push_back(condition(one));
  }
  json::array duties;
  if (!purpose.consent_text.empty()) {
    duties.push_back(json::object{{"action", "obtainConsent"}});
  }
  if (!like.keep_iso.empty()) {
    duties.push_back(json::object{
        {"action", "delete"},
        {"constraint", json::array{constraint(
                           "elapsedTime", "lteq",
                           json::object{{"@value", like.keep_iso}, {"@type", "xsd:duration"}})}}});
  }
  json::object out{{"assigner", controller},
                   {"assignee", urn("app", app)},
                   {"target", std::move(targets)},
                   {"action", read_in_form("eq", like.form)},
                   {"constraint", std::move(constraints)}};
  if (!duties.empty()) {
    out["duty"] = std::move(duties);
  }
  return out;
}

void permit(json::array& permissions, const DeclaredPurpose& purpose,
            const std::string& controller) {
  // Fields that are given alike stand in one permission.
  using Alike = std::tuple<std::string, std::string, std::string>;
  std::map<Alike, std::pair<const DeclaredField*, json::array>> groups;
  for (const DeclaredField& field : purpose.fields) {
    auto& [like, targets] = groups[{field.form, field.level, field.keep}];
    like = &field;
    targets.push_back(json::value(urn("field", field.name)));
  }
  for (const policy::DeclaredApp& app : purpose.apps) {
    for (const auto& [alike, group] : groups) {
      permissions.push_back(permission(purpose, app.name, controller, *group.first, group.second));
    }
  }
}

void prohibit(json::array& prohibitions, const policy::DeclaredProhibition& never,
              const std::string& controller, const std::vector<DeclaredPurpose>& purposes) {
  json::array targets;
  for (const std::string& field : never.fields) {
    targets.push_back(json::value(urn("field", field)));
  }
  json::array operands;
  if (never.purposes.size() != purposes.size()) {
    for (const DeclaredPurpose& purpose : purposes) {
      if (std::find(never.purposes.begin(), never.purposes.end(), purpose.name) !=
          never.purposes.end()) {
        operands.push_back(purpose_operand(purpose));
      }
    }
  }
  for (const std::string& app : never.apps) {
    json::object one{{"assigner", controller},
                     {"assignee", urn("app", app)},
                     {"target", targets},
                     {"dct:description", never.it}};
    if (never.finer_than.empty()) {
      one["action"] = "read";
    } else {
      one["action"] = read_in_form("gt", never.finer_than);
    }
    if (!operands.empty()) {
      one["constraint"] = json::array{constraint("purpose", "isAnyOf", operands)};
    }
    prohibitions.push_back(std::move(one));
  }
}

}  // namespace

json::object odrl_policy(const policy::ProcessingRegister& declared) {
  const std::string controller = urn("controller", declared.controller);
  json::array permissions;
  for (const DeclaredPurpose& purpose : declared.purposes) {
    permit(permissions, purpose, controller);
  }
  json::array prohibitions;
  for (const policy::DeclaredProhibition& never : declared.prohibitions) {
    prohibit(prohibitions, never, controller, declared.purposes);
  }
  json::object out{
      {"@context", json::array{"http://www.w3.org/ns/odrl.jsonld",
                               json::object{{"dct", "http://purl.org/dc/terms/"},
                                            {"xsd", "http://www.w3.org/2001/XMLSchema#"}}}},
      {"@type", "Set"},
      {"uid", urn("policy", declared.version)},
      {"profile", "urn:fieldgate:odrl:1"},
      {"conflict", "prohibit"}};
  // A rule list that is empty is not allowed; a policy without apps permits nothing.
  if (!permissions.empty()) {
    out["permission"] = std::move(permissions);
  }
  if (!prohibitions.empty()) {
    out["prohibition"] = std::move(prohibitions);
  }
  return out;
}

}  // namespace fieldgate::exporting
