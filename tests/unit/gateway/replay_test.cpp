// Records that cannot be decided again are counted, each under the reason why.
#include "gateway/replay/replay.h"

#include "gateway/read_path/bound_policy.h"
#include "gateway/store/memory/memory_store.h"
#include "gateway/store/snapshot.h"
#include "tests/unit/gateway/bound_test_policy.h"
#include "tests/unit/gateway/test_keys.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/record.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/policy/load.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

namespace fieldgate::replay {
namespace {

namespace fs = std::filesystem;

const fs::path kPolicy = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const UtcTime kNow = *parse_rfc3339("2026-11-02T12:00:00Z");

class FixedClock final : public Clock {
 public:
  [[nodiscard]] UtcTime now() const override { return kNow; }
};

SubjectId person(Byte seed) {
  SubjectId subject;
  subject.bytes.fill(seed);
  return subject;
}

class ReplayOfRecords : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = policy::load_policy_directory(kPolicy).policy;
    ASSERT_NE(policy_, nullptr);
    bound_ = bind_test_policy(kPolicy, *store_, *keys_.keyring);
    ASSERT_NE(bound_, nullptr);
    std::string name = (fs::temp_directory_path() / "fieldgate-replay-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    auto log = audit::Log::create(folder_ / "log", "test.example/audit",
                                  crypto::Ed25519Signer(SecretBytes(32)), clock_);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = std::move(*log);
    key_.emplace(keys_.keyring->make_subject_key(keys_.random));
    add_person(person(1));
  }
  void TearDown() override {
    log_.reset();
    fs::remove_all(folder_);
  }

  void add_person(const SubjectId& subject) {
    auto transaction = store_->begin();
    ASSERT_TRUE(transaction.has_value());
    store::ProfileWrite write;
    write.subject = subject;
    write.create = true;
    write.wrapped_key = keys_.keyring->wrap_subject_key(subject, *key_, keys_.random);
    ASSERT_TRUE((*transaction)->put(write).has_value());
    ASSERT_TRUE((*transaction)->commit().has_value());
  }

  /// A read that support-desk made of person `seed`, who held a name and an email.
  struct Told {
    std::string code = {};  ///< of a deny; else it was allowed
    std::string purpose = "order-fulfilment";
    std::string app = "support-desk";
    Byte seed = 1;
    bool sealed = true;
    bool other_key = false;
    bool facts_known = false;
    bool spoil = false;
  };
  void record(const Told& told) {
    const std::string id = "r" + std::to_string(records_++);
    policy::Question question;
    question.purpose = policy_->purpose(told.purpose);
    question.all_fields = true;
    question.now = kNow;
    std::vector<audit::FieldOutcome> outcomes{{"first_name", "show"}, {"email", "show"}};
    Bytes inputs;
    if (told.sealed) {
      const SecretBytes bytes = encode_inputs(question, told.facts_known);
      auto sealed = crypto::seal_record_part(
          *key_, {keys_.keyring->tenant(), person(told.seed), id}, bytes.reveal(), keys_.random);
      ASSERT_TRUE(sealed.has_value());
      inputs = *sealed;
      if (told.spoil) {
        inputs.back() ^= 1U;
      }
    }
    const crypto::AuditKey other{SecretBytes(32)};
    const crypto::AuditKey own(keys_.keyring->tenant_key(crypto::TenantKey::kAudit));
    const crypto::SubjectTag tag = (told.other_key ? other : own).tag(id, person(told.seed));
    audit::RecordFields fields;
    fields.id = id;
    fields.time = kNow;
    fields.type = told.code.empty() ? audit::RecordType::kRead : audit::RecordType::kDeny;
    fields.decision = told.code.empty() ? "allow" : "deny";
    fields.code = told.code;
    fields.app = told.app;
    fields.purpose = told.purpose;
    fields.subject_tag = tag;
    fields.sealed = inputs;
    if (told.code.empty()) {
      fields.fields = outcomes;
    }
    std::string line;
    ASSERT_TRUE(audit::write_record(line, fields).has_value());
    ASSERT_TRUE(log_->append_and_wait(line).has_value());
  }
  SecretBytes encode_inputs(const policy::Question& question, bool facts_known) {
    Bytes state;
    store::ProfileState held;
    std::set<store::NameId> names{*store_->names().intern("first_name"),
                                  *store_->names().intern("email")};
    for (const store::NameId name : names) {
      store::StoredField field;
      field.field = name;
      field.collected_at = kNow;
      held.fields.push_back(field);
    }
    store::encode_state(held, state);
    const auto profile = store::make_profile(person(1), {}, state);
    return read_path::encode_decision_inputs(*bound_, question, **profile, {}, facts_known);
  }

