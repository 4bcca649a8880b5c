// What every store promises about the ledger and the state that it folds into.
#include "tests/contract/store_fixture.h"

namespace fieldgate::store::test {
namespace {

using policy::ConsentStatus;
using policy::ObjectionStatus;

constexpr NameId kPurpose = 3;
constexpr NameId kOtherPurpose = 4;

class LedgerContract : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    ASSERT_OK(put(*store_, new_person(1)));
    ASSERT_OK(put(*store_, new_person(2)));
    ASSERT_NE(found(email(1)), nullptr);  // so that a hot set has the person before the changes
  }

  /// Returns whether the record is in force.
  bool append(ConsentRecord record) {
    EXPECT_OK(write(*store_, [&record](Transaction& t) { return t.append_consent(record); }));
    return record.in_force;
  }
  bool append(std::string id, ConsentStatus status, int second) {
    return append(consent(1, std::move(id), kPurpose, status, second));
  }
  void object(std::string id, ObjectionStatus status, int second) {
    const ObjectionRecord record{std::move(id), subject(1),    kPurpose, status, 25,
                                 at(second),    at(second + 1)};
    EXPECT_OK(write(*store_, [&record](Transaction& t) { return t.append_objection(record); }));
  }
  void restrict(std::string id, bool raised, int second) {
    const RestrictionRecord record{std::move(id), subject(1),    raised, 25,
                                   at(second),    at(second + 1)};
    EXPECT_OK(write(*store_, [&record](Transaction& t) { return t.append_restriction(record); }));
  }
  StoredConsent only_consent() {
    const ProfilePtr person = found(email(1));
    EXPECT_EQ(person->consents().size(), 1U);
    return person->consents().empty() ? StoredConsent{} : person->consents()[0];
  }
  StoredObjection only_objection() {
    const ProfilePtr person = found(email(1));
    EXPECT_EQ(person->objections().size(), 1U);
    return person->objections().empty() ? StoredObjection{} : person->objections()[0];
  }
};

TEST_P(LedgerContract, AConsentIsFoldedAndKeptWhole) {
  EXPECT_TRUE(append("cns_a", ConsentStatus::kGiven, 10));
  const StoredConsent state = only_consent();
  EXPECT_EQ(state.purpose, kPurpose);
  EXPECT_EQ(state.level, 21);
  EXPECT_EQ(state.text_version, 22);
  EXPECT_EQ(state.status, ConsentStatus::kGiven);
  EXPECT_TRUE(state.is_explicit);
  EXPECT_FALSE(state.by_guardian);
  EXPECT_EQ(state.at, at(10));
  EXPECT_EQ(state.last_refusal, std::nullopt);

  const auto record = value_of(reader_->consent_record("cns_a"));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->id, "cns_a");
  EXPECT_EQ(record->subject, subject(1));
  EXPECT_EQ(record->purpose, kPurpose);
  EXPECT_EQ(record->status, ConsentStatus::kGiven);
  EXPECT_EQ(record->level, 21);
  EXPECT_EQ(record->text_version, 22);
  EXPECT_EQ(record->language, 23);
  EXPECT_EQ(record->method, 24);
  EXPECT_EQ(record->app, 25);
  Hash32 notice;
  notice.fill(0xab);
  EXPECT_EQ(record->notice_sha256, notice);
  EXPECT_TRUE(record->is_explicit);
  EXPECT_FALSE(record->by_guardian);
  EXPECT_EQ(record->collected_at, at(10));
  EXPECT_EQ(record->received_at, at(11));
  EXPECT_TRUE(record->in_force);
}

