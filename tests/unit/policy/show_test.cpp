// Pages and the matrix: complete, well-formed, and nothing of a policy acts as markup.
#include "policy_fixture.h"

#include <fieldgate/policy/show.h>

namespace fieldgate::policy::testing {
namespace {

const std::string kPolicy = R"(policy: "1 & 2"
controller: {name: "A <b> Ltd", country: IE}
fields:
  name: {says: "First | name", type: text}
  born: {type: date, special: art9}
  mail: {type: email}
  unread: {type: text}
recipients:
  shop: {role: controller, country: IE}
  post: {says: Post GmbH, role: processor, contract: D-1, country: DE, purposes: [letters]}
apps:
  web: {recipient: shop, purposes: [letters, offers, checks]}
  sender: {recipient: post, purposes: [letters, offers]}
  idle: {recipient: shop}
moments: {day: {hours: "07:00-24:00 Europe/Dublin", channel: [web, app]}}
purposes:
  letters:
    says: "<script>alert(1)</script> *Send* letters"
    basis: contract
    fields: {name: show, mail: {pseudonymise: post}}
    keep: {default: P6Y, name: P30D}
  offers:
    says: Make offers
    benefit: You see offers
    basis: consent
    art9: explicit-consent
    consent: {text: t, refresh_after: P24M}
    fields: {born: {generalise: band-10}}
    levels: {low: {}, high: {name: show}}
    only_when: [day]
    keep: until-withdrawn
  checks:
    basis: legitimate-interest
    art9: legal-claims
    balancing_test: B-1
    fields: {born: {generalise: year}, mail: {mask: last-4}}
minors: {age_from: born}
consent_texts: {t: {v1: {from: 2026-01-01, files: {en: t.en.md, de: t.de.md}}}}
)";

// Empty when every element that opens also closes, in order.
std::string markup_fault(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) {
      return "a tag without end";
    }
    const std::string tag = text.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find(' '));
    if (tag.starts_with('!') || tag.ends_with('/') || name == "meta") {
      continue;
    }
    if (!tag.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || '/' + open.back() != tag) {
      return "<" + tag + "> closes nothing";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Show : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = must_load(kPolicy);
    ASSERT_NE(policy_, nullptr);
  }
  PolicySnapshot policy_;
};

TEST_F(Show, APageTellsWhatALawyerAsks) {
  const std::string page = show_markdown(*policy_, policy_->purpose("offers"));
  for (const char* part :
       {"# A \\<b\\> Ltd: policy 1 \\& 2", "## Make offers", "You see offers",
        "the person's consent (GDPR 6(1)(a))", "explicit-consent (GDPR 9(2))", "t; v1 in en, de",
        "**Asked again after:** 2 years",
        "day \\(hours 07:00-24:00 Europe/Dublin; channel web or app\\)",
        "| Field | What is seen | From level | Kept |",
        "| born, special data | its decade | low | until withdrawn |",
        "| First \\| name \\(name\\) | the value itself | high | until withdrawn |",
        "| web | shop \\(IE\\) | controller |"}) {
    EXPECT_TRUE(has(page, part)) << part << "\nin\n" << page;
  }
  EXPECT_FALSE(has(page, "letters")) << "another purpose's page";
  EXPECT_FALSE(has(page, "sender")) << "an app whose contract does not name the purpose";
}

TEST_F(Show, SaysWhatIsNotSaid) {
  const std::string page = show_markdown(*policy_, policy_->purpose("checks"));
  EXPECT_TRUE(has(page, "## checks"));
  EXPECT_TRUE(has(page, "| its year | not said |"));
  EXPECT_TRUE(has(page, "they may object (GDPR 21)"));
}

