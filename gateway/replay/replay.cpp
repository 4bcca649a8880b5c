#include "gateway/replay/replay.h"

#include "gateway/replay/recorded_inputs.h"

#include <fieldgate/policy/reason.h>
#include <fieldgate/policy/review.h>

#include "gateway/read_path/outcome_words.h"

#include <boost/json/array.hpp>

#include <utility>

namespace fieldgate::replay {

namespace {

using policy::Decision;
using policy::Question;
using policy::ReasonCode;

bool refused_before_a_person(ReasonCode code) {
  return code == ReasonCode::kUnknownPurpose || code == ReasonCode::kPurposeNotGranted ||
         code == ReasonCode::kNotARecipient || code == ReasonCode::kUnknownField;
}

class Replay {
  using Outcome = std::variant<Decision, Obstacle>;

 public:
  Replay(const policy::PolicySnapshot& policy, const ReplayKeys& keys, ReplayReport& report)
      : set_(*policy), engine_(policy), keys_(keys), report_(report) {
    if (keys.names != nullptr) {
      inputs_.emplace(*policy, *keys.names);
    }
  }

  void take(const RecordedRead& read) {
    if (failed_) {
      return;
    }
    std::optional<SubjectId> subject;
    if (keys_.people != nullptr) {
      subject = keys_.people->subject_of(read);
    }
    Result<Outcome> outcome = decide(read, subject);
    if (outcome.has_error()) {
      failed_ = std::move(outcome).error();
    } else if (const auto* obstacle = std::get_if<Obstacle>(&*outcome)) {
      ++report_.obstacles[static_cast<std::size_t>(*obstacle)];
    } else {
      compare(read, subject, std::get<Decision>(*outcome));
    }
  }
  [[nodiscard]] std::optional<Error>& failed() { return failed_; }

 private:
  // In the order of the read path: names, then the grant, then the person.
  Result<Outcome> decide(const RecordedRead& read, const std::optional<SubjectId>& subject) {
    const auto code = policy::parse_reason(read.code).value_or(ReasonCode::kNone);
    if (code == ReasonCode::kUnknownField || read.purpose.empty()) {
      return Outcome(Obstacle::kNotNamed);
    }
    Question question;
    question.app = set_.app(read.app);
    question.purpose = set_.purpose(read.purpose);
    question.all_fields = true;
    question.now = read.time;
    // Whatever the person's state, this much refuses: it needs no sealed part.
    const Decision of_nobody = engine_.decide(question, {});
    if (refused_before_a_person(of_nobody.code) || code == ReasonCode::kNoSuchPerson) {
      return Outcome(of_nobody);
    }
    if (code == ReasonCode::kPurposeNotGranted) {
      return Outcome(Obstacle::kPersonNotLookedUp);
    }
    if (code == ReasonCode::kCannotDecide && read.sealed.empty()) {
      return Outcome(Obstacle::kFailedThen);
    }
    if (read.sealed.empty()) {
      return Outcome(Obstacle::kNoInputs);
    }
    if (keys_.people == nullptr) {
      return Outcome(Obstacle::kSealed);
    }
    FIELDGATE_TRY(const auto opened, keys_.people->open(read, subject));
    if (const auto* obstacle = std::get_if<Obstacle>(&opened)) {
      return Outcome(*obstacle);
    }
    const auto& inputs = std::get<read_path::DecisionInputs>(opened);
    if (!inputs.facts_known && set_.needs_facts(question.purpose)) {
      return Outcome(Obstacle::kFactsNotRecorded);
    }
    return Outcome(inputs_->decide(engine_, question, inputs));
  }

  void compare(const RecordedRead& read, const std::optional<SubjectId>& subject,
               const Decision& now) {
    ++report_.evaluated;
    const auto person = subject ? std::optional(keys_.people->number_of(*subject)) : std::nullopt;
    bool changed = false;
    const auto note = [&](std::string_view field, Change change, std::string_view why) {
      changed = true;
      key_.app = read.app;
      key_.purpose = read.purpose;
      key_.field = field;
      key_.change = change;
      ChangeTally& tally = report_.changes[key_];
      ++tally.reads;
      if (person) {
        tally.people.add(*person);
      }
      const auto reason = tally.reasons.find(why);
      if (reason != tally.reasons.end()) {
        ++reason->second;
      } else {
        tally.reasons.emplace(why, 1);
      }
    };
    const bool denied = now.outcome == policy::Outcome::kDeny;
    if (denied != read.denied) {
      note({}, denied ? Change::kAllowToDeny : Change::kDenyToAllow,
           denied ? policy::reason_name(now.code) : read.code);
    }
    compare_fields(read, now, note);
    report_.unchanged += changed ? 0U : 1U;
    if (person) {
      report_.people.add(*person);
      if (changed) {
        report_.affected.add(*person);
      }
    }
  }

