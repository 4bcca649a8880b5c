// An evaluation and a read can't disagree: for people in many states they are asked the same.
#include "gateway/http/json.h"
#include "gateway/import/person_json.h"
#include "gateway/read_path/pipeline.h"
#include "gateway/store/memory/memory_store.h"
#include "gateway/write/import_consents.h"
#include "tests/unit/gateway/bound_test_policy.h"
#include "tests/unit/gateway/test_keys.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fieldgate::read_path {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kPolicy = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const UtcTime kNow = *parse_rfc3339("2026-11-02T12:00:00Z");

class StoppedClock final : public Clock {
 public:
  UtcTime now() const override { return kNow; }
};

class EvaluateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = bind_test_policy(kPolicy, *store_, *keys_.keyring);
    ASSERT_NE(policy_, nullptr);
    in_force_.set(policy_);
    auto reader = store_->reader();
    ASSERT_TRUE(reader.has_value());
    reader_ = std::move(*reader);
    audit_key_.emplace(keys_.keyring->tenant_key(crypto::TenantKey::kAudit));
    environment_.emplace(Environment{*keys_.keyring, *keys_.indexer, *reader_, in_force_, clock_,
                                     *audit_key_, keys_.random, ""});
  }

  write::Sealing sealing() {
    return {*keys_.keyring, *keys_.indexer, store_->names(), keys_.random};
  }
  SubjectId add_person(const std::string& body) {
    const auto parsed = http::parse_json(body);
    EXPECT_TRUE(parsed.has_value()) << body;
    importing::RowError error;
    importing::ImportDefaults defaults;
    defaults.now = kNow;
    const auto row = importing::read_person_json(policy_->set(), defaults, *parsed, 1, error);
    EXPECT_TRUE(row.has_value()) << error.message << ' ' << body;
    auto transaction = store_->begin();
    auto done = write::upsert_person(sealing(), *policy_, **transaction, *row);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    EXPECT_TRUE((*transaction)->commit().has_value());
    return done->subject;
  }
  void add_acts(const std::string& lines) {
    write::WriteQueue writer(*store_);
    const write::ImportRun run{writer, sealing(), policy_, write::kRowsAlone, {}, {}};
    std::istringstream in(lines);
    const auto report = write::import_consents(run, in, kNow, "test");
    ASSERT_TRUE(report.has_value()) << report.error().message;
    for (const importing::RowError& problem : report->rejected.listed()) {
      ADD_FAILURE() << problem.line << ": " << problem.message;
    }
  }

  Call call(const std::string& app) {
    Call made;
    made.principal = std::make_shared<const auth::Principal>(auth::Principal{app, "prefix00", {}});
    made.policy = policy_;
    made.record_id = "record-" + std::to_string(++calls_);
    made.request_id = "request";
    made.now = kNow;
    return made;
  }
  std::string pseudonym(const std::string& app, const std::string& purpose,
                        const SubjectId& subject) const {
    const policy::PolicySet& set = policy_->set();
    const auto* domain = policy_->pseudonyms(set.app(app), set.purpose(purpose));
    return domain != nullptr ? domain->encode(subject)
                             : policy_->write_pseudonyms(set.app(app))->encode(subject);
  }

  TestKeys keys_;
  StoppedClock clock_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  std::shared_ptr<const BoundPolicy> policy_;
  PolicyInForce in_force_;
  std::unique_ptr<store::Reader> reader_;
  std::optional<crypto::AuditKey> audit_key_;
  std::optional<Environment> environment_;
  std::uint64_t calls_ = 0;
};

json::object parse(const std::string& text) {
  auto parsed = http::parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.has_value() ? parsed->as_object() : json::object();
}

json::object closed(const Answer& answer) {
  return parse(answer.open_body + std::string(answer.open_objects, '}'));
}

// How often each kind of pair was seen, so that a test over nothing fails.
struct Seen {
  std::size_t allowed = 0;
  std::size_t partial_named = 0;
  std::size_t partial_all = 0;
  std::size_t obligations = 0;
  std::map<std::string, std::size_t> refused;  // by code
};