TEST_P(LedgerContract, AWithdrawalIsSeenByTheNextRead) {
  append("cns_a", ConsentStatus::kGiven, 10);
  EXPECT_EQ(only_consent().status, ConsentStatus::kGiven);
  EXPECT_TRUE(append("cns_b", ConsentStatus::kWithdrawn, 20));
  EXPECT_EQ(only_consent().status, ConsentStatus::kWithdrawn);
  EXPECT_EQ(only_consent().at, at(20));
  EXPECT_EQ(only_consent().last_refusal, at(20));
  EXPECT_TRUE(append("cns_c", ConsentStatus::kGiven, 30));
  EXPECT_EQ(only_consent().status, ConsentStatus::kGiven);
}

TEST_P(LedgerContract, ALateGivenFromBeforeTheWithdrawalPermitsNothing) {
  append("cns_a", ConsentStatus::kGiven, 10);
  append("cns_b", ConsentStatus::kWithdrawn, 20);
  ConsentRecord late = consent(1, "cns_c", kPurpose, ConsentStatus::kGiven, 15);
  late.level = 99;
  late.text_version = 98;
  EXPECT_FALSE(append(late));
  EXPECT_EQ(only_consent().status, ConsentStatus::kWithdrawn);
  EXPECT_EQ(only_consent().level, 21);
  EXPECT_EQ(only_consent().text_version, 22);
  const auto kept = value_of(reader_->consent_record("cns_c"));
  ASSERT_TRUE(kept.has_value());
  EXPECT_FALSE(kept->in_force);
}

TEST_P(LedgerContract, ALateWithdrawalStillCounts) {
  append("cns_a", ConsentStatus::kGiven, 30);
  EXPECT_TRUE(append("cns_b", ConsentStatus::kWithdrawn, 20));
  EXPECT_EQ(only_consent().status, ConsentStatus::kWithdrawn);
}

TEST_P(LedgerContract, PurposesAndGuardiansAreApart) {
  append("cns_a", ConsentStatus::kGiven, 10);
  ConsentRecord guardian = consent(1, "cns_b", kPurpose, ConsentStatus::kGiven, 11);
  guardian.by_guardian = true;
  append(guardian);
  append(consent(1, "cns_c", kOtherPurpose, ConsentStatus::kRefused, 12));
  append("cns_d", ConsentStatus::kWithdrawn, 13);
  const ProfilePtr person = found(email(1));
  ASSERT_EQ(person->consents().size(), 3U);
  for (const StoredConsent& state : person->consents()) {
    const ConsentStatus expected = state.purpose == kOtherPurpose ? ConsentStatus::kRefused
                                   : state.by_guardian            ? ConsentStatus::kGiven
                                                                  : ConsentStatus::kWithdrawn;
    EXPECT_EQ(state.status, expected);
  }
  EXPECT_TRUE(loaded(2)->consents().empty());
}

TEST_P(LedgerContract, TheHistoryKeepsTheOrderOfArrival) {
  append("cns_z", ConsentStatus::kGiven, 30);
  append(consent(1, "cns_y", kOtherPurpose, ConsentStatus::kGiven, 1));
  append(consent(2, "cns_x", kPurpose, ConsentStatus::kGiven, 2));
  append("cns_a", ConsentStatus::kWithdrawn, 20);
  const auto ids = [this](NameId purpose) {
    std::vector<std::string> out;
    for (const ConsentRecord& record :
         value_of(reader_->consent_history(subject(1), purpose, {}))) {
      EXPECT_EQ(record.subject, subject(1));
      out.push_back(record.id);
    }
    return out;
  };
  EXPECT_EQ(ids(kNoName), (std::vector<std::string>{"cns_z", "cns_y", "cns_a"}));
  EXPECT_EQ(ids(kPurpose), (std::vector<std::string>{"cns_z", "cns_a"}));
  EXPECT_EQ(ids(77), std::vector<std::string>{});
}