  template <class Note>
  void compare_fields(const RecordedRead& read, const Decision& now, const Note& note) {
    const policy::PurposeIndex purpose = set_.purpose(read.purpose);
    FieldSet before;
    read.for_each_field([&](std::string_view name, std::string_view outcome) {
      if (!RecordedRead::is_released(outcome)) {
        return;
      }
      const FieldIndex field = set_.field(name);
      if (field != policy::kUnknownIndex && now.released.test(field)) {
        before.set(field);
        const std::string_view form =
            read_path::transform_word(set_.transform(purpose, field).kind);
        if (form != outcome) {
          note(name, Change::kOtherForm, std::string(outcome).append(" -> ").append(form));
        }
        return;
      }
      ReasonCode why = now.code;
      if (field == policy::kUnknownIndex) {
        why = ReasonCode::kUnknownField;
      } else if (now.withheld.test(field)) {
        why = now.reasons[field];
      } else if (why == ReasonCode::kNone) {
        why = ReasonCode::kNotForThisPurpose;  // all that the purpose allows, and no more this
      }
      note(name, Change::kAllowToDeny, policy::reason_name(why));
    });
    (now.released - before).for_each([&](FieldIndex field) {
      const std::string& name = set_.fields()[field].name;
      std::string_view why =
          read.denied ? read.code : policy::reason_name(ReasonCode::kNotForThisPurpose);
      if (read.fields != nullptr) {
        if (const auto* outcome = read.fields->if_contains(name)) {
          why = outcome->get_string();
        }
      }
      note(name, Change::kDenyToAllow, why);
    });
  }

  const policy::PolicySet& set_;
  policy::Engine engine_;
  const ReplayKeys& keys_;
  ReplayReport& report_;
  std::optional<RecordedInputs> inputs_;
  std::optional<Error> failed_;
  ChangeKey key_;  // reused, so that counting allocates little
};

boost::json::value people_json(const ReplayReport& report, const PeopleCount& people) {
  return report.people_known ? boost::json::value(people.count()) : boost::json::value(nullptr);
}

boost::json::value time_json(const std::optional<UtcTime>& time) {
  return time ? boost::json::value(format_rfc3339_micros(*time)) : boost::json::value(nullptr);
}

}  // namespace

void PeopleCount::add(PersonNumber person) {
  if (met_.size() <= person) {
    met_.resize(std::size_t{person} + 1);
  }
  if (!met_[person]) {
    met_[person] = true;
    ++count_;
  }
}

std::string_view change_name(Change change) {
  switch (change) {
    case Change::kAllowToDeny:
      return "allow-to-deny";
    case Change::kDenyToAllow:
      return "deny-to-allow";
    case Change::kOtherForm:
      return "other-form";
  }
  return {};
}

boost::json::object replay_json(const ReplayReport& report, const Window& window) {
  boost::json::array reads;
  boost::json::array fields;
  for (const auto& [key, tally] : report.changes) {
    boost::json::object reasons;
    for (const auto& [reason, count] : tally.reasons) {
      reasons[reason] = count;
    }
    boost::json::object entry{{"app", key.app}, {"purpose", key.purpose}};
    if (!key.field.empty()) {
      entry["field"] = key.field;
    }
    entry["change"] = boost::json::string(change_name(key.change));
    entry["reads"] = tally.reads;
    entry["people"] = people_json(report, tally.people);
    entry["reasons"] = std::move(reasons);
    (key.field.empty() ? reads : fields).push_back(std::move(entry));
  }
  std::uint64_t total = 0;
  boost::json::array obstacles;
  for (std::size_t i = 0; i < report.obstacles.size(); ++i) {
    if (report.obstacles[i] != 0) {
      const auto obstacle = static_cast<Obstacle>(i);
      total += report.obstacles[i];
      obstacles.push_back({{"reason", boost::json::string(obstacle_name(obstacle))},
                           {"reads", report.obstacles[i]},
                           {"says", boost::json::string(obstacle_says(obstacle))}});
    }
  }
  boost::json::object people{{"evaluated", people_json(report, report.people)},
                             {"affected", people_json(report, report.affected)}};
  if (!report.people_known) {
    people["says"] = "people cannot be counted without the key ring";
  }
  return {{"policy", report.policy},
          {"since", time_json(window.since)},
          {"until", time_json(window.until)},
          {"records", report.seen.records},
          {"beyond_checkpoint", report.seen.beyond},
          {"reads", report.seen.reads},
          {"evaluated", report.evaluated},
          {"unchanged", report.unchanged},
          {"not_evaluated", total},
          {"obstacles", std::move(obstacles)},
          {"people", std::move(people)},
          {"changes", std::move(reads)},
          {"fields", std::move(fields)}};
}

Result<ReplayReport> replay_log(const policy::PolicySnapshot& policy,
                                const std::filesystem::path& log, const Window& window,
                                const ReplayKeys& keys,
                                const std::function<void(std::uint64_t)>& progress,
                                const std::function<bool()>& stopping) {
  ReplayReport report;
  report.policy = policy->version();
  report.people_known = keys.people != nullptr;
  Replay replay(policy, keys, report);
  FIELDGATE_TRY(report.seen, for_each_read(log, window, progress, stopping,
                                           [&](const RecordedRead& read) { replay.take(read); }));
  if (replay.failed()) {
    return std::move(*replay.failed());
  }
  return report;
}

}  // namespace fieldgate::replay