// What a read answered, and what an evaluation said of it, must be the same in every part.
void expect_agreement(const policy::PolicySet& set, const ReadRequest& request,
                      const Recordable& read, const Evaluated& evaluated, Seen& seen) {
  const json::object answer = closed(read.answer);
  const json::object whole = closed(evaluated.recordable.answer);
  ASSERT_EQ(evaluated.recordable.answer.status, 200U);
  ASSERT_EQ(whole.at("decision").as_bool(), evaluated.permitted);
  const json::object& said = whole.at("context").as_object();
  const json::object read_record = parse(read.line);
  const json::object record = parse(evaluated.recordable.line);
  EXPECT_EQ(record.at("door").as_string(), "evaluation");
  EXPECT_FALSE(read_record.contains("door"));
  EXPECT_EQ(record.at("decision").as_string() == "deny", !evaluated.permitted);
  EXPECT_EQ(record.at("type").as_string(), "search");

  if (read.answer.status != 200) {
    EXPECT_FALSE(evaluated.permitted);
    EXPECT_EQ(said.at("code"), answer.at("code"));
    EXPECT_EQ(said.at("because"), answer.at("because"));
    EXPECT_EQ(record.at("code"), read_record.at("code"));
    EXPECT_FALSE(said.contains("fields"));
    ++seen.refused[std::string(said.at("code").as_string())];
    return;
  }
  const json::object& returned = answer.at("fields").as_object();
  const json::object& withheld = answer.at("withheld").as_object();
  EXPECT_EQ(evaluated.permitted, request.all_fields || withheld.empty());
  json::object said_withheld;
  std::set<std::string> said_permitted;
  for (const auto& [field, outcome] : said.at("fields").as_object()) {
    json::object reason = outcome.as_object();
    const std::string word(reason.at("outcome").as_string());
    reason.erase("outcome");
    if (word == "permitted") {
      EXPECT_TRUE(reason.empty());
      said_permitted.emplace(field);
    } else {
      EXPECT_EQ(word, "withheld");
      said_withheld[field] = reason;
    }
  }
  std::set<std::string> names;
  for (const auto& [field, value] : returned) {
    names.emplace(field);
  }
  EXPECT_EQ(said_permitted, names);
  EXPECT_EQ(said_withheld, withheld);
  // The records name the same outcomes, and only the read's say that something was shown.
  const json::object& outcomes = record.at("fields").as_object();
  for (const auto& [field, outcome] : read_record.at("fields").as_object()) {
    const std::string word(outcome.as_string());
    EXPECT_EQ(std::string(outcomes.at(field).as_string()),
              returned.contains(field) ? "decided:" + word : word);
  }
  if (!evaluated.permitted) {
    ++seen.partial_named;
    EXPECT_FALSE(said.at("code").as_string().empty());
    return;
  }
  EXPECT_EQ(said.at("terms"), answer.at("terms"));
  std::set<std::string> obliged;
  for (const json::value& obligation : said.at("obligations").as_array()) {
    obliged.emplace(obligation.at("field").as_string());
    EXPECT_EQ(obligation.at("apply").as_object().size(), 1U);
  }
  for (const std::string& name : names) {
    const auto kind = set.transform(set.purpose(request.purpose), set.field(name)).kind;
    EXPECT_EQ(obliged.count(name) == 1, kind != policy::TransformKind::kShow) << name;
  }
  seen.obligations += obliged.size();
  ++(withheld.empty() ? seen.allowed : seen.partial_all);
}

