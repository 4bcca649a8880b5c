#include "policy/review/states.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

using std::chrono::hours;

/// A moment at which everything else happened before the read.
constexpr hours kConsented{24 * 30};
constexpr hours kEarlier{24 * 60};
constexpr hours kLater{24};

/// One that a state is made of; applied in place.
using Choice = std::function<void(TestCase&)>;
using Axis = std::vector<Choice>;

// The day from which the newest text of the purpose is the one in force, or any day.
UtcTime first_day(const CompiledPolicy& policy, const Purpose& purpose) {
  Date day = Date{std::chrono::year{2026} / 1 / 1};
  if (purpose.consent_text != kUnknownIndex) {
    for (const ConsentTextVersion& version : policy.texts_[purpose.consent_text].versions) {
      day = version.from.ok() ? std::max(day, version.from) : day;
    }
  }
  return UtcTime{std::chrono::sys_days{day}} + kEarlier * 2;
}

/// The words that satisfy every moment which names this condition; nothing when none can.
std::optional<std::string> common_word(const CompiledPolicy& policy, const PurposeRules& rules,
                                       std::vector<std::string> Moment::* condition) {
  std::optional<std::vector<std::string>> left;
  for (const std::uint16_t index : rules.moments) {
    const std::vector<std::string>& words = policy.moments_[index].*condition;
    if (words.empty()) {
      continue;
    }
    if (!left) {
      left = words;
    } else {
      std::erase_if(*left, [&](const std::string& word) {
        return std::find(words.begin(), words.end(), word) == words.end();
      });
    }
  }
  if (!left) {
    return std::string{};
  }
  return left->empty() ? std::nullopt : std::optional{left->front()};
}

// Each minute of a day in winter and of one in summer: no window of hours is shorter.
std::optional<UtcTime> open_minute(const CompiledPolicy& policy, const PurposeRules& rules,
                                   const TestCase& read, UtcTime first) {
  constexpr int kMinutesPerDay = 24 * 60;
  constexpr int kHalfYearMinutes = 182 * kMinutesPerDay;
  const Question question = read.question();
  for (const int from : {0, kHalfYearMinutes}) {
    for (int minute = 0; minute < kMinutesPerDay; ++minute) {
      const UtcTime now = first + std::chrono::minutes{from + (minute + 12 * 60) % kMinutesPerDay};
      const auto holds = [&](std::uint16_t moment) {
        return moment_holds(policy.moments_[moment], policy.zones_, now, question.context);
      };
      if (std::all_of(rules.moments.begin(), rules.moments.end(), holds)) {
        return now;
      }
    }
  }
  return std::nullopt;
}

// A time and a context in which every moment holds; where there is none, any will do: then none
// of the states gives anything.
void open_moments(const CompiledPolicy& policy, const PurposeRules& rules, UtcTime first,
                  TestCase& read) {
  const std::array<std::vector<std::string> Moment::*, 5> kConditions{
      &Moment::channels, &Moment::countries, &Moment::places, &Moment::devices, &Moment::events};
  for (std::size_t i = 0; i < kConditions.size(); ++i) {
    read.context[i] = common_word(policy, rules, kConditions[i]).value_or("");
  }
  read.now = open_minute(policy, rules, read, first).value_or(first);
}

constexpr std::array<ConsentStatus, 10> kOtherStatuses{
    ConsentStatus::kRenewed,    ConsentStatus::kUnknown, ConsentStatus::kRequested,
    ConsentStatus::kDeferred,   ConsentStatus::kRefused, ConsentStatus::kWithdrawn,
    ConsentStatus::kRevoked,    ConsentStatus::kExpired, ConsentStatus::kTerminated,
    ConsentStatus::kInvalidated};

