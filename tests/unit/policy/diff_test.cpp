// What a change of policy means: every gain and every loss, by app, purpose, level and field.
#include "policy_fixture.h"

#include <fieldgate/policy/diff.h>

#include <algorithm>
#include <random>

namespace fieldgate::policy::testing {
namespace {

const std::string kBase = R"(policy: "1"
fields: {name: {type: text}, email: {type: email}, born: {type: date}, tier: {type: text}}
recipients:
  shop: {role: controller, country: IE}
  post: {role: processor, contract: D-1, country: DE, purposes: [mail]}
apps:
  web: {recipient: shop, purposes: [mail, offers]}
  sender: {recipient: post, purposes: [mail, offers]}
moments: {day: {hours: "07:00-22:00 Europe/Dublin"}}
purposes:
  mail: {says: Send letters, basis: contract, fields: {name: show, email: show}, keep: P6Y}
  offers:
    says: Make offers
    basis: consent
    consent: {text: t}
    fields: {born: {generalise: band-10}}
    levels: {low: {}, high: {tier: show}}
    keep: until-withdrawn
minors: {age_from: born}
consent_texts: {t: {v1: {from: 2026-01-01, files: {en: t.md}}}}
)";

PolicyDiff diff_of(const std::string& was, const std::string& is) {
  const PolicySnapshot before = must_load(was);
  const PolicySnapshot after = must_load(is);
  return before == nullptr || after == nullptr ? PolicyDiff{} : diff_policies(*before, *after);
}

std::vector<std::string> lines(const PolicyDiff& diff) {
  std::vector<std::string> all;
  for (const ReleaseChange& change : diff.changes) {
    all.push_back(change.app + '/' + change.purpose + '/' + change.level + '/' + change.field +
                  ": " + change.was + " -> " + change.is + ' ' +
                  std::string(effect_name(change.effect)));
  }
  for (const RuleChange& change : diff.rules) {
    all.push_back(change.section + '/' + change.name + '/' + change.key + ": " + change.was +
                  " -> " + change.is);
  }
  return all;
}

using Lines = std::vector<std::string>;

TEST(Diff, OfAPolicyWithItselfIsEmpty) {
  const PolicyDiff diff = diff_of(kBase, kBase);
  EXPECT_TRUE(diff.empty());
  EXPECT_EQ(describe_diff(diff), "from policy 1 to policy 1\nnothing changes\n");
}

TEST(Diff, NamesWhoGainsAndWhoLoses) {
  EXPECT_EQ(lines(diff_of(kBase, replaced(kBase, "email: show}", "tier: show}"))),
            (Lines{"sender/mail//email: show ->  loses", "sender/mail//tier:  -> show gains",
                   "web/mail//email: show ->  loses", "web/mail//tier:  -> show gains"}));
}

TEST(Diff, NamesAFormThatTellsMoreOrLessAtEachLevel) {
  const std::string is = replaced(kBase, "band-10", "year");
  EXPECT_EQ(lines(diff_of(kBase, is)),
            (Lines{"web/offers/low/born: generalise: band-10 -> generalise: year more",
                   "web/offers/high/born: generalise: band-10 -> generalise: year more"}));
  EXPECT_EQ(lines(diff_of(is, kBase)).at(0),
            "web/offers/low/born: generalise: year -> generalise: band-10 less");
  EXPECT_EQ(
      lines(diff_of(kBase, replaced(kBase, "{generalise: band-10}", "{pseudonymise: d}"))).at(0),
      "web/offers/low/born: generalise: band-10 -> pseudonymise: d different");
}

TEST(Diff, AFieldThatMovesToAHigherLevelIsLostAtTheLowerOne) {
  const std::string is =
      replaced(kBase, "low: {}, high: {tier: show}", "low: {tier: show}, high: {}");
  EXPECT_EQ(lines(diff_of(is, kBase)), (Lines{"web/offers/low/tier: show ->  loses"}));
}

TEST(Diff, AGrantThatTheContractMakesVoidGivesNothing) {
  // `sender` has the purpose `offers`, which its recipient's contract does not name.
  const PolicyDiff diff =
      diff_of(kBase, replaced(kBase, "purposes: [mail]}", "purposes: [mail, offers]}"));
  EXPECT_EQ(lines(diff), (Lines{"sender/offers/low/born:  -> generalise: band-10 gains",
                                "sender/offers/high/born:  -> generalise: band-10 gains",
                                "sender/offers/high/tier:  -> show gains",
                                "recipients/post/purposes: mail -> mail, offers"}));
}

TEST(Diff, NamesEveryRuleThatChanged) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases{
      {"policy: \"1\"\n", "policy: \"2\"\ncontroller: {name: A Ltd}\n",
       "controller//name:  -> A Ltd"},
      {"keep: P6Y", "keep: P18M", "purposes/mail/keep: 6 years -> 18 months"},
      {"keep: P6Y", "keep: {default: P6Y, email: P30D}",
       "purposes/mail/keep: 6 years -> |purposes/mail/keep of email:  -> 30 days|"
       "purposes/mail/keep of name:  -> 6 years"},
      {"basis: contract", "basis: legal-obligation",
       "purposes/mail/basis: contract -> legal-obligation"},
      {"says: Send letters", "says: Send mail", "purposes/mail/says: Send letters -> Send mail"},
      {"keep: P6Y", "only_when: [day], keep: P6Y", "purposes/mail/only_when:  -> day"},
      {"07:00-22:00", "08:00-24:00",
       "moments/day/holds: hours 07:00-22:00 Europe/Dublin -> hours 08:00-24:00 Europe/Dublin"},
      {"contract: D-1", "contract: D-2", "recipients/post/contract: D-1 -> D-2"},
      {"country: DE", "country: AT", "recipients/post/country: DE -> AT"},
      {"{text: t}", "{text: t, refresh_after: P1Y}", "purposes/offers/refresh_after:  -> 1 year"},
      {"age_from: born", "age_from: born, thresholds: {default: 14}",
       "minors//age by default: 16 -> 14"},
      {"en: t.md", "en: t.md, de: t.de.md", "consent_texts/t/v1 in de:  -> t.de.md"},
      {"name: {type: text}", "name: {type: text, identifier: direct}",
       "fields/name/identifier:  -> direct"},
      {"recipient: shop,", "recipient: shop, reason_detail: code,",
       "apps/web/reason_detail:  -> code"},
      {"basis: consent", "basis: consent\n    profiling: true",
       "purposes/offers/profiling:  -> yes"},
      {"basis: consent", "basis: consent\n    recipients: [post]",
       "purposes/offers/recipients:  -> post"},
  };
  int checked = 0;
  for (const auto& [what, with, expected] : cases) {
    std::string joined;
    for (const std::string& line : lines(diff_of(kBase, replaced(kBase, what, with)))) {
      joined += (joined.empty() ? "" : "|") + line;
    }
    EXPECT_EQ(joined, expected);
    ++checked;
  }
  std::cout << "rule changes checked: " << checked << '\n';
}

