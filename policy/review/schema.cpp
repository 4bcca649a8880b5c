#include "policy/load/vocabulary.h"
#include "policy/model/transforms.h"

#include <fieldgate/policy/reason.h>
#include <fieldgate/policy/schema.h>

#include <initializer_list>
#include <utility>

namespace fieldgate::policy {

namespace {

// Each function returns JSON text.
using Words = std::vector<std::string>;
using Keys = std::vector<std::pair<std::string, std::string>>;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return out + '"';
}

std::string list(const Words& parts) {
  std::string out;
  for (const std::string& part : parts) {
    out += (out.empty() ? "" : ", ") + part;
  }
  return '[' + out + ']';
}

std::string one_of_words(const Words& words) {
  Words parts;
  for (const std::string& word : words) {
    parts.push_back(quoted(word));
  }
  return "{\"enum\": " + list(parts) + "}";
}

std::string pattern(const std::string& regex) {
  return "{\"type\": \"string\", \"pattern\": " + quoted(regex) + "}";
}

std::string any_of(const Words& schemas) {
  return "{\"anyOf\": " + list(schemas) + "}";
}

std::string ref(const std::string& name) {
  return "{\"$ref\": \"#/definitions/" + name + "\"}";
}

// A map with these keys and no others.
std::string map_of(const Keys& keys, const Words& required = {}) {
  std::string properties;
  for (const auto& [key, schema] : keys) {
    properties += (properties.empty() ? "" : ", ") + quoted(key) + ": " + schema;
  }
  std::string out = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {" +
                    properties + "}";
  if (!required.empty()) {
    Words parts;
    for (const std::string& key : required) {
      parts.push_back(quoted(key));
    }
    out += ", \"required\": " + list(parts);
  }
  return out + "}";
}

// A map from names to things; may be left empty.
std::string named(const std::string& schema) {
  return "{\"type\": [\"object\", \"null\"], \"propertyNames\": " + ref("name") +
         ", \"additionalProperties\": " + schema + "}";
}

std::string list_of(const std::string& schema) {
  return "{\"type\": [\"array\", \"null\"], \"items\": " + schema + "}";
}

const std::string kText = R"({"type": "string", "minLength": 1})";
const std::string kFlag = R"({"type": "boolean"})";

std::string transform_schema() {
  Words forms{one_of_words({"show"})};
  for (const std::string key : {"mask", "generalise"}) {
    forms.push_back(map_of({{key, one_of_words(transform_values(key))}}, {key}));
  }
  forms.push_back(map_of({{"pseudonymise", ref("name")}}, {"pseudonymise"}));
  forms.push_back(map_of({{"round", R"({"const": 2})"}}, {"round"}));
  return any_of(forms);
}

std::string keep_schema() {
  const std::string one = any_of({ref("period"), one_of_words({"until-withdrawn"})});
  return any_of({ref("period"), one_of_words({"until-withdrawn"}),
                 "{\"type\": \"object\", \"additionalProperties\": " + one + "}"});
}

std::string transfer_schema() {
  return any_of({ref("country"),
                 map_of({{"country", ref("country")}, {"safeguard", kText}, {"recipient", kText}},
                        {"country"})});
}

std::string purpose_schema() {
  const Words grounds{"contract", "law", "explicit-consent"};
  const std::string ground = one_of_words(grounds);
  return map_of(
      {{"says", kText},
       {"benefit", kText},
       {"purpose", ref("term")},
       {"basis", one_of_words(kBases)},
       {"law", kText},
       {"art9", one_of_words(kArt9Conditions)},
       {"art10", kText},
       {"direct_marketing", kFlag},
       {"profiling", kFlag},
       {"consent", map_of({{"text", kText}, {"refresh_after", ref("period")}}, {"text"})},
       {"automated_decision",
        any_of(
            {kFlag, one_of_words({"none"}), ground,
             map_of({{"ground", any_of({kFlag, ground})}, {"says", kText}, {"safeguards", kText}},
                    {"ground"})})},
       {"fields", ref("fieldForms")},
       {"levels",
        "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 16, "
        "\"propertyNames\": {\"not\": {\"const\": \"off\"}}, "
        "\"additionalProperties\": " +
            ref("fieldForms") + "}"},
       {"recipients", ref("words")},
       {"data_subjects", ref("words")},
       {"keep", keep_schema()},
       {"balancing_test", kText},
       {"only_when", any_of({kText, ref("moment"), list_of(any_of({kText, ref("moment")}))})},
       {"transfers", any_of({transfer_schema(), list_of(transfer_schema())})},
       {"compatible_with",
        any_of({ref("words"), map_of({{"purpose", ref("words")}, {"test", kText}}, {"purpose"})})},
       {"when_restricted",
        one_of_words({"legal-claims", "rights-of-others", "important-public-interest"})}},
      {"basis", "fields"});
}

std::string minors_schema() {
  const std::string below = one_of_words({"guardian", "child-and-guardian"});
  const auto by_country = [](const std::string& schema) {
    return "{\"type\": \"object\", \"propertyNames\": {\"pattern\": \"^(default|[A-Z]{2})$\"}, "
           "\"additionalProperties\": " +
           schema + "}";
  };
  return map_of({{"age_from", kText},
                 {"thresholds", by_country(R"({"type": "integer", "minimum": 13, "maximum": 18})")},
                 {"unknown_age", one_of_words({"deny", "allow", "guardian"})},
                 {"below", any_of({below, by_country(below)})}});
}

std::string invariant_schema() {
  const Words precisions{"year", "band-10", "prefix-2", "city", "country", "last-4", "show"};
  return map_of({{"it", kText},
                 {"never", map_of({{"apps", ref("words")},
                                   {"apps_except", ref("words")},
                                   {"purposes", ref("words")},
                                   {"purposes_except", ref("words")},
                                   {"field", ref("words")},
                                   {"fields", ref("words")},
                                   {"finer_than", one_of_words(precisions)}})}},
                {"it", "never"});
}

std::string test_schema() {
  const std::string consent = map_of({{"state", one_of_words(kConsentStates)},
                                      {"text", kText},
                                      {"at", ref("time")},
                                      {"level", kText},
                                      {"explicit", kFlag}},
                                     {"state"});
  const std::string objection =
      map_of({{"state", one_of_words({"open", "withdrawn", "overruled", "raised"})},
              {"at", ref("time")},
              {"grounds", kText}},
             {"state"});
  const std::string value =
      any_of({R"({"type": "null"})", map_of({{"collected_at", ref("time")}})});
  const std::string person =
      map_of({{"country", ref("country")},
              {"age", R"({"type": "integer"})"},
              {"birth_date", ref("date")},
              {"restricted", any_of({kFlag, map_of({{"at", ref("time")}}, {"at"})})},
              {"erased", kFlag},
              {"consents", named(consent)},
              {"guardian", named(consent)},
              {"objections", named(objection)},
              {"values", named(value)}});
  const std::string context = map_of({{"channel", kText},
                                      {"country", kText},
                                      {"place", kText},
                                      {"device", kText},
                                      {"event", kText}});
  Words codes;
  for (auto code = static_cast<int>(ReasonCode::kUnknownField);
       code <= static_cast<int>(ReasonCode::kCannotDecide); ++code) {
    codes.emplace_back(reason_name(static_cast<ReasonCode>(code)));
  }
  const std::string reason = one_of_words(codes);
  return map_of(
      {{"it", kText},
       {"now", ref("time")},
       {"ask",
        map_of({{"app", kText}, {"purpose", kText}, {"fields", ref("words")}, {"context", context}},
               {"app", "purpose"})},
       {"person", any_of({R"({"type": "null"})", person})},
       {"expect",
        map_of({{"decision", one_of_words({"allow", "partial", "deny"})},
                {"fields", ref("words")},
                {"withheld", "{\"type\": \"object\", \"additionalProperties\": " + reason + "}"},
                {"code", reason}})}},
      {"it", "now", "ask", "expect"});
}

std::string definitions() {
  const Keys all{
      {"name", R"({"pattern": "^[^\\s-]\\S*$", "maxLength": 64})"},
      {"words",
       any_of({kText, "{\"type\": \"array\", \"uniqueItems\": true, \"items\": " + kText + "}"})},
      {"country", pattern("^[A-Z]{2}$")},
      {"term", pattern("^[^:]+:.+$")},
      {"date", pattern("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")},
      {"time", pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}")},
      {"period", pattern("^P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?"
                         "(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$")},
      {"transform", transform_schema()},
      {"fieldForms", named(ref("transform"))},
      {"moment", map_of({{"says", kText},
                         {"hours", ref("words")},
                         {"channel", ref("words")},
                         {"country", ref("words")},
                         {"place", ref("words")},
                         {"device", ref("words")},
                         {"event", ref("words")}})}};
  std::string out;
  for (const auto& [name, schema] : all) {
    out += (out.empty() ? "    " : ",\n    ") + quoted(name) + ": " + schema;
  }
  return out;
}

Keys sections() {
  const std::string version = map_of({{"from", ref("date")},
                                      {"processing_changed", kFlag},
                                      {"files",
                                       "{\"type\": \"object\", \"minProperties\": 1, "
                                       "\"additionalProperties\": " +
                                           kText + "}"}},
                                     {"from", "files"});
  return {
      {"policy", kText},
      {"controller", map_of({{"name", kText},
                             {"dpo", kText},
                             {"country", ref("country")},
                             {"says", kText},
                             {"address", kText},
                             {"authority", kText},
                             {"representative", kText},
                             {"joint_controllers", ref("words")},
                             {"data_subjects", ref("words")},
                             {"security_measures", ref("words")}},
                            {"name"})},
      {"fields", named(map_of({{"says", kText},
                               {"type", one_of_words(kFieldTypes)},
                               {"category", ref("term")},
                               {"special", one_of_words({"art9", "art10"})},
                               {"identifier", one_of_words({"direct", "indirect"})},
                               {"source", kText}},
                              {"type"}))},
      {"purposes", named(purpose_schema())},
      {"recipients", named(map_of({{"says", kText},
                                   {"role", one_of_words(kRecipientRoles)},
                                   {"contract", kText},
                                   {"country", ref("country")},
                                   {"safeguard", kText},
                                   {"purposes", ref("words")}},
                                  {"role"}))},
      {"apps",
       named(map_of({{"says", kText},
                     {"recipient", kText},
                     {"purposes", ref("words")},
                     {"default_purpose", kText},
                     {"roles", any_of({one_of_words(kAppRoles), list_of(one_of_words(kAppRoles))})},
                     {"reason_detail", one_of_words({"full", "code", "none"})}},
                    {"recipient"}))},
      {"minors", minors_schema()},
      {"consent_texts", named("{\"type\": \"object\", \"minProperties\": 1, "
                              "\"additionalProperties\": " +
                              version + "}")},
      {"moments", named(ref("moment"))},
      {"invariants", list_of(invariant_schema())},
      {"tests", list_of(test_schema())}};
}

}  // namespace

std::string policy_schema() {
  std::string out =
      "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
      "  \"title\": \"A file of a Fieldgate policy\",\n"
      "  \"type\": \"object\",\n  \"additionalProperties\": false,\n  \"properties\": {\n";
  std::string properties;
  for (const auto& [key, schema] : sections()) {
    properties += (properties.empty() ? "    " : ",\n    ") + quoted(key) + ": " + schema;
  }
  return out + properties + "\n  },\n  \"definitions\": {\n" + definitions() + "\n  }\n}\n";
}

}  // namespace fieldgate::policy
