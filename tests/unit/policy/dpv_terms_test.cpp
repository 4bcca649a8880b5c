// The table of DPV's terms against the vocabularies themselves, and what `policy check` makes of
// it.
#include "policy/dpv/terms.h"

#include "policy_fixture.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace fieldgate::policy::testing {
namespace {

const std::filesystem::path kVocabularies =
    std::filesystem::path(FIELDGATE_SHARED_DIR) / "standards/dpv";

// The records of a CSV file (RFC 4180).
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<std::vector<std::string>> records(1);
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else if (c == '"') {
        quoted = false;
      } else {
        cell += c;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      records.back().push_back(std::move(cell));
      cell.clear();
      if (c == '\n') {
        records.emplace_back();
      }
    } else if (c != '\r') {
      cell += c;
    }
  }
  records.pop_back();
  return records;
}

TEST(DpvTerms, AreThoseOfTheVocabularies) {
  if (!std::filesystem::exists(kVocabularies)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  std::set<std::string> expected;
  std::map<std::string, std::string> broader;
  std::map<std::string, std::string> file_of;
  for (const auto& entry : std::filesystem::directory_iterator(kVocabularies)) {
    if (entry.path().extension() != ".csv" ||
        entry.path().filename().string().starts_with("justifications")) {
      continue;  // reasons for not doing a thing: no policy names them
    }
    const auto records = read_csv(entry.path());
    ASSERT_EQ(records.at(0).at(2), "iri") << entry.path();
    for (std::size_t i = 1; i < records.size(); ++i) {
      const std::string term = records[i].at(11) + ':' + records[i].at(0);
      expected.insert(term);
      broader[term] = records[i].at(7);
      file_of[term] = entry.path().filename().string();
      const DpvTerm* known = find_dpv_term(term);
      ASSERT_NE(known, nullptr) << term;
      EXPECT_EQ(std::string(dpv_namespace(known->vocabulary)) + std::string(known->name),
                records[i].at(2));
    }
  }
  std::set<std::string> table;
  for (const DpvTerm& term : dpv_terms()) {
    const std::string written = std::string(term.vocabulary) + ':' + std::string(term.name);
    EXPECT_TRUE(table.insert(written).second) << written << " stands twice";
    if (!term.broader.empty()) {
      EXPECT_NE(broader[written].find(std::string(term.broader)), std::string::npos) << written;
    }
    if (file_of[written] == "dpv-purposes.csv") {
      EXPECT_TRUE(term.kind == TermKind::kPurpose || term.kind == TermKind::kProperty) << written;
    }
    if (file_of[written] == "pd.csv") {
      EXPECT_EQ(term.kind, TermKind::kPersonalData) << written;
    }
  }
  EXPECT_EQ(table, expected);
  EXPECT_GT(expected.size(), 600U);
  std::cout << "terms held to the vocabularies: " << expected.size() << '\n';
}

TEST(DpvTerms, AreSortedSoThatEachIsFound) {
  const auto terms = dpv_terms();
  EXPECT_TRUE(std::is_sorted(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    return std::tie(a.vocabulary, a.name) < std::tie(b.vocabulary, b.name);
  }));
  for (const DpvTerm& term : terms) {
    EXPECT_EQ(find_dpv_term(std::string(term.vocabulary) + ':' + std::string(term.name)), &term);
  }
  for (const char* unknown : {"", ":", "dpv:", "DirectMarketing", "dpv:directmarketing",
                              "pd:DirectMarketing", "xyz:Name", "dpv:DirectMarketing "}) {
    EXPECT_EQ(find_dpv_term(unknown), nullptr) << unknown;
  }
}

std::vector<Diagnostic> checked(const std::string& yaml) {
  const LoadResult loaded = load_text(yaml);
  EXPECT_NE(loaded.policy, nullptr) << words(loaded.findings);
  return loaded.policy == nullptr ? loaded.findings : lint_policy(*loaded.policy, {});
}

const std::string kPolicy = R"(policy: "1"
controller:
  name: A Ltd
  data_subjects: ["dpv:Customer", people who asked]
  security_measures: [fields are sealed one by one]
fields: {name: {type: text, category: "pd:Name"}}
recipients: {shop: {role: controller}}
apps: {web: {recipient: shop, purposes: [mail]}}
purposes:
  mail: {says: Mail, purpose: "dpv:DeliveryOfGoods", basis: contract, fields: {name: show}, keep: P1Y}
)";

TEST(DpvTerms, OfAPolicyAreCheckedEachAtItsPlace) {
  EXPECT_TRUE(checked(kPolicy).empty()) << words(checked(kPolicy));
  const std::vector<std::tuple<std::string, std::string, int, int, std::string>> cases{
      {"pd:Name", "pd:Nmae", 6, 39, "`pd:Name`"},
      {"pd:Name", "dpv:Name", 6, 39, "`pd:Name`"},
      {"pd:Name", "dpv:DirectMarketing", 6, 39, ""},
      {"dpv:DeliveryOfGoods", "dpv:DeliveryOfGodos", 10, 31, "`dpv:DeliveryOfGoods`"},
      {"dpv:DeliveryOfGoods", "pd:Name", 10, 31, ""},
      {"dpv:DeliveryOfGoods", "dpv:hasPurpose", 10, 31, "`dpv:Purpose`"},
      {"dpv:DeliveryOfGoods", "acme:Letters", 10, 31, ""},
      {"dpv:Customer", "dpv:Custmer", 4, 19, "`dpv:Customer`"},
      {"fields are sealed one by one", "\"dpv:PrivcyNotice\"", 5, 23, "`dpv:PrivacyNotice`"}};
  for (const auto& [what, with, line, column, near] : cases) {
    const auto findings = checked(replaced(kPolicy, what, with));
    ASSERT_EQ(findings.size(), 1U) << with << '\n' << words(findings);
    EXPECT_EQ(findings[0].code, "unknown-term");
    EXPECT_EQ(findings[0].where.line, line) << with;
    EXPECT_EQ(findings[0].where.column, column) << with;
    EXPECT_NE(findings[0].message.find('`' + with.substr(with[0] == '"' ? 1 : 0, 3)),
              std::string::npos)
        << findings[0].message;
    if (!near.empty()) {
      EXPECT_NE(findings[0].suggestion.find(near), std::string::npos) << findings[0].suggestion;
    }
    EXPECT_EQ(findings[0].severity == Severity::kWarning, line == 5) << with;
  }
  std::cout << "terms misspelt: " << cases.size() << '\n';
}

TEST(DpvTerms, AreWhatTheBasesAreCalled) {
  for (const char letter : {'a', 'b', 'c', 'd', 'e', 'f'}) {
    EXPECT_NE(find_dpv_term(std::string("eu-gdpr:A6-1-") + letter), nullptr);
  }
  for (char letter = 'a'; letter <= 'j'; ++letter) {
    EXPECT_NE(find_dpv_term(std::string("eu-gdpr:A9-2-") + letter), nullptr);
  }
}

}  // namespace
}  // namespace fieldgate::policy::testing
