// A policy in the formats of others: what they name exists, and what a spreadsheet takes is text.
#include "gateway/export/export.h"

#include "policy/dpv/terms.h"

#include <fieldgate/policy/load.h>

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fieldgate::exporting {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

const fs::path kBookshop = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const fs::path kVocabularies = fs::path(FIELDGATE_SHARED_DIR) / "standards/dpv";

struct Loaded {
  policy::PolicySnapshot policy;
  policy::ProcessingRegister declared;
};

Loaded load(const policy::LoadResult& result) {
  EXPECT_NE(result.policy, nullptr);
  return {result.policy, policy::processing_register(*result.policy)};
}
Loaded bookshop() {
  return load(policy::load_policy_directory(kBookshop));
}
Loaded from_text(const std::string& text) {
  return load(policy::load_policy({{"policy.yaml", text}}));
}

// Every string of a JSON text, keys and values.
void collect(const json::value& value, std::vector<std::string>& strings) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      strings.emplace_back(key);
      collect(member, strings);
    }
  } else if (const auto* array = value.if_array()) {
    for (const json::value& item : *array) {
      collect(item, strings);
    }
  } else if (const auto* text = value.if_string()) {
    strings.emplace_back(*text);
  }
}

// The IRIs of the DPV vocabularies that a JSON-LD text names, in full.
std::set<std::string> dpv_iris(const json::value& value) {
  std::vector<std::string> strings;
  collect(value, strings);
  std::set<std::string> iris;
  for (const std::string& text : strings) {
    const std::size_t colon = text.find(':');
    const std::string space(colon == std::string::npos
                                ? std::string_view()
                                : policy::dpv_namespace(text.substr(0, colon)));
    if (!space.empty() && text.find(' ') == std::string::npos) {
      iris.insert(space + text.substr(colon + 1));
    } else if (text.starts_with("https://w3id.org/dpv") && text.back() != '#') {
      iris.insert(text);
    }
  }
  return iris;
}