TEST(Diff, IsToldInPlainWords) {
  std::string is = replaced(kBase, "band-10", "year");
  is = replaced(is, "policy: \"1\"", "policy: \"2\"");
  is = replaced(is, "name: show, email: show", "name: show");
  is = replaced(is, "keep: P6Y", "keep: P1Y");
  EXPECT_EQ(describe_diff(diff_of(kBase, is)),
            "from policy 1 to policy 2\n"
            "`sender` for `mail`:\n"
            "  loses `email`; it got the value itself\n"
            "`web` for `mail`:\n"
            "  loses `email`; it got the value itself\n"
            "`web` for `offers`:\n"
            "  learns more of `born`: its year instead of its decade (at level low, high)\n"
            "purposes `mail`:\n"
            "  keep is now 1 year; it was 6 years\n");
}

// The other way round, every gain is a loss and every change is its mirror.
TEST(Diff, IsItsOwnMirror) {
  std::mt19937 random(20261122);
  int pairs = 0;
  std::vector<std::string> variants{kBase};
  const std::vector<std::pair<std::string, std::string>> edits{
      {"email: show", "tier: show"},
      {"band-10", "year"},
      {"purposes: [mail, offers]}\nmoments", "purposes: [mail]}\nmoments"},
      {"high: {tier: show}", "high: {tier: show}, top: {name: show}"},
      {"keep: P6Y", "keep: P1Y"},
      {"    levels: {low: {}, high: {tier: show}}\n", ""}};
  for (int i = 0; i < 12; ++i) {
    std::string text = kBase;
    for (const auto& [what, with] : edits) {
      if (random() % 2 == 0 && text.find(what) != std::string::npos) {
        text = replaced(text, what, with);
      }
    }
    variants.push_back(text);
  }
  for (const std::string& a : variants) {
    for (const std::string& b : variants) {
      const PolicyDiff there = diff_of(a, b);
      const PolicyDiff back = diff_of(b, a);
      ASSERT_EQ(there.changes.size(), back.changes.size());
      ASSERT_EQ(there.rules.size(), back.rules.size());
      EXPECT_EQ(there.empty(), a == b);
      for (const ReleaseChange& change : there.changes) {
        EXPECT_TRUE(std::any_of(back.changes.begin(), back.changes.end(), [&](const auto& other) {
          return other.app == change.app && other.purpose == change.purpose &&
                 other.level == change.level && other.field == change.field &&
                 other.was == change.is && other.is == change.was;
        }));
      }
      ++pairs;
    }
  }
  std::cout << "pairs of policies: " << pairs << '\n';
}

}  // namespace
}  // namespace fieldgate::policy::testing