TEST(ShowPage, TellsWhatALawWantsAndWhatAPersonCanDo) {
  const PolicySnapshot policy = must_load(R"(policy: "1"
fields: {born: {type: date}}
recipients:
  us: {role: controller, country: IE}
  far: {role: processor, contract: D-2, country: US, safeguard: SCC}
apps: {desk: {says: The desk, recipient: far, purposes: [loan]}}
moments: {day: {says: By day, channel: [web]}}
purposes:
  loan:
    says: Decide on a loan
    basis: contract
    law: Credit Act s. 3
    automated_decision: {ground: contract, says: Rules decide, safeguards: Ask a person}
    fields: {born: show}
    keep: P1Y
    recipients: [far]
    transfers: {country: US, safeguard: SCC, recipient: far}
    only_when: [day]
    when_restricted: legal-claims
)");
  ASSERT_NE(policy, nullptr);
  const std::string page = show_markdown(*policy);
  for (const char* part :
       {"**Law:** Credit Act s. 3\n",
        "**Decision without a person:** needed for the contract (GDPR 22(2)(a))",
        "**How it decides:** Rules decide (GDPR 13(2)(f))",
        "**What the person can do:** Ask a person (GDPR 22(3))",
        "**Only when:** day \\(By day: channel web\\)", "it goes on: legal-claims (GDPR 18(2))",
        "US, to far \\(SCC\\) (GDPR 44-46)", "| desk \\(The desk\\) |"}) {
    EXPECT_TRUE(has(page, part)) << part << "\nin\n" << page;
  }
}

// A row becomes a block in a narrow window: each cell names its column.
TEST_F(Show, EachCellNamesItsColumn) {
  const std::string html = show_html(*policy_, policy_->purpose("offers"));
  EXPECT_TRUE(has(html, "<td data-column=\"From level\">low</td>"));
  EXPECT_EQ(html.find("<td>"), std::string::npos);
}

TEST_F(Show, NothingOfThePolicyActsAsMarkup) {
  const std::string html = show_html(*policy_);
  EXPECT_EQ(markup_fault(html), "");
  EXPECT_FALSE(has(html, "<script>"));
  EXPECT_TRUE(has(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_FALSE(has(html, "<b>"));
  const std::string markdown = show_markdown(*policy_);
  EXPECT_FALSE(has(markdown, "<script>"));
  EXPECT_TRUE(has(markdown, "\\<script\\>alert\\(1\\)\\</script\\> \\*Send\\* letters"));
}

TEST_F(Show, EveryPurposeHasItsSection) {
  const std::string html = show_html(*policy_);
  for (const Purpose& purpose : policy_->purposes()) {
    EXPECT_TRUE(has(html, "<section id=\"" + purpose.name + '"'));
    EXPECT_TRUE(has(html, "href=\"#" + purpose.name + '"'));
  }
  EXPECT_TRUE(has(html, "<html lang=\"en\">"));
  EXPECT_FALSE(has(html, "http")) << "nothing is fetched";
}

TEST_F(Show, TheMatrixReadsWithoutItsColours) {
  const std::string svg = show_matrix(*policy_);
  EXPECT_EQ(markup_fault(svg), "");
  EXPECT_TRUE(has(svg, "role=\"img\" aria-labelledby=\"title desc\""));
  EXPECT_TRUE(
      has(svg, "<title id=\"title\">Policy 1 &amp; 2: which app may see which field</title>"));
  // The year tells more than the decade; a mask and a pseudonym tell different things.
  EXPECT_TRUE(has(svg, "web may see name (all), born (year), mail (alias + last 4)."));
  EXPECT_TRUE(has(svg, "sender may see name (all), mail (alias)."));
  EXPECT_TRUE(has(svg, "idle sees nothing."));
  EXPECT_TRUE(
      has(svg, "<title>web sees of born: its decade for offers; its year for checks</title>"));
  EXPECT_TRUE(has(svg, ">unread</text>"));
}

TEST(ShowLimits, TheMatrixOfManyAppsAndFieldsIsDrawn) {
  std::string text = "policy: \"1\"\nrecipients: {r: {role: controller}}\nfields:\n";
  std::string fields;
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
    fields += (i == 0 ? "f" : ", f") + std::to_string(i) + ": show";
  }
  text += "purposes: {p: {basis: contract, fields: {" + fields + "}}}\napps:\n";
  for (int i = 0; i < 40; ++i) {
    text += "  a" + std::to_string(i) + ": {recipient: r, purposes: [p]}\n";
  }
  const PolicySnapshot policy = must_load(text);
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(markup_fault(show_matrix(*policy)), "");
}

}  // namespace
}  // namespace fieldgate::policy::testing