  ReplayReport replay(const policy::PolicySnapshot& policy) {
    EXPECT_TRUE(log_->write_checkpoint().has_value());
    const auto reader = store_->reader();
    const crypto::AuditKey audit_key(keys_.keyring->tenant_key(crypto::TenantKey::kAudit));
    PeopleKeys people(*keys_.keyring, audit_key, **reader);
    auto report = replay_log(
        policy, folder_ / "log", {}, {&people, &store_->names()}, [](std::uint64_t) {},
        [] { return false; });
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return std::move(*report);
  }
  static std::map<std::string, std::uint64_t> obstacles(const ReplayReport& report) {
    std::map<std::string, std::uint64_t> found;
    for (std::size_t i = 0; i < kObstacles; ++i) {
      if (report.obstacles[i] != 0) {
        found[std::string(obstacle_name(static_cast<Obstacle>(i)))] = report.obstacles[i];
      }
    }
    return found;
  }

  TestKeys keys_;
  FixedClock clock_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  policy::PolicySnapshot policy_;
  std::shared_ptr<const read_path::BoundPolicy> bound_;
  fs::path folder_;
  std::unique_ptr<audit::Log> log_;
  std::optional<crypto::SubjectKey> key_;
  int records_ = 0;
};

TEST_F(ReplayOfRecords, CountsEachObstacle) {
  record({});
  record({.sealed = false});
  record({.seed = 2});  // nobody of this id: erased
  record({.seed = 2});
  record({.other_key = true});
  record({.spoil = true});
  record({.code = "cannot-decide", .sealed = false});
  record({.code = "unknown-field", .sealed = false});
  record({.code = "unknown-purpose", .purpose = "", .sealed = false});
  record({.code = "purpose-not-granted", .sealed = false});  // it is granted under this policy
  record({.code = "no-such-person", .sealed = false});
  record({.purpose = "personalisation", .app = "web-shop"});  // its minors were not looked at
  const ReplayReport report = replay(policy_);
  EXPECT_EQ(report.seen.reads, 12U);
  EXPECT_EQ(report.evaluated, 2U);
  EXPECT_EQ(report.unchanged, 2U);
  EXPECT_EQ(obstacles(report), (std::map<std::string, std::uint64_t>{{"no-inputs", 1},
                                                                     {"erased", 2},
                                                                     {"other-keys", 1},
                                                                     {"damaged-part", 1},
                                                                     {"failed-then", 1},
                                                                     {"not-named", 2},
                                                                     {"person-not-looked-up", 1},
                                                                     {"facts-not-recorded", 1}}));
}

TEST_F(ReplayOfRecords, CountsAPersonOnce) {
  add_person(person(2));
  for (const Byte seed : {1, 2, 1, 1}) {
    record({.seed = seed});
  }
  const std::string less = R"(policy: "2"
controller: {name: A Ltd}
fields: {first_name: {type: text}, email: {type: email}}
recipients: {desk: {role: controller}}
apps: {support-desk: {recipient: desk, purposes: [order-fulfilment]}}
purposes: {order-fulfilment: {basis: contract, fields: {first_name: show}, keep: P1Y}}
)";
  const auto loaded = policy::load_policy({{"policy.yaml", less}});
  ASSERT_NE(loaded.policy, nullptr);
  const ReplayReport report = replay(loaded.policy);
  EXPECT_EQ(report.affected.count(), 2U);
  ASSERT_EQ(report.changes.size(), 1U);
  const auto& [key, tally] = *report.changes.begin();
  EXPECT_EQ(key.field, "email");
  EXPECT_EQ(key.change, Change::kAllowToDeny);
  EXPECT_EQ(tally.reads, 4U);
  EXPECT_EQ(tally.people.count(), 2U);
  EXPECT_EQ(tally.reasons.at("not-for-this-purpose"), 4U);
}

TEST(Obstacles, AreAClosedListOfDifferentNames) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kObstacles; ++i) {
    names.insert(obstacle_name(static_cast<Obstacle>(i)));
    EXPECT_FALSE(obstacle_says(static_cast<Obstacle>(i)).empty());
  }
  EXPECT_EQ(names.size(), kObstacles);
}

}  // namespace
}  // namespace fieldgate::replay
