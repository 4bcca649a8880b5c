#include "policy/decide/retention.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

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

constexpr std::size_t kWordBits = 64;
using FieldWords = std::array<std::uint64_t, kMaxFields / kWordBits>;

/// The ages of some values as far as the quick answer needs them.
struct Span {
  UtcTime oldest = UtcTime::max();
  bool any_after_now = false;
};

FieldSet first_fields(std::size_t count) {
  FieldWords words{};
  for (std::size_t i = 0; i < words.size() && i * kWordBits < count; ++i) {
    const std::size_t left = count - i * kWordBits;
    words[i] = left >= kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
  }
  return std::bit_cast<FieldSet>(words);
}

// Takes in 64 values, in four chains of comparisons that do not wait for each other.
class SpanFinder {
 public:
  explicit SpanFinder(UtcTime now) : now_(now.time_since_epoch().count()) {}
  void take_word(const UtcTime* times) {
    std::int64_t a = oldest_;
    std::int64_t b = oldest_;
    std::int64_t c = oldest_;
    std::int64_t d = oldest_;
    std::uint64_t beyond = 0;
    for (std::size_t i = 0; i < kWordBits; i += 4) {
      const std::int64_t at_a = times[i].time_since_epoch().count();
      const std::int64_t at_b = times[i + 1].time_since_epoch().count();
      const std::int64_t at_c = times[i + 2].time_since_epoch().count();
      const std::int64_t at_d = times[i + 3].time_since_epoch().count();
      beyond |= (past(at_a) | past(at_b)) | (past(at_c) | past(at_d));
      a = std::min(a, at_a);
      b = std::min(b, at_b);
      c = std::min(c, at_c);
      d = std::min(d, at_d);
    }
    oldest_ = std::min(std::min(a, b), std::min(c, d));
    beyond_ |= beyond;
  }
  void take(UtcTime time) {
    const std::int64_t at = time.time_since_epoch().count();
    beyond_ |= past(at);
    oldest_ = std::min(oldest_, at);
  }
  [[nodiscard]] Span span() const {
    return {UtcTime{UtcTime::duration{oldest_}}, (beyond_ >> 63U) != 0};
  }

 private:
  // The highest bit is set when `at` is after now, and may be for one ages before it, which only
  // costs the quick answer.
  [[nodiscard]] std::uint64_t past(std::int64_t at) const {
    return static_cast<std::uint64_t>(now_) - static_cast<std::uint64_t>(at);
  }
  std::int64_t now_;
  std::int64_t oldest_ = std::numeric_limits<std::int64_t>::max();
  std::uint64_t beyond_ = 0;
};

Span span_of(const FieldSet& fields, std::span<const UtcTime> collected, UtcTime now) {
  SpanFinder finder(now);
  const UtcTime* const times = collected.data();
  const auto words = std::bit_cast<FieldWords>(fields);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t base = i * kWordBits;
    if (words[i] == ~std::uint64_t{0}) {
      finder.take_word(times + base);
      continue;
    }
    for (std::uint64_t word = words[i]; word != 0; word &= word - 1) {
      finder.take(times[base + static_cast<std::size_t>(std::countr_zero(word))]);
    }
  }
  return finder.span();
}

}  // namespace

RetentionAnswer check_retention(const Case& c, const FieldSet& candidates) {
  RetentionAnswer answer;
  const auto& collected = c.person.collected_at;
  const bool all_dated = collected.size() >= c.policy.fields_.size();
  for (const RetentionClass& kept : c.purpose.retention) {
    FieldSet fields = candidates & kept.fields;
    if (!all_dated) {
      const FieldSet dated = first_fields(collected.size());
      answer.unknown = answer.unknown | (fields - dated);
      fields = fields & dated;
    }
    if (fields.empty()) {
      continue;
    }
    // Mostly every value is fresh; then the oldest one speaks for all of them.
    const Span span = span_of(fields, collected, c.question.now);
    const std::optional<UtcTime> end = add_period(span.oldest, kept.period);
    const bool all_fresh = end && !span.any_after_now && c.question.now + kMonthEndSlack < *end &&
                           !may_reorder(kept.period, span.oldest);
    if (!all_fresh) {
      judge_each(c, kept, fields, answer);
    } else if (!answer.retain_until || *end < *answer.retain_until) {
      answer.retain_until = *end;
    }
  }
  return answer;
}

}  // namespace fieldgate::policy