TEST(Export, NamesOnlyTermsThatTheVocabulariesHave) {
  std::set<std::string> known;
  for (const policy::DpvTerm& term : policy::dpv_terms()) {
    known.insert(std::string(policy::dpv_namespace(term.vocabulary)) + std::string(term.name));
  }
  const Loaded shop = bookshop();
  const json::value as_dpv = json::parse(json::serialize(dpv_json_ld(shop.declared, *shop.policy)));
  std::set<std::string> named = dpv_iris(as_dpv);
  named.merge(dpv_iris(json::parse(json::serialize(odrl_policy(shop.declared)))));
  EXPECT_GT(named.size(), 20U);
  for (const std::string& iri : named) {
    EXPECT_TRUE(known.contains(iri)) << iri;
  }
  if (!fs::exists(kVocabularies)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  std::string published;
  for (const auto& entry : fs::directory_iterator(kVocabularies)) {
    std::ifstream file(entry.path());
    published.append(std::istreambuf_iterator<char>(file), {});
  }
  for (const std::string& iri : named) {
    EXPECT_NE(published.find("\"" + iri + "\""), std::string::npos) << iri;
  }
  std::cout << "IRIs of DPV named: " << named.size() << '\n';
}

TEST(Export, HasOneNodePerPurposeInJsonLd) {
  const Loaded shop = bookshop();
  const json::object out = dpv_json_ld(shop.declared, *shop.policy);
  EXPECT_TRUE(out.at("@context").at("dpv").is_string());
  std::set<std::string> purposes;
  const json::object* newsletter = nullptr;
  const json::object* health = nullptr;
  for (const json::value& node : out.at("@graph").as_array()) {
    if (node.at("@type") == "fg:ProcessingActivity") {
      purposes.insert(std::string(node.at("@id").as_string()));
      newsletter =
          node.at("@id") == "urn:fieldgate:purpose:newsletter" ? &node.as_object() : newsletter;
      health = node.at("@id") == "urn:fieldgate:purpose:health-tips" ? &node.as_object() : health;
    }
  }
  EXPECT_EQ(purposes.size(), shop.policy->purposes().size());
  ASSERT_NE(newsletter, nullptr);
  ASSERT_NE(health, nullptr);
  EXPECT_EQ(newsletter->at("dpv:hasPurpose").at("@id"), "https://w3id.org/dpv#DirectMarketing");
  EXPECT_EQ(newsletter->at("dpv:hasLegalBasis").at(0).at("@id"),
            "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a");
  EXPECT_FALSE(newsletter->at("dpv:hasNotice").as_array().empty());
  EXPECT_EQ(health->at("dpv:hasLegalBasis").at(1).at("@id"),
            "https://w3id.org/dpv/legal/eu/gdpr#A9-2-a");
}

TEST(Export, LeavesATermThatDpvLacksAsText) {
  const Loaded one = from_text(R"(policy: "1"
controller: {name: A Ltd}
fields: {name: {type: text, category: "acme:Name"}}
recipients: {shop: {role: controller}}
apps: {web: {recipient: shop, purposes: [mail]}}
purposes:
  mail: {purpose: "acme:Mail", basis: contract, fields: {name: show}, keep: P1Y2M}
)");
  const json::value out(dpv_json_ld(one.declared, *one.policy));
  EXPECT_TRUE(out.at("@graph").at(1).at("dpv:hasPurpose").is_string());
  EXPECT_EQ(out.at("@graph").at(1).at("fg:treats").at(0).at("fg:retention").at("@value"), "P14M");
}

TEST(Export, SaysInOdrlWhoMayReadWhatAndWhoNever) {
  const Loaded shop = bookshop();
  const json::object out = odrl_policy(shop.declared);
  EXPECT_EQ(out.at("@type"), "Set");
  bool found = false;
  for (const json::value& one : out.at("permission").as_array()) {
    const json::value& purpose = one.at("constraint").at(0);
    EXPECT_EQ(purpose.at("leftOperand"), "purpose");
    if (one.at("assignee") == "urn:fieldgate:app:crm" &&
        purpose.at("rightOperand").at("@id") == "https://w3id.org/dpv#DirectMarketing") {
      found = true;
      EXPECT_EQ(one.at("duty").at(0).at("action"), "obtainConsent");
    }
  }
  EXPECT_TRUE(found);
  EXPECT_FALSE(out.at("prohibition").as_array().empty());
}

using Table = std::vector<std::vector<std::string>>;

// Strictly RFC 4180: every cell in quotes, CRLF.
Table parse(const std::string& text) {
  Table rows(1);
  std::size_t at = 0;
  while (at < text.size()) {
    EXPECT_EQ(text[at], '"');
    std::string cell;
    for (++at; at < text.size(); ++at) {
      if (text[at] != '"') {
        cell += text[at];
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cell += text[at++];
      } else {
        break;
      }
    }
    rows.back().push_back(cell);
    ++at;
    if (at < text.size() && text[at] == ',') {
      ++at;
    } else {
      EXPECT_EQ(text.substr(at, 2), "\r\n");
      at += 2;
      if (at < text.size()) {
        rows.emplace_back();
      }
    }
  }
  return rows;
}

std::string cell(const Table& table, const std::string& activity, const std::string& column) {
  const auto& head = table.at(0);
  const auto which =
      static_cast<std::size_t>(std::find(head.begin(), head.end(), column) - head.begin());
  const auto name =
      static_cast<std::size_t>(std::find(head.begin(), head.end(), "activity") - head.begin());
  EXPECT_LT(which, head.size()) << column;
  for (std::size_t i = 1; i < table.size(); ++i) {
    EXPECT_EQ(table[i].size(), head.size());
    if (table[i][name] == activity) {
      return table[i][which];
    }
  }
  ADD_FAILURE() << "no row for `" << activity << '`';
  return {};
}

const std::string kRegistered = R"yaml(policy: "1"
controller:
  name: "=HYPERLINK(\"http://a.example\")"
  country: IE
  dpo: "@dpo"
  representative: "+353, Dublin \"office\""
  joint_controllers: [B Ltd, C Ltd]
  data_subjects: ["dpv:Customer"]
  security_measures: ["-sealed fields", "one key per person"]
fields:
  name: {says: Name, type: text, category: "pd:Name"}
  ills: {says: Illnesses, type: list, category: "pd:Health", special: art9}
recipients:
  shop: {says: Shop, role: controller, country: IE}
  far:  {says: Far Inc, role: processor, contract: D-1, country: US, safeguard: "SCC 2021/914"}
apps:
  web: {recipient: shop, purposes: [mail]}
  box: {recipient: far, purposes: [mail]}
purposes:
  mail: {says: Mail, purpose: "dpv:DeliveryOfGoods", basis: contract, art9: health-care, fields: {name: show, ills: show},
         keep: {name: P1Y, ills: P30D}, data_subjects: [people who buy]}
  idle: {says: Idle, basis: legal-obligation, fields: {name: show}, keep: P6Y}
)yaml";