class States {
 public:
  explicit States(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string of(const std::vector<std::string>& words) { return words[below(words.size())]; }
  std::string time() {
    return of({"2019-03-01", "2024-06-01", "2025-09-15", "2026-02-01", "2026-08-20"}) +
           "T10:00:00Z";
  }

  std::string person(const std::string& address) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"first_name", R"("Tess")"},
        {"last_name", R"("Quill")"},
        {"email", '"' + address + '"'},
        {"phone", R"("+44 20 7946 0)" + std::to_string(100 + below(900)) + '"'},
        {"postcode", R"("LS1 4AP")"},
        {"city", R"("Leeds")"},
        {"country", '"' + of({"GB", "DE", "FR", "IE"}) + '"'},
        {"birth_date",
         '"' + of({"1984-12-10", "1991-04-03", "1960-02-29", "2012-01-05", "2016-07-30"}) + '"'},
        {"loyalty_tier", R"("paper")"},
        {"favourite_genres", R"(["crime","poetry"])"},
        {"last_purchase", R"("2026-08-30")"},
        {"health_interests", R"(["sleep"])"},
        {"lifetime_value", "1234.5"}};
    std::string fields;
    for (const auto& [name, value] : values) {
      if (!one_in(6)) {
        fields += (fields.empty() ? "\"" : ",\"") + name + R"(":{"value":)" + value +
                  R"(,"collected_at":")" + time() + "\"}";
      }
    }
    return R"({"identifiers":[{"type":"email","value":")" + address + R"("}],"fields":{)" + fields +
           "}}";
  }
  std::string acts(const policy::PolicySet& set, const std::string& address) {
    const std::string who =
        R"({"identifier":{"type":"email","value":")" + address + R"("},"collected_at":")";
    std::string lines;
    for (const policy::Purpose& purpose : set.purposes()) {
      if (purpose.basis == policy::Basis::kConsent && !one_in(4)) {
        lines += who + time() + R"(","purpose":")" + purpose.name + R"(","state":")" +
                 of({"given", "given", "given", "given", "renewed", "refused", "withdrawn",
                     "expired", "invalidated", "requested"}) +
                 '"';
        if (!purpose.levels.empty()) {
          lines += R"(,"level":")" + purpose.levels[below(purpose.levels.size())].name + '"';
        }
        lines += one_in(10) ? "" : R"(,"notice":{"version":"v1","language":"en"})";
        lines += one_in(2) ? R"(,"explicit":true)" : "";
        lines += one_in(4) ? R"(,"guardian":true)" : "";
        lines += R"(,"method":"toggle"})"
                 "\n";
      }
      if (one_in(12)) {
        lines += who + time() + R"(","objection":{"purpose":")" + purpose.name +
                 R"(","state":"raised"}})"
                 "\n";
      }
    }
    if (one_in(12)) {
      lines += who + time() +
               R"(","objection":{"purpose":"direct-marketing","state":"raised"}})"
               "\n";
    }
    if (one_in(15)) {
      lines += who + time() +
               R"(","restriction":{"state":"raised"}})"
               "\n";
    }
    return lines;
  }

 private:
  std::mt19937_64 engine_;
};

TEST_F(EvaluateTest, SaysWhatAReadThenReturnsOrWithholds) {
  constexpr std::size_t kPeople = 600;
  States states(20261102);
  std::string lines;
  std::vector<SubjectId> people;
  for (std::size_t i = 0; i < kPeople; ++i) {
    const std::string address = "p" + std::to_string(i) + "@example.com";
    people.push_back(add_person(states.person(address)));
    lines += states.acts(policy_->set(), address);
  }
  add_acts(lines);

  const policy::PolicySet& set = policy_->set();
  Seen seen;
  std::size_t pairs = 0;
  std::size_t malformed = 0;
  for (const SubjectId& subject : people) {
    for (const policy::App& app : set.apps()) {
      for (const policy::Purpose& purpose : set.purposes()) {
        const bool granted = policy_->pseudonyms(set.app(app.name), set.purpose(purpose.name));
        if (!granted && !states.one_in(8)) {
          continue;
        }
        std::string who = pseudonym(app.name, purpose.name, subject);
        if (states.one_in(20)) {
          // Somebody else's pseudonym, or no pseudonym at all.
          who = states.one_in(2) ? policy_->write_pseudonyms(set.app(app.name))->encode(subject)
                                 : "psn1_x";
        }
        ReadRequest request;
        request.pseudonym = who;
        request.purpose = states.one_in(25) ? "astrology" : std::string_view(purpose.name);
        request.context.event = states.one_in(2) ? "store-entry" : "";
        request.all_fields = states.one_in(2);
        for (const policy::Field& field : set.fields()) {
          if (!request.all_fields && states.one_in(4)) {
            request.fields.push_back(field.name);
          }
        }
        if (!request.all_fields && request.fields.empty()) {
          request.fields.push_back(states.one_in(3) ? "shoe_size" : "first_name");
        }
        SCOPED_TRACE(app.name + " for " + purpose.name);
        const auto read = run(*environment_, call(app.name), request);
        const auto evaluated = evaluate(*environment_, call(app.name), request);
        ++pairs;
        ASSERT_EQ(read.has_value(), evaluated.has_value());
        if (read.has_error()) {
          EXPECT_EQ(read.error().message, evaluated.error().message);
          ++malformed;
          continue;
        }
        expect_agreement(set, request, *read, *evaluated, seen);
        if (HasFailure()) {
          FAIL() << read->line << '\n' << evaluated->recordable.line;
        }
      }
    }
  }
  EXPECT_GT(seen.allowed, 100U);
  EXPECT_GT(seen.partial_named, 100U);
  EXPECT_GT(seen.partial_all, 100U);
  EXPECT_GT(seen.obligations, 100U);
  EXPECT_GT(malformed, 10U);
  EXPECT_GE(seen.refused.size(), 14U);
  std::printf("%zu pairs: %zu allowed, %zu partial, %zu malformed; refusals:", pairs, seen.allowed,
              seen.partial_named + seen.partial_all, malformed);
  for (const auto& [code, count] : seen.refused) {
    std::printf(" %s %zu", code.c_str(), count);
  }
  std::printf("\n");
}