// Highest level, newest text and explicit first. What does not permit does so at no level.
Axis consent_axis(const CompiledPolicy& policy, PurposeIndex purpose,
                  std::vector<ConsentFact> PersonRecord::* party, bool absent_first) {
  Axis axis;
  const auto add = [&](ConsentStatus status, std::size_t level, std::size_t version,
                       bool is_explicit) {
    axis.push_back([=](TestCase& read) {
      (read.person.*party)
          .push_back({purpose, status, static_cast<std::uint8_t>(level),
                      static_cast<std::uint16_t>(version), read.now - kConsented, is_explicit});
    });
  };
  const std::size_t levels = std::max<std::size_t>(1, policy.purposes_[purpose].levels.size());
  const std::uint16_t text = policy.purposes_[purpose].consent_text;
  const std::size_t versions = text == kUnknownIndex ? 1 : policy.texts_[text].versions.size();
  for (std::size_t level = levels; level-- > 0;) {
    for (std::size_t version = versions; version-- > 0;) {
      for (const bool is_explicit : {true, false}) {
        add(ConsentStatus::kGiven, level, version, is_explicit);
      }
    }
  }
  for (const ConsentStatus status : kOtherStatuses) {
    add(status, levels - 1, versions - 1, true);
  }
  axis.insert(absent_first ? axis.begin() : axis.end(), [](TestCase&) {});
  return axis;
}

Axis objection_axis(PurposeIndex purpose) {
  Axis axis{[](TestCase&) {}};
  for (const PurposeIndex about : {purpose, kDirectMarketing}) {
    for (const auto status :
         {ObjectionStatus::kWithdrawn, ObjectionStatus::kOverruled, ObjectionStatus::kRaised}) {
      for (const hours before : {kEarlier, kLater}) {
        axis.push_back([=](TestCase& read) {
          read.person.objections.push_back({about, status, read.now - before});
        });
      }
    }
  }
  return axis;
}

std::vector<Axis> axes_of(const CompiledPolicy& policy, PurposeIndex purpose) {
  std::vector<Axis> axes;
  axes.push_back({[](TestCase&) {}, [](TestCase& read) { read.person.erased = true; }});
  axes.push_back({[](TestCase&) {},
                  [](TestCase& read) { read.person.restricted_since = read.now - kEarlier; },
                  [](TestCase& read) { read.person.restricted_since = read.now - kLater; }});
  axes.push_back(objection_axis(purpose));
  if (policy.purpose_rules_[purpose].needs_consent) {
    axes.push_back({[](TestCase& read) { read.person.age = kHighestThreshold; },
                    [](TestCase& read) { read.person.age = kLowestThreshold - 1; },
                    [](TestCase&) {}});
    axes.push_back(consent_axis(policy, purpose, &PersonRecord::guardian_consents, true));
    axes.push_back(consent_axis(policy, purpose, &PersonRecord::consents, false));
  }
  return axes;
}

// The last axis turns fastest.
bool turn(const std::vector<Axis>& axes, std::size_t axis, const TestCase& so_far,
          const std::function<bool(const TestCase&)>& visit, std::optional<TestCase>& found) {
  if (axis == axes.size()) {
    if (visit(so_far)) {
      found = so_far;
    }
    return found.has_value();
  }
  return std::any_of(axes[axis].begin(), axes[axis].end(), [&](const Choice& choice) {
    TestCase next = so_far;
    choice(next);
    return turn(axes, axis + 1, next, visit, found);
  });
}

}  // namespace

std::size_t count_states(const CompiledPolicy& policy, PurposeIndex purpose) {
  std::size_t count = 1;
  for (const Axis& axis : axes_of(policy, purpose)) {
    count *= axis.size();
  }
  return count;
}

std::optional<TestCase> find_state(const CompiledPolicy& policy, AppIndex app, PurposeIndex purpose,
                                   FieldIndex field, const Visit& visit) {
  TestCase read;
  read.app = app;
  read.app_name = policy.apps_[app].name;
  read.purpose = purpose;
  read.purpose_name = policy.purposes_[purpose].name;
  read.all_fields = false;
  read.asked.set(field);
  open_moments(policy, policy.purpose_rules_[purpose], first_day(policy, policy.purposes_[purpose]),
               read);
  read.person.held.set(field);
  const std::vector<UtcTime> collected(policy.fields_.size(), read.now);
  const auto visit_case = [&](const TestCase& one) {
    PersonFacts person = one.person.facts();
    person.collected_at = collected;
    return visit(one.question(), person);
  };
  std::optional<TestCase> found;
  (void)turn(axes_of(policy, purpose), 0, read, visit_case, found);
  return found;
}

}  // namespace fieldgate::policy