TEST(ProcessingRecord, HasTheColumnsOfArticle30) {
  const Loaded one = from_text(kRegistered);
  const Table table = parse(processing_record_csv(one.declared, *one.policy, nullptr));
  EXPECT_EQ(table.at(0), (std::vector<std::string>{
                             "controller", "joint_controllers", "representative",
                             "data_protection_officer", "activity", "purpose", "lawful_basis",
                             "categories_of_data_subjects", "categories_of_personal_data",
                             "special_categories", "recipients", "transfers_to_third_countries",
                             "safeguards", "time_limits_for_erasure", "security_measures"}));
  ASSERT_EQ(table.size(), 3U);
  EXPECT_EQ(cell(table, "mail", "joint_controllers"), "B Ltd; C Ltd");
  EXPECT_EQ(cell(table, "mail", "categories_of_data_subjects"), "people who buy");
  EXPECT_EQ(cell(table, "idle", "categories_of_data_subjects"), "dpv:Customer");
  EXPECT_EQ(cell(table, "mail", "transfers_to_third_countries"), "US (far)");
  EXPECT_EQ(cell(table, "mail", "safeguards"), "SCC 2021/914 (US, far)");
  EXPECT_EQ(cell(table, "mail", "time_limits_for_erasure"), "name: 1 year; ills: 30 days");
  EXPECT_NE(cell(table, "mail", "special_categories").find("Illnesses"), std::string::npos);
  EXPECT_NE(cell(table, "mail", "lawful_basis").find("9(2): health-care"), std::string::npos);
}

TEST(ProcessingRecord, HoldsNoFormula) {
  const Loaded one = from_text(kRegistered);
  const Table table = parse(processing_record_csv(one.declared, *one.policy, nullptr));
  for (const auto& row : table) {
    for (const std::string& text : row) {
      EXPECT_EQ(text.find_first_of("=+-@\t\r\n") == 0, false) << text;
    }
  }
  EXPECT_EQ(cell(table, "mail", "controller"), "'=HYPERLINK(\"http://a.example\") (IE)");
  EXPECT_EQ(cell(table, "mail", "representative"), "'+353, Dublin \"office\"");
  EXPECT_EQ(cell(table, "mail", "data_protection_officer"), "'@dpo");
  EXPECT_EQ(cell(table, "mail", "security_measures"), "'-sealed fields; one key per person");
}

TEST(ProcessingRecord, MarksWhereTheLogAndThePolicyDiffer) {
  const Loaded one = from_text(kRegistered);
  const UtcTime day = *parse_rfc3339("2026-10-05T10:00:00Z");
  replay::ObservedLog observed;
  replay::ObservedPurpose& mail = observed.purposes["mail"];
  mail.answered = {3, day};
  mail.apps["web"] = {2, day};
  mail.apps["old-app"] = {1, day};
  mail.fields["name"] = {3, day};
  mail.fields["phone"] = {1, day};
  mail.bases["contract"] = {3, day};
  observed.purposes["gone"].answered = {1, day};
  observed.purposes["gone"].apps["=cmd"] = {1, day};
  observed.purposes["asked-only"].refused = 7;
  const Table table = parse(processing_record_csv(one.declared, *one.policy, &observed));
  ASSERT_EQ(table.size(), 4U) << "mail, idle, gone; what was only refused went to nobody";
  EXPECT_EQ(table.at(0).size(), 31U) << "one beside each of fifteen, and the drift";
  const std::string drift = cell(table, "mail", "drift");
  EXPECT_NE(drift.find("observed but not declared: app old-app (1 read, last on 2026-10-05); "
                       "field phone (1 read, last on 2026-10-05)"),
            std::string::npos)
      << drift;
  EXPECT_NE(drift.find("declared but never observed: app box; field ills"), std::string::npos)
      << drift;
  EXPECT_EQ(cell(table, "idle", "drift"), "declared but never observed: the purpose");
  EXPECT_EQ(cell(table, "mail", "recipients_observed"),
            "unknown (app old-app, 1 read, last on 2026-10-05); shop (app web, 2 reads, last on "
            "2026-10-05)");
  EXPECT_EQ(cell(table, "idle", "recipients_observed"), "never");
  EXPECT_EQ(cell(table, "mail", "representative_observed"), "not in the log");
  // A purpose that the policy does not have any more: its name stands in the observed column.
  EXPECT_EQ(cell(table, "", "activity_observed").find("gone"), 0U);
  EXPECT_NE(cell(table, "", "drift").find("observed but not declared: the purpose"),
            std::string::npos);
}

TEST(Urn, EncodesWhatAUrnCannotHold) {
  EXPECT_EQ(urn("field", "first_name"), "urn:fieldgate:field:first_name");
  EXPECT_EQ(urn("controller", "A & B"), "urn:fieldgate:controller:A%20%26%20B");
  EXPECT_EQ(urn("purpose", "\xc3\xa9t\xc3\xa9"), "urn:fieldgate:purpose:%C3%A9t%C3%A9");
}

}  // namespace
}  // namespace fieldgate::exporting
