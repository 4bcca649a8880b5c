// The quick answer about retention is the one that each field gives alone.
#include "policy_fixture.h"

#include <random>

namespace fieldgate::policy::testing {
namespace {

std::string policy_of(std::size_t fields) {
  std::string text = "policy: \"1\"\nfields:\n";
  std::string show;
  for (std::size_t i = 0; i < fields; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
    show += (i == 0 ? "f" : ", f") + std::to_string(i) + ": show";
  }
  return text +
         "recipients: {r: {role: controller}}\napps: {a: {recipient: r, purposes: [p]}}\n"
         "purposes:\n  p: {basis: contract, keep: {default: P1M, f1: P2M}, fields: {" +
         show + "}}\n";
}

TEST(Retention, OfManyFieldsIsThatOfEach) {
  using std::chrono::hours;
  std::mt19937 random(20261122);
  int cases = 0;
  int withheld = 0;
  for (const std::size_t count : {3U, 63U, 64U, 65U, 130U, 512U}) {
    const PolicySnapshot policy = must_load(policy_of(count));
    ASSERT_NE(policy, nullptr);
    const Engine engine(policy);
    for (int round = 0; round < 30; ++round) {
      Question all;
      all.app = 0;
      all.purpose = 0;
      all.all_fields = true;
      all.now = at("2026-03-30T12:00:00Z");
      // Mostly fresh, some near the end, some past it, some of the future, some without a date.
      const bool fresh = round % 3 == 0;
      std::vector<UtcTime> collected;
      PersonFacts person;
      for (std::size_t i = 0; i < count; ++i) {
        const int days =
            fresh ? static_cast<int>(random() % 20) : static_cast<int>(random() % 70) - 2;
        collected.push_back(all.now - hours{24 * days + static_cast<int>(random() % 24)});
        if (random() % 8 != 0 || fresh) {
          person.held.set(static_cast<FieldIndex>(i));
        }
      }
      if (round % 6 == 3) {
        // Beyond every calendar: the quick answer must not take it for a fresh one.
        collected[random() % count] =
            UtcTime{std::chrono::sys_days{std::chrono::year{9500} / 1 / 1}};
      }
      if (round % 5 == 4) {
        collected.resize(random() % count);
      }
      person.collected_at = collected;
      const Decision whole = engine.decide(all, person);
      FieldSet released;
      std::optional<UtcTime> until;
      for (std::size_t i = 0; i < count; ++i) {
        Question one = all;
        one.all_fields = false;
        one.asked.set(static_cast<FieldIndex>(i));
        const Decision alone = engine.decide(one, person);
        released = released | alone.released;
        if (alone.retain_until && (!until || *alone.retain_until < *until)) {
          until = alone.retain_until;
        }
        if (whole.withheld.test(static_cast<FieldIndex>(i))) {
          EXPECT_EQ(whole.reasons[i], alone.reasons[i]);
          ++withheld;
        }
      }
      EXPECT_EQ(whole.released, released) << count << " fields, round " << round;
      EXPECT_EQ(whole.retain_until, until) << count << " fields, round " << round;
      ++cases;
    }
  }
  EXPECT_GT(withheld, 0);
  std::cout << "people judged: " << cases << '\n';
}

}  // namespace
}  // namespace fieldgate::policy::testing
