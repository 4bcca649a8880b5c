// Rule 35: adding a withdrawal, an objection or a restriction never enlarges what is released.
// Random policies and random histories, from a fixed seed; a failing case is made small.
#include "policy_fixture.h"

#include <fieldgate/policy/consent_state.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace fieldgate::policy::testing {
namespace {

constexpr int kPurposes = 4;
constexpr int kFields = 5;
const UtcTime kNow = UtcTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 2}};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int limit) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(limit)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

std::string random_policy(Dice& dice) {
  static const char* const kBases[] = {"consent",        "contract",    "legal-obligation",
                                       "vital-interest", "public-task", "legitimate-interest"};
  static const char* const kUnknown[] = {"deny", "allow", "guardian"};
  std::string text = "policy: random\nfields:\n  born: {type: date}\n";
  for (int i = 0; i < kFields; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
  }
  text +=
      "recipients:\n  r: {role: controller}\napps:\n  a: {recipient: r, purposes: [p0, p1, p2, "
      "p3]}\n";
  std::string purposes = "purposes:\n";
  std::string texts = "consent_texts:\n";
  for (int i = 0; i < kPurposes; ++i) {
    const std::string n = std::to_string(i);
    const int basis = dice.chance(50) ? 0 : dice.below(6);
    purposes += "  p" + n + ":\n    basis: " + kBases[basis] + "\n";
    if (dice.chance(40)) {
      purposes += "    direct_marketing: true\n";
    }
    if (dice.chance(20)) {
      purposes += "    profiling: true\n    compatible_with: p" +
                  std::to_string((i + 1) % kPurposes) + "\n";
    }
    if (dice.chance(10)) {
      purposes += "    when_restricted: legal-claims\n";
    }
    const bool art9 = dice.chance(15);
    if (art9) {
      purposes += "    art9: explicit-consent\n";
    }
    const bool consent = basis == 0 || art9;
    if (consent) {
      purposes +=
          "    consent: {text: t" + n + (dice.chance(50) ? ", refresh_after: P12M" : "") + "}\n";
    }
    purposes += "    fields: {";
    for (int f = 0; f < kFields; ++f) {
      if (dice.chance(50)) {
        purposes += "f" + std::to_string(f) + ": show, ";
      }
    }
    purposes += "born: show}\n    keep: P2Y\n";
    if (consent && dice.chance(50)) {
      purposes += "    levels: {low: {}, high: {f0: show, f1: show}}\n";
    }
    texts += "  t" + n +
             ":\n    v1: {from: 2024-01-01, files: {en: a.md}}\n    v2: {from: 2025-06-01, "
             "processing_changed: " +
             (dice.chance(50) ? "true" : "false") + ", files: {en: b.md}}\n";
  }
  return text + purposes + texts +
         "minors: {age_from: born, unknown_age: " + kUnknown[dice.below(3)] +
         ", below: " + (dice.chance(50) ? "guardian" : "child-and-guardian") + "}\n";
}

enum class Kind { kConsent, kGuardian, kObjection, kRestriction };
struct Event {
  Kind kind = Kind::kConsent;
  PurposeIndex purpose = 0;
  int status = 0;
  UtcTime at{};
  std::uint8_t level = 0;
  std::uint16_t text = 0;
  bool is_explicit = false;
};

UtcTime random_time(Dice& dice) {
  return kNow - std::chrono::days{dice.below(900)};
}

Event random_event(Dice& dice) {
  Event event;
  event.kind = static_cast<Kind>(dice.below(4));
  event.purpose = static_cast<PurposeIndex>(dice.below(kPurposes));
  event.at = random_time(dice);
  event.level = static_cast<std::uint8_t>(dice.below(2));
  event.text = static_cast<std::uint16_t>(dice.below(2));
  event.is_explicit = dice.chance(70);
  switch (event.kind) {
    case Kind::kConsent:
    case Kind::kGuardian:
      event.status = dice.chance(60) ? static_cast<int>(ConsentStatus::kGiven) : dice.below(11);
      break;
    case Kind::kObjection:
      event.status = 1 + dice.below(3);
      if (dice.chance(30)) {
        event.purpose = kDirectMarketing;
      }
      break;
    case Kind::kRestriction:
      event.status = dice.below(2);
      break;
  }
  return event;
}

// What may be added without anything more being released.
Event random_narrowing(Dice& dice) {
  static constexpr ConsentStatus kNarrowing[] = {ConsentStatus::kWithdrawn, ConsentStatus::kRefused,
                                                 ConsentStatus::kRevoked};
  Event event = random_event(dice);
  switch (event.kind) {
    case Kind::kConsent:
    case Kind::kGuardian:
      event.status = static_cast<int>(kNarrowing[dice.below(3)]);
      break;
    case Kind::kObjection:
      event.status = static_cast<int>(ObjectionStatus::kRaised);
      break;
    case Kind::kRestriction:
      event.status = 1;
      break;
  }
  return event;
}

struct Person {
  std::optional<int> age;
  std::vector<Event> history;
};

void fold_consent(std::vector<ConsentFact>& facts, std::vector<ConsentProgress>& progress,
                  const Event& event) {
  ConsentProgress& state = progress[event.purpose];
  if (!apply_consent_event(state, static_cast<ConsentStatus>(event.status), event.at)) {
    return;
  }
  std::erase_if(facts, [&](const ConsentFact& fact) { return fact.purpose == event.purpose; });
  facts.push_back(
      {event.purpose, state.status, event.level, event.text, event.at, event.is_explicit});
}

