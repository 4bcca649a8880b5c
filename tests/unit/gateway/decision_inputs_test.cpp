// The inputs of a decision come out of a record as they went in, and nothing else does.
#include "gateway/read_path/decision_inputs.h"

#include "gateway/store/memory/memory_store.h"
#include "gateway/store/snapshot.h"
#include "tests/unit/gateway/bound_test_policy.h"
#include "tests/unit/gateway/test_keys.h"

#include <gtest/gtest.h>

#include <random>

namespace fieldgate::read_path {
namespace {

const std::filesystem::path kPolicy = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const UtcTime kNow = *parse_rfc3339("2026-11-02T12:00:00.123456Z");

class Inputs : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = bind_test_policy(kPolicy, *store_, *keys_.keyring);
    ASSERT_NE(policy_, nullptr);
    question_.app = policy_->set().app("web-shop");
    question_.purpose = policy_->set().purpose("newsletter");
    question_.now = kNow;
  }
  store::NameId name(std::string_view word) { return *store_->names().intern(word); }

  store::ProfilePtr profile() {
    Bytes bytes;
    store::encode_state(state_, bytes);
    auto made = store::make_profile(SubjectId{}, {}, bytes);
    EXPECT_TRUE(made.has_value());
    return *made;
  }
  SecretBytes encode(bool facts_known) {
    return encode_decision_inputs(*policy_, question_, *profile(), person_, facts_known);
  }

  TestKeys keys_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  std::shared_ptr<const BoundPolicy> policy_;
  policy::Question question_;
  policy::PersonFacts person_;
  store::ProfileState state_;
};

TEST_F(Inputs, ComeBackWhole) {
  question_.asked.set(policy_->set().field("first_name"));
  question_.asked.set(policy_->set().field("email"));
  question_.context = {"web", "GB", "", "d-1", ""};
  person_.country = policy::parse_country("GB");
  person_.birth_date = parse_date("1984-02-29");
  person_.restricted_since = kNow + std::chrono::hours(1);
  const UtcTime given = *parse_rfc3339("1969-12-31T23:59:59Z");
  state_.consents = {{name("newsletter"), name("basic"), name("v2"), policy::ConsentStatus::kGiven,
                      true, false, given, std::nullopt},
                     {name("newsletter"), store::kNoName, name("v1"),
                      policy::ConsentStatus::kRenewed, false, true, kNow, kNow},
                     {name("personalisation"), store::kNoName, name("v1"),
                      policy::ConsentStatus::kGiven, false, false, kNow, std::nullopt}};
  state_.objections = {{name("newsletter"), policy::ObjectionStatus::kOverruled, kNow},
                       {name("direct-marketing"), policy::ObjectionStatus::kWithdrawn, given},
                       {name("fraud-screening"), policy::ObjectionStatus::kRaised, kNow}};
  store::StoredField field;
  field.field = name("email");
  field.collected_at = given;
  state_.fields = {field};

  const auto back = decode_decision_inputs(encode(true).reveal(), kNow);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_FALSE(back->all_fields);
  EXPECT_EQ(back->asked.size(), 2U);
  EXPECT_EQ(back->context, (std::array<std::string, 5>{"web", "GB", "", "d-1", ""}));
  EXPECT_EQ(back->country, person_.country);
  EXPECT_EQ(back->birth_date, person_.birth_date);
  EXPECT_EQ(back->restricted_since, person_.restricted_since);
  EXPECT_TRUE(back->facts_known);
  ASSERT_EQ(back->consents.size(), 2U) << "those of other purposes are nobody's business";
  EXPECT_EQ(back->consents[0].status, policy::ConsentStatus::kGiven);
  EXPECT_EQ(back->consents[0].level, name("basic"));
  EXPECT_EQ(back->consents[0].text_version, name("v2"));
  EXPECT_TRUE(back->consents[0].is_explicit);
  EXPECT_FALSE(back->consents[0].by_guardian);
  EXPECT_EQ(back->consents[0].at, given);
  EXPECT_TRUE(back->consents[1].by_guardian);
  EXPECT_EQ(back->consents[1].at, kNow);
  ASSERT_EQ(back->objections.size(), 2U);
  EXPECT_FALSE(back->objections[0].to_all_marketing);
  EXPECT_EQ(back->objections[0].status, policy::ObjectionStatus::kOverruled);
  EXPECT_TRUE(back->objections[1].to_all_marketing);
  EXPECT_EQ(back->objections[1].at, given);
  ASSERT_EQ(back->held.size(), 1U);
  EXPECT_EQ(back->held[0].field, name("email"));
  EXPECT_EQ(back->held[0].collected_at, given);
}

TEST_F(Inputs, OfNothingAreSmall) {
  question_.all_fields = true;
  const SecretBytes bytes = encode(false);
  EXPECT_LE(bytes.size(), 8U);
  const auto back = decode_decision_inputs(bytes.reveal(), kNow);
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->all_fields);
  EXPECT_FALSE(back->facts_known);
  EXPECT_EQ(back->country, std::nullopt);
  EXPECT_EQ(back->birth_date, std::nullopt);
  EXPECT_EQ(back->restricted_since, std::nullopt);
}

TEST_F(Inputs, KeepTheFurthestTimes) {
  state_.fields.resize(2);
  state_.fields[0].field = name("email");
  state_.fields[0].collected_at = UtcTime::min();
  state_.fields[1].field = name("phone");
  state_.fields[1].collected_at = UtcTime::max();
  std::sort(state_.fields.begin(), state_.fields.end(),
            [](const auto& a, const auto& b) { return a.field < b.field; });
  const auto back = decode_decision_inputs(encode(false).reveal(), kNow);
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->held.size(), 2U);
  EXPECT_EQ(back->held[0].collected_at, state_.fields[0].collected_at);
  EXPECT_EQ(back->held[1].collected_at, state_.fields[1].collected_at);
}

TEST_F(Inputs, ThatAreCutOrLongerAreRefused) {
  question_.asked.set(policy_->set().field("email"));
  question_.context.channel = "web";
  state_.consents = {{name("newsletter"), store::kNoName, name("v1"), policy::ConsentStatus::kGiven,
                      false, false, kNow, std::nullopt}};
  const SecretBytes bytes = encode(false);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_decision_inputs(bytes.reveal().first(size), kNow).has_value()) << size;
  }
  Bytes more(bytes.reveal().begin(), bytes.reveal().end());
  more.push_back(0);
  EXPECT_FALSE(decode_decision_inputs(more, kNow).has_value());
  more.pop_back();
  more[0] = kInputsVersion + 1;
  EXPECT_FALSE(decode_decision_inputs(more, kNow).has_value());
  more[0] = kInputsVersion;
  more[1] |= 0x40U;
  EXPECT_FALSE(decode_decision_inputs(more, kNow).has_value());
}

TEST(DecisionInputsDecoding, TakesAnyBytesWithoutHarm) {
  std::mt19937 dice(20261122);
  int whole = 0;
  constexpr int kCases = 200'000;
  for (int i = 0; i < kCases; ++i) {
    Bytes bytes(dice() % 48 + 2);
    for (Byte& byte : bytes) {
      byte = static_cast<Byte>(dice() % (dice() % 2 == 0 ? 4U : 256U));
    }
    bytes[0] = kInputsVersion;
    whole += decode_decision_inputs(bytes, kNow).has_value() ? 1 : 0;
  }
  EXPECT_GT(whole, 0) << "none was well-formed: the cases reach nothing";
  std::cout << "random inputs: " << kCases << ", well-formed " << whole << '\n';
}

}  // namespace
}  // namespace fieldgate::read_path