// Every sealed value of the person is rubbish: a read meets that, an evaluation has no way to.
TEST_F(EvaluateTest, OpensNoField) {
  const SubjectId subject = add_person(
      R"({"identifiers":[{"type":"email","value":"ada@example.com"}],"fields":{)"
      R"("first_name":{"value":"Ada"},"last_name":{"value":"W"},"birth_date":{"value":"1984-12-10"}}})");
  auto transaction = store_->begin();
  ASSERT_TRUE(transaction.has_value());
  store::ProfileWrite damage;
  damage.subject = subject;
  const auto profile = (*transaction)->load(subject);
  for (const store::StoredField& field : (*profile)->fields()) {
    damage.fields.push_back({field.field, field.source, field.type, field.value_version,
                             field.collected_at, Bytes(field.sealed.size(), Byte{0x5a})});
  }
  ASSERT_EQ(damage.fields.size(), 3U);
  ASSERT_TRUE((*transaction)->put(damage).has_value());
  ASSERT_TRUE((*transaction)->commit().has_value());

  ReadRequest request;
  const std::string who = pseudonym("web-shop", "order-fulfilment", subject);
  request.pseudonym = who;
  request.purpose = "order-fulfilment";
  request.all_fields = false;
  request.fields = {"first_name", "last_name"};
  const auto read = run(*environment_, call("web-shop"), request);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->answer.status, 503U);
  const auto evaluated = evaluate(*environment_, call("web-shop"), request);
  ASSERT_TRUE(evaluated.has_value());
  EXPECT_TRUE(evaluated->permitted) << evaluated->recordable.answer.open_body;
}

TEST_F(EvaluateTest, SpeaksOfTheAppThatTheQuestionIsAbout) {
  const SubjectId subject =
      add_person(R"({"identifiers":[{"type":"email","value":"ada@example.com"}],"fields":{)"
                 R"("first_name":{"value":"Ada"},"email":{"value":"ada@example.com"},)"
                 R"("birth_date":{"value":"1984-12-10"}}})");
  ReadRequest request;
  const std::string who = pseudonym("fraud-screen", "fraud-screening", subject);
  request.pseudonym = who;
  request.purpose = "fraud-screening";
  Call asked = call("api-gateway");
  asked.about_app = policy_->set().app("fraud-screen");
  const auto evaluated = evaluate(*environment_, asked, request);
  ASSERT_TRUE(evaluated.has_value());
  EXPECT_TRUE(evaluated->permitted);
  const json::object record = parse(evaluated->recordable.line);
  EXPECT_EQ(record.at("app").as_string(), "api-gateway");
  EXPECT_EQ(record.at("about_app").as_string(), "fraud-screen");
  EXPECT_EQ(json::serialize(closed(evaluated->recordable.answer).at("context").at("obligations")),
            R"([{"field":"email","apply":{"pseudonymise":"fraud"}},)"
            R"({"field":"birth_date","apply":{"generalise":"year"}}])");

  asked.about_app = policy::kUnknownIndex;  // an app that the policy does not have
  const auto unknown = evaluate(*environment_, asked, request);
  ASSERT_TRUE(unknown.has_value());
  EXPECT_FALSE(unknown->permitted);
  EXPECT_EQ(parse(unknown->recordable.line).at("code").as_string(), "purpose-not-granted");
  EXPECT_FALSE(parse(unknown->recordable.line).contains("about_app"));
}

}  // namespace
}  // namespace fieldgate::read_path