TEST_P(LedgerContract, TheHistoryComesInPages) {
  for (const char* id : {"cns_a", "cns_b", "cns_c"}) {
    append(id, ConsentStatus::kGiven, 10);
    append(consent(1, std::string(id) + "2", kOtherPurpose, ConsentStatus::kGiven, 10));
  }
  append(consent(2, "cns_d", kPurpose, ConsentStatus::kGiven, 2));
  const auto ids = [this](NameId purpose, const HistoryPage& page) {
    std::string out;
    for (const ConsentRecord& r : value_of(reader_->consent_history(subject(1), purpose, page))) {
      out += r.id.substr(4) + ' ';
    }
    return out;
  };
  EXPECT_EQ(ids(kPurpose, {{}, 2}), "a b ");
  EXPECT_EQ(ids(kPurpose, {{}, 3}), "a b c ");
  EXPECT_EQ(ids(kPurpose, {"cns_a", 1}), "b ");
  EXPECT_EQ(ids(kPurpose, {"cns_b", 5}), "c ");
  EXPECT_EQ(ids(kPurpose, {"cns_c", 5}), "");
  EXPECT_EQ(ids(kNoName, {"cns_a2", 3}), "b b2 c ");
  EXPECT_EQ(ids(kPurpose, {"cns_none", 5}), "") << "nothing follows what is not there";
  append("cns_e", ConsentStatus::kWithdrawn, 20);
  EXPECT_EQ(ids(kPurpose, {"cns_c", 5}), "e ") << "a page that was the last has a next one now";
}

TEST_P(LedgerContract, APageHasALimit) {
  ASSERT_OK(write(*store_, [](Transaction& t) -> Result<void> {
    for (std::size_t i = 0; i < kMaxHistoryPage + 1; ++i) {
      ConsentRecord next =
          consent(1, "cns_" + std::to_string(i), kPurpose, ConsentStatus::kGiven, 10);
      FIELDGATE_CHECK_OK(t.append_consent(next));
    }
    return ok();
  }));
  const auto size = [this](const HistoryPage& page) {
    return value_of(reader_->consent_history(subject(1), kPurpose, page)).size();
  };
  EXPECT_EQ(size({{}, kMaxHistoryPage - 1}), kMaxHistoryPage - 1);
  EXPECT_EQ(size({{}, kMaxHistoryPage}), kMaxHistoryPage);
  EXPECT_EQ(size({{}, kMaxHistoryPage + 1}), kMaxHistoryPage);
}

TEST_P(LedgerContract, AnIdIsUsedOnceAndAPersonMustBeKnown) {
  append("cns_a", ConsentStatus::kGiven, 10);
  EXPECT_ERROR(ErrorCode::kConflict, write(*store_, [](Transaction& t) {
                 ConsentRecord again = consent(1, "cns_a", kPurpose, ConsentStatus::kRefused, 11);
                 return t.append_consent(again);
               }));
  EXPECT_EQ(only_consent().status, ConsentStatus::kGiven);
  EXPECT_ERROR(ErrorCode::kNotFound, write(*store_, [](Transaction& t) {
                 ConsentRecord nobody = consent(9, "cns_b", kPurpose, ConsentStatus::kGiven, 11);
                 return t.append_consent(nobody);
               }));
  EXPECT_ERROR(ErrorCode::kNotFound, write(*store_, [](Transaction& t) {
                 return t.append_objection({"obj_a", subject(9), kPurpose, {}, 25, at(1), at(1)});
               }));
  EXPECT_ERROR(ErrorCode::kNotFound, write(*store_, [](Transaction& t) {
                 return t.append_restriction({"rst_a", subject(9), true, 25, at(1), at(1)});
               }));
  EXPECT_EQ(value_of(reader_->consent_history(subject(1), kNoName, {})).size(), 1U);
}

