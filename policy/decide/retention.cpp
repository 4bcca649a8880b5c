#include "policy/decide/retention.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

// The date part of the calendar decides from here on whether two starts may change their order.
constexpr std::chrono::day kFirstSlackDay{25};

bool may_reorder(const Period& period, UtcTime start) {
  return period.months != 0 &&
         Date{std::chrono::floor<std::chrono::days>(start)}.day() >= kFirstSlackDay;
}

// Judges each field on its own: exact, and only needed near an end.
void judge_each(const Case& c, const RetentionClass& kept, const FieldSet& fields,
                RetentionAnswer& answer) {
  fields.for_each([&](FieldIndex field) {
    const std::optional<UtcTime> end = add_period(c.person.collected_at[field], kept.period);
    if (!end) {
      answer.unknown.set(field);
    } else if (c.question.now >= *end) {
      answer.past.set(field);
    } else if (!answer.retain_until || *end < *answer.retain_until) {
      answer.retain_until = *end;
    }
  });
}

}  // namespace

RetentionAnswer check_retention(const Case& c, const FieldSet& candidates) {
  RetentionAnswer answer;
  const auto& collected = c.person.collected_at;
  for (const RetentionClass& kept : c.purpose.retention) {
    FieldSet fields = candidates & kept.fields;
    bool known = true;
    bool any = false;
    UtcTime oldest = UtcTime::max();
    UtcTime newest = UtcTime::min();
    fields.for_each([&](FieldIndex field) {
      if (field >= collected.size()) {
        known = false;
        return;
      }
      any = true;
      oldest = std::min(oldest, collected[field]);
      newest = std::max(newest, collected[field]);
    });
    if (!known) {
      FieldSet dated;
      fields.for_each([&](FieldIndex field) {
        if (field < collected.size()) {
          dated.set(field);
        } else {
          answer.unknown.set(field);
        }
      });
      fields = dated;
    }
    if (!any) {
      continue;
    }
    // Mostly every value is fresh; then the oldest one speaks for all of them.
    const std::optional<UtcTime> end = add_period(oldest, kept.period);
    const bool all_fresh = end && newest <= c.question.now &&
                           c.question.now + kMonthEndSlack < *end &&
                           !may_reorder(kept.period, oldest);
    if (!all_fresh) {
      judge_each(c, kept, fields, answer);
    } else if (!answer.retain_until || *end < *answer.retain_until) {
      answer.retain_until = *end;
    }
  }
  return answer;
}

}  // namespace fieldgate::policy
