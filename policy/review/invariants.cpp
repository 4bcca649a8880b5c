#include "policy/model/transforms.h"
#include "policy/review/states.h"

#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/invariants.h>
#include <fieldgate/policy/yaml.h>

#include <algorithm>

namespace fieldgate::policy {

namespace {

// A name as YAML takes it; names have letters, digits, `-` and `_` only.
std::string yaml_name(const std::string& name) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.scalar = name;
  return is_ambiguous_plain(node) ? '"' + name + '"' : name;
}

std::string yaml_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return out + '"';
}

class RequestWriter {
 public:
  RequestWriter(const CompiledPolicy& policy, const TestCase& read)
      : policy_(policy), read_(read), purpose_(policy.purposes_[read.purpose]) {}

  std::string write() {
    std::string fields;
    read_.asked.for_each([&](FieldIndex field) {
      fields += (fields.empty() ? "" : ", ") + yaml_name(policy_.fields_[field].name);
    });
    return "now: " + format_rfc3339(read_.now) + "\nask: {app: " + yaml_name(read_.app_name) +
           ", purpose: " + yaml_name(read_.purpose_name) + ", fields: [" + fields + "]" +
           context() + "}\nperson: {" + person() + "}\n";
  }

 private:
  [[nodiscard]] std::string context() const {
    constexpr std::array<std::string_view, 5> kKeys{"channel", "country", "place", "device",
                                                    "event"};
    std::string words;
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      if (!read_.context[i].empty()) {
        words += (words.empty() ? "" : ", ") + std::string(kKeys[i]) + ": " +
                 yaml_text(read_.context[i]);
      }
    }
    return words.empty() ? "" : ", context: {" + words + "}";
  }

  std::string consents(const std::vector<ConsentFact>& facts) {
    std::string words;
    for (const ConsentFact& fact : facts) {
      words += (words.empty() ? "" : ", ") + yaml_name(purpose_.name) +
               ": {state: " + std::string(consent_status_name(fact.status));
      if (purpose_.consent_text != kUnknownIndex) {
        const auto& versions = policy_.texts_[purpose_.consent_text].versions;
        words += ", text: " + yaml_name(versions[fact.text_version].name);
      }
      if (!purpose_.levels.empty()) {
        words += ", level: " + yaml_name(purpose_.levels[fact.level].name);
      }
      words += ", at: " + format_rfc3339(fact.at);
      words += fact.is_explicit ? ", explicit: true}" : "}";
    }
    return words;
  }

  std::string objections() {
    std::string words;
    for (const ObjectionFact& fact : read_.person.objections) {
      words += words.empty() ? "" : ", ";
      words += fact.purpose == kDirectMarketing ? std::string(kDirectMarketingName)
                                                : yaml_name(purpose_.name);
      words += ": {state: ";
      words += fact.status == ObjectionStatus::kRaised      ? "open"
               : fact.status == ObjectionStatus::kWithdrawn ? "withdrawn"
                                                            : "overruled, grounds: on record";
      words += ", at: " + format_rfc3339(fact.at) + '}';
    }
    return words;
  }

  std::string person() {
    std::string words;
    const auto add = [&](const std::string& key, const std::string& value) {
      if (!value.empty()) {
        words += (words.empty() ? "" : ", ") + key + ": " + value;
      }
    };
    const auto in_braces = [](const std::string& value) {
      return value.empty() ? value : '{' + value + '}';
    };
    const PersonRecord& person = read_.person;
    add("age", person.age ? std::to_string(*person.age) : "");
    add("erased", person.erased ? "true" : "");
    add("restricted",
        person.restricted_since ? "{at: " + format_rfc3339(*person.restricted_since) + "}" : "");
    add("consents", in_braces(consents(person.consents)));
    add("guardian", in_braces(consents(person.guardian_consents)));
    add("objections", in_braces(objections()));
    return words;
  }

  const CompiledPolicy& policy_;
  const TestCase& read_;
  const Purpose& purpose_;
};

// Two forms that cannot be compared tell different things, so that one tells more than the other
// as well; but a pseudonym tells nothing of the value.
bool tells_more(const Transform& form, TransformKind bound) {
  const Transform limit{bound, 0};
  return form.kind != bound && !is_finer(limit, form) && form.kind != TransformKind::kPseudonymise;
}

bool forbids(const Invariant& invariant, const FieldRule& rule) {
  const bool named = std::find(invariant.fields.begin(), invariant.fields.end(), rule.field) !=
                     invariant.fields.end();
  return named && (!invariant.finer_than || tells_more(rule.transform, *invariant.finer_than));
}

std::optional<Counterexample> find_break(const CompiledPolicy& policy, const Engine& engine,
                                         const Invariant& invariant) {
  for (const AppIndex app : invariant.apps) {
    for (const PurposeIndex purpose : invariant.purposes) {
      if (!policy.may_read(app, purpose)) {
        continue;
      }
      for (const FieldRule& rule : policy.purpose_rules_[purpose].rules) {
        if (!forbids(invariant, rule)) {
          continue;
        }
        const auto state =
            find_state(policy, app, purpose, rule.field,
                       [&](const Question& question, const PersonFacts& person) {
                         return engine.decide(question, person).released.test(rule.field);
                       });
        if (state) {
          return Counterexample{
              policy.apps_[app].name,          policy.purposes_[purpose].name,
              policy.fields_[rule.field].name, transform_sight(policy, rule.transform),
              policy.position(rule.where),     RequestWriter(policy, *state).write()};
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<InvariantResult> check_invariants(const PolicySet& policy) {
  std::vector<InvariantResult> results;
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return results;
  }
  // The engine shares ownership; the caller's reference outlives it.
  const Engine engine(PolicySnapshot(PolicySnapshot{}, &policy));
  for (const Invariant& invariant : compiled->invariants_) {
    results.push_back({invariant.it, compiled->position(invariant.where),
                       find_break(*compiled, engine, invariant)});
  }
  return results;
}

}  // namespace fieldgate::policy