TEST_P(LedgerContract, ARefusedRecordLeavesTheTransactionUsable) {
  append("cns_a", ConsentStatus::kGiven, 10);
  ASSERT_OK(write(*store_, [](Transaction& t) -> Result<void> {
    ConsentRecord again = consent(1, "cns_a", kPurpose, ConsentStatus::kRefused, 11);
    EXPECT_TRUE(t.append_consent(again).has_error());
    ConsentRecord next = consent(1, "cns_b", kPurpose, ConsentStatus::kWithdrawn, 12);
    return t.append_consent(next);
  }));
  EXPECT_EQ(only_consent().status, ConsentStatus::kWithdrawn);
  EXPECT_EQ(value_of(reader_->consent_history(subject(1), kNoName, {})).size(), 2U);
}

TEST_P(LedgerContract, AnObjectionIsRaisedRenewedAndWithdrawn) {
  object("obj_a", ObjectionStatus::kRaised, 10);
  EXPECT_EQ(only_objection().purpose, kPurpose);
  EXPECT_EQ(only_objection().status, ObjectionStatus::kRaised);
  EXPECT_EQ(only_objection().at, at(10));
  object("obj_b", ObjectionStatus::kRaised, 30);
  EXPECT_EQ(only_objection().at, at(30));
  object("obj_c", ObjectionStatus::kRaised, 20);  // arrives late: the later "no" stands
  EXPECT_EQ(only_objection().at, at(30));
  object("obj_d", ObjectionStatus::kWithdrawn, 40);
  EXPECT_EQ(only_objection().status, ObjectionStatus::kWithdrawn);
  EXPECT_EQ(only_objection().at, at(40));
  object("obj_e", ObjectionStatus::kRaised, 50);
  EXPECT_EQ(only_objection().status, ObjectionStatus::kRaised);

  const auto history = value_of(reader_->objection_history(subject(1)));
  ASSERT_EQ(history.size(), 5U);
  EXPECT_EQ(history[3].id, "obj_d");
  EXPECT_EQ(history[3].status, ObjectionStatus::kWithdrawn);
  EXPECT_EQ(history[3].app, 25);
  EXPECT_EQ(history[3].purpose, kPurpose);
  EXPECT_EQ(history[3].collected_at, at(40));
  EXPECT_EQ(history[3].received_at, at(41));
  EXPECT_TRUE(value_of(reader_->objection_history(subject(2))).empty());
}

TEST_P(LedgerContract, ARestrictionIsRaisedRenewedAndLifted) {
  EXPECT_EQ(found(email(1))->restricted_since(), std::nullopt);
  restrict("rst_a", true, 10);
  EXPECT_EQ(found(email(1))->restricted_since(), at(10));
  restrict("rst_b", true, 20);
  EXPECT_EQ(found(email(1))->restricted_since(), at(20));
  restrict("rst_c", true, 15);
  EXPECT_EQ(found(email(1))->restricted_since(), at(20));
  restrict("rst_d", false, 30);
  EXPECT_EQ(found(email(1))->restricted_since(), std::nullopt);

  const auto history = value_of(reader_->restriction_history(subject(1)));
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[2].id, "rst_c");
  EXPECT_TRUE(history[2].raised);
  EXPECT_FALSE(history[3].raised);
  EXPECT_EQ(history[3].app, 25);
  EXPECT_EQ(history[3].collected_at, at(30));
  EXPECT_EQ(history[3].received_at, at(31));
}

TEST_P(LedgerContract, AChangeOfFieldsKeepsTheConsentState) {
  append("cns_a", ConsentStatus::kGiven, 10);
  object("obj_a", ObjectionStatus::kRaised, 11);
  restrict("rst_a", true, 12);
  ProfileWrite change;
  change.subject = subject(1);
  change.fields = {field(2, "new")};
  ASSERT_OK(put(*store_, change));
  EXPECT_EQ(only_consent().status, ConsentStatus::kGiven);
  EXPECT_EQ(only_objection().status, ObjectionStatus::kRaised);
  EXPECT_EQ(found(email(1))->restricted_since(), at(12));
  EXPECT_EQ(found(email(1))->fields().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Stores, LedgerContract, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace fieldgate::store::test
