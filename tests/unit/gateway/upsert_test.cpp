// Who a row is about, what of it is stored, and that nothing is stored in clear.
#include "gateway/write/upsert.h"

#include "gateway/read_path/decision_facts.h"
#include "gateway/store/memory/memory_store.h"
#include "tests/unit/gateway/bound_test_policy.h"
#include "tests/unit/gateway/test_keys.h"

#include <fieldgate/crypto/sealed_field.h>
#include <fieldgate/policy/load.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fieldgate::write {
namespace {

namespace fs = std::filesystem;

const fs::path kPolicy = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const UtcTime kEarly = *parse_rfc3339("2026-05-01T00:00:00Z");
const UtcTime kLate = *parse_rfc3339("2026-06-01T00:00:00Z");

class UpsertTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { keys_ = std::make_unique<TestKeys>(); }
  static void TearDownTestSuite() { keys_.reset(); }
  void SetUp() override {
    policy_ = bind_test_policy(kPolicy, *store_, *keys_->keyring);
    ASSERT_NE(policy_, nullptr);
  }

  static importing::PersonIdentifier email(const std::string& value) {
    return {IdentifierType::kEmail, value};
  }
  static importing::PersonIdentifier phone(const std::string& value) {
    return {IdentifierType::kPhone, value};
  }
  static importing::PersonIdentifier account(const std::string& value) {
    return {IdentifierType::kAccountId, value};
  }
  importing::PersonField field(const std::string& name, const std::string& value,
                               UtcTime at = kEarly) const {
    importing::PersonField out;
    out.field = policy_->set().field(name);
    EXPECT_NE(out.field, policy::kUnknownIndex) << name;
    out.plaintext = value;
    out.source = "test";
    out.collected_at = at;
    return out;
  }
  Result<Upserted> upsert(std::vector<importing::PersonIdentifier> identifiers,
                          std::vector<importing::PersonField> fields) {
    auto transaction = store_->begin();
    EXPECT_TRUE(transaction.has_value());
    importing::PersonRow row;
    row.identifiers = std::move(identifiers);
    row.fields = std::move(fields);
    const Sealing sealing{*keys_->keyring, *keys_->indexer, store_->names(), keys_->random};
    auto done = upsert_person(sealing, *policy_, **transaction, row);
    if (done.has_value()) {
      EXPECT_TRUE((*transaction)->commit().has_value());
    }
    return done;
  }
  store::ProfilePtr find(const importing::PersonIdentifier& who) {
    auto reader = store_->reader();
    auto found = (*reader)->find(who.type, keys_->indexer->index(who.type, who.normalised));
    EXPECT_TRUE(found.has_value());
    return *found;
  }
  read_path::DecisionFacts facts_of(const importing::PersonIdentifier& who) {
    const store::ProfilePtr person = find(who);
    auto key = keys_->keyring->unwrap_subject_key(person->subject(), person->wrapped_key());
    EXPECT_TRUE(key.has_value());
    auto facts = read_path::open_facts(*keys_->keyring, *key, *person);
    EXPECT_TRUE(facts.has_value());
    return *facts;
  }
  const store::StoredField* stored(const store::ProfilePtr& person, const std::string& name) {
    for (const store::StoredField& each : person->fields()) {
      if (store_->names().name(each.field) == name) {
        return &each;
      }
    }
    return nullptr;
  }

  static inline std::unique_ptr<TestKeys> keys_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  std::shared_ptr<const read_path::BoundPolicy> policy_;
};

TEST_F(UpsertTest, MakesAPersonAndFindsThemAgainByEveryIdentifier) {
  const auto made = upsert({email("a@x.example"), account("A-1"), phone("+442079460001")},
                           {field("first_name", "Ann")});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(made->created);
  for (const auto& who : {email("a@x.example"), account("A-1"), phone("+442079460001")}) {
    ASSERT_NE(find(who), nullptr);
    EXPECT_EQ(find(who)->subject(), made->subject);
  }
  EXPECT_EQ(find(email("b@x.example")), nullptr);
  const auto again = upsert({account("A-1")}, {field("city", "Bath")});
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->subject, made->subject);
  EXPECT_EQ(find(account("A-1"))->fields().size(), 2U) << "what was there stays";
}

TEST_F(UpsertTest, LinksTheValuesOfDirectIdentifierFields) {
  ASSERT_TRUE(
      upsert({account("A-2")}, {field("email", "field@x.example"), field("phone", "+442079460002")})
          .has_value());
  EXPECT_NE(find(email("field@x.example")), nullptr);
  EXPECT_NE(find(phone("+442079460002")), nullptr);
  const auto conflict = upsert({account("A-3")}, {field("email", "field@x.example")});
  ASSERT_TRUE(conflict.has_value()) << "A-3 is nobody yet: it joins the person of the address";
  EXPECT_FALSE(conflict->created);
  EXPECT_EQ(find(account("A-3"))->subject(), find(account("A-2"))->subject());
}

TEST_F(UpsertTest, ANewAddressKeepsThePersonAndTheOldLink) {
  const auto made = upsert({account("A-4"), email("old@x.example")}, {});
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(upsert({account("A-4")}, {field("email", "new@x.example")}).has_value());
  EXPECT_EQ(find(email("new@x.example"))->subject(), made->subject);
  EXPECT_EQ(find(email("old@x.example"))->subject(), made->subject);
}

