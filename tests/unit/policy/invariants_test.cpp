// Never-rules: each break has a counterexample that the engine itself confirms.
#include "policy/review/states.h"
#include "policy_fixture.h"

#include <fieldgate/policy/invariants.h>

#include <algorithm>

namespace fieldgate::policy::testing {
namespace {

const std::string kHead = R"(policy: "1"
fields: {name: {type: text}, born: {type: date}, card: {type: text}}
recipients:
  shop: {role: controller, country: IE}
  post: {role: processor, contract: D-1, country: DE, purposes: [letters]}
apps:
  web: {recipient: shop, purposes: [letters, offers, nights]}
  sender: {recipient: post, purposes: [letters, offers]}
moments:
  day: {hours: "07:00-22:00 Europe/Dublin", channel: [web, app]}
  store: {channel: [app], event: ["at \"the\" door"]}
  night: {hours: "22:00-07:00 Europe/Dublin"}
purposes:
  letters: {basis: contract, fields: {name: show, card: {mask: last-4}}}
  offers:
    basis: consent
    art9: explicit-consent
    consent: {text: t}
    fields: {born: {generalise: band-10}}
    levels: {low: {}, high: {name: show, born: {generalise: band-10}}}
    only_when: [day, store]
  nights: {basis: contract, fields: {born: show}, only_when: [day, night]}
minors: {age_from: born}
consent_texts:
  t:
    v1: {from: 2026-01-01, files: {en: t.md}}
    v2: {from: 2031-01-01, processing_changed: true, files: {en: t2.md}}
)";

InvariantResult check_one(const std::string& never) {
  const PolicySnapshot policy =
      must_load(kHead + "invariants:\n  - it: it holds\n    never: {" + never + "}\n");
  if (policy == nullptr) {
    return {};
  }
  const auto results = check_invariants(*policy);
  EXPECT_EQ(results.size(), 1U);
  if (results.at(0).broken_by) {
    // The counterexample is a request that `explain` answers with the forbidden field.
    const Counterexample& found = *results[0].broken_by;
    const ExplainResult answer = explain_request(*policy, found.request, "request.yaml");
    EXPECT_TRUE(answer.explanation.has_value()) << found.request << words(answer.findings);
    if (answer.explanation) {
      EXPECT_EQ(answer.explanation->decision.outcome, Outcome::kAllow) << found.request;
      EXPECT_TRUE(answer.explanation->decision.released.test(policy->field(found.field)));
    }
  }
  return results.at(0);
}

std::string broken_by(const std::string& never) {
  const InvariantResult result = check_one(never);
  if (!result.broken_by) {
    return "holds";
  }
  const Counterexample& found = *result.broken_by;
  return found.app + '/' + found.purpose + '/' + found.field + " line " +
         std::to_string(found.where.line);
}

TEST(Invariants, NameTheGrantThatBreaksThem) {
  EXPECT_EQ(broken_by("field: name"), "web/letters/name line 14");
  EXPECT_EQ(broken_by("apps: [sender], field: name"), "sender/letters/name line 14");
  EXPECT_EQ(broken_by("apps_except: [web], fields: [born, name]"), "sender/letters/name line 14");
  EXPECT_EQ(broken_by("purposes_except: [letters], field: name"), "web/offers/name line 20");
}

TEST(Invariants, HoldWhereNoGrantReachesTheField) {
  EXPECT_EQ(broken_by("apps: [sender], field: born"), "holds") << "its contract excludes `offers`";
  EXPECT_EQ(broken_by("field: born, finer_than: band-10"), "holds");
  EXPECT_EQ(broken_by("purposes: [letters], field: born"), "holds");
}

TEST(Invariants, SearchTheStateThatOpensAPurpose) {
  // High level, explicit, the newest text, by day, in the store channel, at the door.
  const InvariantResult result = check_one("purposes: [offers], field: name");
  ASSERT_TRUE(result.broken_by.has_value());
  for (const char* part : {"level: high", "explicit: true", "text: v2", "channel: \"app\"",
                           "event: \"at \\\"the\\\" door\"", "now: 2031-"}) {
    EXPECT_NE(result.broken_by->request.find(part), std::string::npos)
        << part << " in " << result.broken_by->request;
  }
}

TEST(Invariants, HoldWhereNoStateOpensThePurpose) {
  // `nights` shows the date of birth, but only when it is both day and night.
  EXPECT_EQ(broken_by("purposes: [nights], field: born"), "holds");
}

TEST(Invariants, CompareForms) {
  EXPECT_EQ(broken_by("field: card, finer_than: last-4"), "holds");
  EXPECT_EQ(broken_by("field: card, finer_than: prefix-2"), "web/letters/card line 14")
      << "the last four characters tell what the first two do not";
  EXPECT_EQ(broken_by("field: name, finer_than: show"), "holds");
}

TEST(Invariants, AreErrorsOfTheCheckToo) {
  const PolicySnapshot policy =
      must_load(kHead + "invariants:\n  - it: nobody\n    never: {field: name}\n");
  ASSERT_NE(policy, nullptr);
  const auto findings = lint_policy(*policy, {});
  const auto broken = std::count_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.code == "invariant-broken" && finding.severity == Severity::kError;
  });
  EXPECT_EQ(broken, 1);
}

// The search is no sample: every state of the purpose is visited once.
TEST(Invariants, GoThroughAllStates) {
  const PolicySnapshot policy = must_load(kHead);
  ASSERT_NE(policy, nullptr);
  const CompiledPolicy* compiled = as_compiled(policy.get());
  const Engine engine(policy);
  for (const char* name : {"letters", "offers"}) {
    const PurposeIndex purpose = policy->purpose(name);
    std::size_t visited = 0;
    std::size_t open = 0;
    const auto found = find_state(*compiled, 0, purpose, policy->field("name"),
                                  [&](const Question& question, const PersonFacts& person) {
                                    ++visited;
                                    open +=
                                        engine.decide(question, person).released.empty() ? 0U : 1U;
                                    return false;
                                  });
    EXPECT_FALSE(found.has_value());
    EXPECT_EQ(visited, count_states(*compiled, purpose));
    EXPECT_GT(open, 0U);
    EXPECT_LT(open, visited);
    std::cout << name << ": " << visited << " states, " << open << " of them open\n";
  }
}

}  // namespace
}  // namespace fieldgate::policy::testing