FieldSet released(const PolicySnapshot& policy, const Person& person, PurposeIndex purpose) {
  std::vector<ConsentFact> own;
  std::vector<ConsentFact> guardian;
  std::vector<ConsentProgress> own_progress(kPurposes);
  std::vector<ConsentProgress> guardian_progress(kPurposes);
  std::vector<ObjectionFact> objections;
  PersonFacts facts;
  for (const Event& event : person.history) {
    switch (event.kind) {
      case Kind::kConsent:
        fold_consent(own, own_progress, event);
        break;
      case Kind::kGuardian:
        fold_consent(guardian, guardian_progress, event);
        break;
      case Kind::kObjection: {
        const auto known =
            std::find_if(objections.begin(), objections.end(),
                         [&](const auto& fact) { return fact.purpose == event.purpose; });
        const bool is_known = known != objections.end();
        ObjectionFact fact =
            is_known ? *known : ObjectionFact{event.purpose, ObjectionStatus::kRaised, {}};
        apply_objection_event(fact, is_known, static_cast<ObjectionStatus>(event.status), event.at);
        if (is_known) {
          *known = fact;
        } else {
          objections.push_back(fact);
        }
        break;
      }
      case Kind::kRestriction:
        apply_restriction_event(facts.restricted_since, event.status == 1, event.at);
        break;
    }
  }
  std::vector<UtcTime> collected(policy->fields().size(), kNow - std::chrono::days{30});
  for (std::size_t i = 0; i < collected.size(); ++i) {
    facts.held.set(static_cast<FieldIndex>(i));
  }
  facts.age = person.age;
  facts.consents = own;
  facts.guardian_consents = guardian;
  facts.objections = objections;
  facts.collected_at = collected;
  Question question;
  question.app = 0;
  question.purpose = purpose;
  question.all_fields = true;
  question.now = kNow;
  return Engine(policy).decide(question, facts).released;
}

bool enlarges(const PolicySnapshot& policy, Person person, const Event& added,
              PurposeIndex purpose) {
  const FieldSet before = released(policy, person, purpose);
  person.history.push_back(added);
  return !(released(policy, person, purpose) - before).empty();
}

std::string tell(const Person& person, const Event& added) {
  std::string text = "age " + (person.age ? std::to_string(*person.age) : "unknown");
  std::vector<Event> all = person.history;
  all.push_back(added);
  for (const Event& event : all) {
    text += "\n  kind " + std::to_string(static_cast<int>(event.kind)) + " purpose " +
            std::to_string(event.purpose) + " status " + std::to_string(event.status) + " at " +
            format_rfc3339(event.at);
  }
  return text;
}

// Takes events away as long as the case still fails.
Person shrink(const PolicySnapshot& policy, Person person, const Event& added,
              PurposeIndex purpose) {
  for (std::size_t i = 0; i < person.history.size();) {
    Person smaller = person;
    smaller.history.erase(smaller.history.begin() + static_cast<std::ptrdiff_t>(i));
    if (enlarges(policy, smaller, added, purpose)) {
      person = std::move(smaller);
    } else {
      ++i;
    }
  }
  return person;
}

TEST(Rule35, AddingAWithdrawalObjectionOrRestrictionNeverEnlarges) {
  const char* wanted = std::getenv("FIELDGATE_LONG");
  const int policies = wanted != nullptr && std::string_view(wanted) == "1" ? 20'000 : 400;
  constexpr int kPeople = 20;
  constexpr int kMostEvents = 8;
  Dice dice(35);
  int cases = 0;
  int permitting = 0;
  int narrowed = 0;
  for (int p = 0; p < policies; ++p) {
    const std::string text = random_policy(dice);
    const LoadResult loaded = load_text(text);
    ASSERT_NE(loaded.policy, nullptr) << words(loaded.findings) << text;
    for (int i = 0; i < kPeople; ++i) {
      Person person;
      if (dice.chance(85)) {
        person.age = 8 + dice.below(40);
      }
      const int events = dice.below(kMostEvents);
      for (int e = 0; e < events; ++e) {
        person.history.push_back(random_event(dice));
      }
      const Event added = random_narrowing(dice);
      const auto purpose = static_cast<PurposeIndex>(dice.below(kPurposes));
      const FieldSet before = released(loaded.policy, person, purpose);
      Person after = person;
      after.history.push_back(added);
      const FieldSet rest = released(loaded.policy, after, purpose);
      ++cases;
      permitting += before.empty() ? 0 : 1;
      narrowed += before == rest ? 0 : 1;
      if (enlarges(loaded.policy, person, added, purpose)) {
        const Person small = shrink(loaded.policy, person, added, purpose);
        FAIL() << "purpose " << purpose << ' ' << tell(small, added) << '\n' << text;
      }
    }
  }
  // The property would hold of an engine that never releases anything, too.
  EXPECT_GT(permitting, cases / 10);
  EXPECT_GT(narrowed, cases / 100);
  std::cout << "cases: " << cases << ", permitting before: " << permitting
            << ", narrowed: " << narrowed << '\n';
}

}  // namespace
}  // namespace fieldgate::policy::testing