TEST_F(UpsertTest, IdentifiersOfTwoPeopleAreAConflictThatChangesNothing) {
  ASSERT_TRUE(upsert({email("one@x.example")}, {field("city", "Bath")}).has_value());
  ASSERT_TRUE(upsert({account("TWO")}, {field("city", "Hull")}).has_value());
  const auto both =
      upsert({email("one@x.example"), account("TWO"), account("NEW")}, {field("city", "York")});
  ASSERT_TRUE(both.has_error());
  EXPECT_EQ(both.error().code, ErrorCode::kConflict);
  EXPECT_EQ(both.error().detail_code, "two-people");
  EXPECT_EQ(find(account("NEW")), nullptr);
  EXPECT_NE(find(email("one@x.example"))->subject(), find(account("TWO"))->subject());
  EXPECT_EQ(stored(find(account("TWO")), "city")->value_version, 1U);
}

TEST_F(UpsertTest, APhoneNumberNeverMerges) {
  const auto mother = upsert({email("mother@x.example"), phone("+442079460003")}, {});
  const auto son = upsert({email("son@x.example"), phone("+442079460003")}, {});
  ASSERT_TRUE(mother.has_value());
  ASSERT_TRUE(son.has_value());
  EXPECT_TRUE(son->created);
  EXPECT_NE(mother->subject, son->subject);
  EXPECT_EQ(find(phone("+442079460003")), nullptr) << "a number of two people names neither";
  const auto shared = upsert({phone("+442079460003")}, {field("city", "Bath")});
  ASSERT_TRUE(shared.has_error()) << "a number of two people makes no third";
  EXPECT_EQ(shared.error().detail_code, "phone-alone");
  ASSERT_TRUE(upsert({phone("+442079460004")}, {}).has_value()) << "an unknown number is a person";
  const auto alone = upsert({phone("+442079460004")}, {field("city", "Bath")});
  ASSERT_TRUE(alone.has_error());
  EXPECT_EQ(alone.error().code, ErrorCode::kConflict);
  EXPECT_EQ(alone.error().detail_code, "phone-alone");
}

TEST_F(UpsertTest, AValueGivesWayToOneOfTheSameTimeOrLater) {
  const auto version = [this] { return stored(find(account("A-5")), "city")->value_version; };
  ASSERT_TRUE(upsert({account("A-5")}, {field("city", "Bath", kLate)}).has_value());
  EXPECT_EQ(version(), 1U);
  ASSERT_TRUE(upsert({account("A-5")}, {field("city", "Hull", kEarly)}).has_value());
  EXPECT_EQ(version(), 1U) << "older: kept out";
  EXPECT_EQ(stored(find(account("A-5")), "city")->collected_at, kLate);
  ASSERT_TRUE(upsert({account("A-5")}, {field("city", "York", kLate)}).has_value());
  EXPECT_EQ(version(), 2U);
}

TEST_F(UpsertTest, FactsFollowBirthDateAndCountryAndKeepTheOther) {
  ASSERT_TRUE(upsert({account("A-6")}, {field("city", "Bath")}).has_value());
  EXPECT_TRUE(find(account("A-6"))->facts().empty());
  ASSERT_TRUE(upsert({account("A-6")}, {field("country", "GB", kLate)}).has_value());
  EXPECT_FALSE(facts_of(account("A-6")).birth_date.has_value());
  ASSERT_TRUE(upsert({account("A-6")}, {field("birth_date", "1984-05-02")}).has_value());
  const auto facts = facts_of(account("A-6"));
  EXPECT_EQ(read_path::encode_decision_facts(facts), "GB 1984-05-02");
  EXPECT_EQ(find(account("A-6"))->facts_version(), 2U);
  ASSERT_TRUE(upsert({account("A-6")}, {field("country", "FR", kEarly)}).has_value());
  EXPECT_EQ(read_path::encode_decision_facts(facts_of(account("A-6"))), "GB 1984-05-02")
      << "an older country changes neither the value nor the fact";
  EXPECT_EQ(find(account("A-6"))->facts_version(), 2U);
}

TEST_F(UpsertTest, NothingIsStoredInClear) {
  ASSERT_TRUE(upsert({account("A-7"), email("zephyrine@marker.example")},
                     {field("first_name", "Zephyrine"), field("country", "GB")})
                  .has_value());
  const store::ProfilePtr person = find(account("A-7"));
  for (const store::StoredField& each : person->fields()) {
    const std::string sealed(each.sealed.begin(), each.sealed.end());
    EXPECT_EQ(sealed.find("Zephyrine"), std::string::npos);
    EXPECT_EQ(sealed.find("GB"), std::string::npos);
  }
  const std::string facts(person->facts().begin(), person->facts().end());
  EXPECT_EQ(facts.find("GB"), std::string::npos);
}

TEST_F(UpsertTest, TheSameValueSealsDifferentlyEachTimeAndForEachPerson) {
  ASSERT_TRUE(upsert({account("A-8")}, {field("city", "Bath")}).has_value());
  ASSERT_TRUE(upsert({account("A-9")}, {field("city", "Bath")}).has_value());
  const auto sealed = [this](const std::string& who) {
    const auto person = find(account(who));
    const ByteView bytes = stored(person, "city")->sealed;
    return Bytes(bytes.begin(), bytes.end());
  };
  const Bytes first = sealed("A-8");
  EXPECT_NE(first, sealed("A-9"));
  ASSERT_TRUE(upsert({account("A-8")}, {field("city", "Bath", kLate)}).has_value());
  EXPECT_NE(first, sealed("A-8"));
}

}  // namespace
}  // namespace fieldgate::write
