// What every store promises about people, identifiers, names and credentials.
#include <gmock/gmock.h>

#include "gateway/store/snapshot.h"
#include "tests/contract/store_fixture.h"

namespace fieldgate::store::test {
namespace {

class ProfileContract : public StoreContract {};

std::string sealed(const ProfilePtr& person, NameId name) {
  for (const StoredField& field : person->fields()) {
    if (field.field == name) {
      return std::string(as_text(field.sealed));
    }
  }
  return "(absent)";
}

std::optional<ErrorCode> error_code_of(const Result<void>& result) {
  return result.has_error() ? std::optional(result.error().code) : std::nullopt;
}

TEST_P(ProfileContract, ReturnsEverythingThatWasPut) {
  ProfileWrite person = new_person(1);
  person.fields = {field(9, "nine", 4), field(2, "two")};
  person.fields[0].source = 31;
  person.fields[0].type = 5;
  person.fields[0].collected_at = at(-5);
  person.facts = bytes("facts");
  person.facts_version = 12;
  person.add_links = {email(1), phone(2), account(3)};
  ASSERT_OK(put(*store_, person));

  for (const ProfilePtr& read : {found(email(1)), found(phone(2)), found(account(3)), loaded(1)}) {
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->subject(), subject(1));
    EXPECT_EQ(as_text(read->wrapped_key()), "key-1");
    EXPECT_EQ(as_text(read->facts()), "facts");
    EXPECT_EQ(read->facts_version(), 12U);
    ASSERT_EQ(read->fields().size(), 2U);
    EXPECT_EQ(read->fields()[0].field, 2);
    const StoredField& nine = read->fields()[1];
    EXPECT_EQ(nine.field, 9);
    EXPECT_EQ(nine.source, 31);
    EXPECT_EQ(nine.type, 5);
    EXPECT_EQ(nine.value_version, 4U);
    EXPECT_EQ(nine.collected_at, at(-5));
    EXPECT_EQ(as_text(nine.sealed), "nine");
    EXPECT_TRUE(read->consents().empty());
    EXPECT_TRUE(read->objections().empty());
    EXPECT_EQ(read->restricted_since(), std::nullopt);
    EXPECT_GT(read->memory_bytes(), 100U);
  }
}

TEST_P(ProfileContract, KnowsNobodyAtFirst) {
  EXPECT_EQ(found(email(1)), nullptr);
  EXPECT_EQ(found(phone(1)), nullptr);
  EXPECT_EQ(loaded(1), nullptr);
  EXPECT_EQ(value_of(reader_->count_profiles()), 0U);
  EXPECT_TRUE(value_of(reader_->consent_history(subject(1), kNoName, {})).empty());
  EXPECT_EQ(value_of(reader_->consent_record("cns_none")), std::nullopt);
}

TEST_P(ProfileContract, AnUnknownPersonIsFoundOnceThere) {
  EXPECT_EQ(found(email(1)), nullptr);
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_NE(found(email(1)), nullptr);
  EXPECT_EQ(value_of(reader_->count_profiles()), 1U);
}

TEST_P(ProfileContract, AnIdentifierOfOneTypeIsNotOneOfAnother) {
  ASSERT_OK(put(*store_, new_person(1)));
  EXPECT_EQ(found(account(1)), nullptr);
  EXPECT_EQ(found(phone(1)), nullptr);
}

TEST_P(ProfileContract, ReplacesAndRemovesOnlyNamedFields) {
  ProfileWrite person = new_person(1);
  person.fields = {field(1, "one"), field(2, "two"), field(3, "three")};
  person.facts = bytes("facts");
  person.facts_version = 1;
  ASSERT_OK(put(*store_, person));
  ASSERT_NE(found(email(1)), nullptr);

  ProfileWrite change;
  change.subject = subject(1);
  change.fields = {field(2, "second", 2), field(4, "four")};
  change.remove_fields = {3, 77};
  ASSERT_OK(put(*store_, change));

  const ProfilePtr read = found(email(1));
  ASSERT_NE(read, nullptr);
  ASSERT_EQ(read->fields().size(), 3U);
  EXPECT_EQ(sealed(read, 1), "one");
  EXPECT_EQ(sealed(read, 2), "second");
  EXPECT_EQ(sealed(read, 4), "four");
  EXPECT_EQ(as_text(read->facts()), "facts");
  EXPECT_EQ(as_text(read->wrapped_key()), "key-1");
}

TEST_P(ProfileContract, RewrapsAKey) {
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_NE(found(email(1)), nullptr);
  ProfileWrite change;
  change.subject = subject(1);
  change.wrapped_key = bytes("rewrapped");
  ASSERT_OK(put(*store_, change));
  EXPECT_EQ(as_text(found(email(1))->wrapped_key()), "rewrapped");
  EXPECT_EQ(sealed(loaded(1), 1), "sealed-1");
}

TEST_P(ProfileContract, RefusesASecondPersonWithTheSameId) {
  ASSERT_OK(put(*store_, new_person(1)));
  ProfileWrite again = new_person(1);
  again.add_links = {email(2)};
  EXPECT_ERROR(ErrorCode::kConflict, put(*store_, again));
  EXPECT_EQ(found(email(2)), nullptr);
  EXPECT_EQ(value_of(reader_->count_profiles()), 1U);
}

TEST_P(ProfileContract, RefusesAChangeOfAnUnknownPersonAndAPersonWithoutKey) {
  ProfileWrite change = new_person(1);
  change.create = false;
  EXPECT_ERROR(ErrorCode::kNotFound, put(*store_, change));
  ProfileWrite keyless = new_person(1);
  keyless.wrapped_key.clear();
  EXPECT_ERROR(ErrorCode::kInvalid, put(*store_, keyless));
  EXPECT_EQ(loaded(1), nullptr);
}

TEST_P(ProfileContract, HoldsAsManyFieldsAsTheLimitAndNoMore) {
  ProfileWrite person = new_person(1);
  person.fields.clear();
  for (std::size_t i = 1; i <= kMaxStateEntries; ++i) {
    person.fields.push_back(field(static_cast<NameId>(i), "x"));
  }
  ASSERT_OK(put(*store_, person));
  EXPECT_EQ(loaded(1)->fields().size(), kMaxStateEntries);
  ProfileWrite more;
  more.subject = subject(1);
  more.fields = {field(static_cast<NameId>(kMaxStateEntries + 1), "x")};
  EXPECT_ERROR(ErrorCode::kTooLarge, put(*store_, more));
}

TEST_P(ProfileContract, AnEmailOrAccountLeadsToOnePersonOnly) {
  ASSERT_OK(put(*store_, new_person(1)));
  ProfileWrite own = new_person(1);
  own.create = false;
  own.add_links = {email(1), account(5)};
  ASSERT_OK(put(*store_, own));

  for (const IdentifierLink& taken : {email(1), account(5)}) {
    ProfileWrite other = new_person(2);
    other.add_links = {email(2), phone(2), taken};
    EXPECT_ERROR(ErrorCode::kConflict, put(*store_, other));
    EXPECT_EQ(found(taken)->subject(), subject(1));
  }
  EXPECT_EQ(found(email(2)), nullptr);
  EXPECT_EQ(loaded(2), nullptr);
}

TEST_P(ProfileContract, AConflictLeavesTheRestOfTheTransactionUsable) {
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_OK(write(*store_, [](Transaction& t) -> Result<void> {
    FIELDGATE_CHECK_OK(t.put(new_person(2)));
    ProfileWrite clash = new_person(3);
    clash.add_links = {email(3), phone(3), email(1)};
    EXPECT_EQ(error_code_of(t.put(clash)), ErrorCode::kConflict);
    ProfileWrite moving = new_person(2);
    moving.create = false;
    moving.fields = {field(1, "must not be stored")};
    moving.add_links = {account(8), email(1)};
    EXPECT_EQ(error_code_of(t.put(moving)), ErrorCode::kConflict);
    return t.put(new_person(4));
  }));
  EXPECT_NE(found(email(2)), nullptr);
  EXPECT_EQ(sealed(loaded(2), 1), "sealed-2");
  EXPECT_EQ(found(email(3)), nullptr);
  EXPECT_EQ(found(phone(3)), nullptr);
  EXPECT_EQ(found(account(8)), nullptr);
  EXPECT_EQ(loaded(3), nullptr);
  EXPECT_NE(found(email(4)), nullptr);
  EXPECT_EQ(value_of(reader_->count_profiles()), 3U);
}

TEST_P(ProfileContract, APhoneOfSeveralPeopleLeadsToNone) {
  ProfileWrite first = new_person(1);
  first.add_links.push_back(phone(50));
  ASSERT_OK(put(*store_, first));
  ASSERT_NE(found(phone(50)), nullptr);

  ProfileWrite second = new_person(2);
  second.add_links = {phone(50)};
  ASSERT_OK(put(*store_, second));
  EXPECT_EQ(found(phone(50)), nullptr);
  EXPECT_NE(loaded(1), nullptr);
  EXPECT_NE(loaded(2), nullptr);
  EXPECT_NE(found(email(1)), nullptr);
  auto transaction = value_of(store_->begin());
  EXPECT_EQ(value_of(transaction->find(IdentifierType::kPhone, blind(50))), nullptr);
  transaction.reset();

  ProfileWrite leaving;
  leaving.subject = subject(1);
  leaving.remove_links = {phone(50)};
  ASSERT_OK(put(*store_, leaving));
  ASSERT_NE(found(phone(50)), nullptr);
  EXPECT_EQ(found(phone(50))->subject(), subject(2));
}

TEST_P(ProfileContract, ALinkCanMoveFromOnePersonToAnother) {
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_OK(put(*store_, new_person(2)));
  ASSERT_EQ(found(email(1))->subject(), subject(1));
  ASSERT_OK(write(*store_, [](Transaction& t) -> Result<void> {
    ProfileWrite from;
    from.subject = subject(1);
    from.remove_links = {email(1), email(999)};
    FIELDGATE_CHECK_OK(t.put(from));
    ProfileWrite to;
    to.subject = subject(2);
    to.add_links = {email(1)};
    return t.put(to);
  }));
  EXPECT_EQ(found(email(1))->subject(), subject(2));
  EXPECT_EQ(found(email(2))->subject(), subject(2));
}

TEST_P(ProfileContract, ALinkThatIsAddedAndRemovedInOneWriteStays) {
  ASSERT_OK(put(*store_, new_person(1)));
  ProfileWrite change;
  change.subject = subject(1);
  change.add_links = {email(1), email(7)};
  change.remove_links = {email(1), email(7)};
  ASSERT_OK(put(*store_, change));
  EXPECT_NE(found(email(1)), nullptr);
  EXPECT_NE(found(email(7)), nullptr);
}

TEST_P(ProfileContract, AnotherPersonsLinkIsNotRemoved) {
  ASSERT_OK(put(*store_, new_person(1)));
  ProfileWrite other = new_person(2);
  other.remove_links = {email(1)};
  ASSERT_OK(put(*store_, other));
  ASSERT_NE(found(email(1)), nullptr);
  EXPECT_EQ(found(email(1))->subject(), subject(1));
}

TEST_P(ProfileContract, ATransactionSeesItsOwnWritesAndReadersDoNot) {
  ASSERT_OK(put(*store_, new_person(1)));
  auto transaction = value_of(store_->begin());
  ASSERT_OK(transaction->put(new_person(2)));
  ProfileWrite change;
  change.subject = subject(1);
  change.fields = {field(1, "changed")};
  ASSERT_OK(transaction->put(change));
  EXPECT_NE(value_of(transaction->find(IdentifierType::kEmail, blind(2))), nullptr);
  EXPECT_EQ(sealed(value_of(transaction->load(subject(1))), 1), "changed");
  EXPECT_EQ(as_text(value_of(transaction->load(subject(2)))->wrapped_key()), "key-2");
  EXPECT_EQ(value_of(transaction->load(subject(3))), nullptr);
  EXPECT_EQ(found(email(2)), nullptr);
  EXPECT_EQ(sealed(found(email(1)), 1), "sealed-1");
  ASSERT_OK(transaction->commit());
  EXPECT_NE(found(email(2)), nullptr);
  EXPECT_EQ(sealed(found(email(1)), 1), "changed");
}

TEST_P(ProfileContract, ATransactionThatEndsWithoutCommitLeavesNothing) {
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_NE(found(email(1)), nullptr);
  {
    auto transaction = value_of(store_->begin());
    ProfileWrite change;
    change.subject = subject(1);
    change.fields = {field(1, "changed")};
    change.remove_links = {email(1)};
    change.wrapped_key = bytes("other");
    ASSERT_OK(transaction->put(change));
    ASSERT_OK(transaction->put(new_person(2)));
    ConsentRecord record = consent(1, "cns_a", 3, policy::ConsentStatus::kGiven, 1);
    ASSERT_OK(transaction->append_consent(record));
    ASSERT_OK(transaction->add_credential({"prefix", {}, "app", "", at(0), {}, {}}));
  }
  ASSERT_NE(found(email(1)), nullptr);
  EXPECT_EQ(sealed(found(email(1)), 1), "sealed-1");
  EXPECT_EQ(as_text(loaded(1)->wrapped_key()), "key-1");
  EXPECT_TRUE(loaded(1)->consents().empty());
  EXPECT_EQ(found(email(2)), nullptr);
  EXPECT_TRUE(value_of(reader_->consent_history(subject(1), kNoName, {})).empty());
  EXPECT_TRUE(value_of(store_->credentials()).empty());
  ASSERT_OK(put(*store_, new_person(2)));
  EXPECT_NE(found(email(2)), nullptr);
}

TEST_P(ProfileContract, ACommittedTransactionIsOver) {
  auto transaction = value_of(store_->begin());
  ASSERT_OK(transaction->put(new_person(1)));
  ASSERT_OK(transaction->commit());
  EXPECT_TRUE(transaction->put(new_person(2)).has_error());
  EXPECT_TRUE(transaction->commit().has_error());
  EXPECT_TRUE(transaction->load(subject(1)).has_error());
  // Its turn is over, too, although it still lives.
  ASSERT_OK(put(*store_, new_person(3)));
  EXPECT_EQ(loaded(2), nullptr);
  EXPECT_NE(loaded(3), nullptr);
}

TEST_P(ProfileContract, ASnapshotOutlivesItsStore) {
  ASSERT_OK(put(*store_, new_person(1)));
  const ProfilePtr kept = found(email(1));
  reader_.reset();
  store_.reset();
  EXPECT_EQ(sealed(kept, 1), "sealed-1");
}

TEST_P(ProfileContract, NamesAreGivenOutOnce) {
  Names& names = store_->names();
  EXPECT_EQ(names.find("email"), kNoName);
  EXPECT_EQ(names.name(1), "");
  const NameId first = value_of(names.intern("email"));
  const NameId second = value_of(names.intern("phone"));
  EXPECT_NE(first, kNoName);
  EXPECT_NE(first, second);
  EXPECT_EQ(value_of(names.intern("email")), first);
  EXPECT_EQ(names.find("email"), first);
  EXPECT_EQ(names.name(first), "email");
  EXPECT_EQ(names.name(second), "phone");
  EXPECT_EQ(names.name(kNoName), "");
  EXPECT_EQ(names.name(static_cast<NameId>(second + 1)), "");
  EXPECT_ERROR(ErrorCode::kInvalid, names.intern(""));
  EXPECT_OK(names.intern(std::string(255, 'n')));
  EXPECT_ERROR(ErrorCode::kInvalid, names.intern(std::string(256, 'n')));
}

TEST_P(ProfileContract, ANameInternedDuringATransactionSurvivesItsRollback) {
  Names& names = store_->names();
  NameId id = kNoName;
  {
    auto transaction = value_of(store_->begin());
    ASSERT_OK(transaction->put(new_person(1)));
    id = value_of(names.intern("late"));
  }
  EXPECT_EQ(names.find("late"), id);
  EXPECT_EQ(value_of(names.intern("late")), id);
  EXPECT_EQ(loaded(1), nullptr);
  if (GetParam().durable) {
    reopen();
    EXPECT_EQ(store_->names().find("late"), id);
    EXPECT_EQ(store_->names().name(id), "late");
  }
}

TEST_P(ProfileContract, CredentialsAreKeptRevokedOnceAndUnique) {
  Credential credential{"fg_a", {}, "web-shop", "dpo", at(0), at(100), std::nullopt};
  credential.hash.fill(0x5a);
  ASSERT_OK(write(*store_, [&](Transaction& t) { return t.add_credential(credential); }));
  EXPECT_ERROR(ErrorCode::kConflict,
               write(*store_, [&](Transaction& t) { return t.add_credential(credential); }));
  EXPECT_ERROR(ErrorCode::kNotFound, write(*store_, [](Transaction& t) {
                 return t.revoke_credential("fg_none", at(5));
               }));
  ASSERT_OK(write(*store_, [](Transaction& t) { return t.revoke_credential("fg_a", at(5)); }));
  ASSERT_OK(write(*store_, [](Transaction& t) { return t.revoke_credential("fg_a", at(9)); }));
  ASSERT_OK(write(*store_, [](Transaction& t) {
    return t.add_credential({"fg_b", {}, "crm", "", at(1), std::nullopt, std::nullopt});
  }));
  if (GetParam().durable) {
    reopen();
  }
  const std::vector<Credential> stored = value_of(store_->credentials());
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].prefix, "fg_a");
  EXPECT_EQ(stored[0].hash, credential.hash);
  EXPECT_EQ(stored[0].app, "web-shop");
  EXPECT_EQ(stored[0].role, "dpo");
  EXPECT_EQ(stored[0].created, at(0));
  EXPECT_EQ(stored[0].expires, at(100));
  EXPECT_EQ(stored[0].revoked, at(5));
  EXPECT_EQ(stored[1].role, "");
  EXPECT_EQ(stored[1].expires, std::nullopt);
  EXPECT_EQ(stored[1].revoked, std::nullopt);
}

TEST_P(ProfileContract, ARestartKeepsEverything) {
  if (!GetParam().durable) {
    GTEST_SKIP() << "skipped: this store keeps nothing";
  }
  const NameId name = value_of(store_->names().intern("email"));
  ProfileWrite person = new_person(1);
  person.facts = bytes("facts");
  person.add_links.push_back(phone(4));
  ASSERT_OK(put(*store_, person));
  ASSERT_OK(write(*store_, [](Transaction& t) {
    ConsentRecord record = consent(1, "cns_a", 3, policy::ConsentStatus::kGiven, 1);
    return t.append_consent(record);
  }));
  reopen();
  EXPECT_EQ(store_->names().find("email"), name);
  const ProfilePtr read = found(phone(4));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(as_text(read->wrapped_key()), "key-1");
  EXPECT_EQ(as_text(read->facts()), "facts");
  ASSERT_EQ(read->consents().size(), 1U);
  EXPECT_EQ(value_of(reader_->count_profiles()), 1U);
  ASSERT_OK(put(*store_, new_person(2)));
  EXPECT_EQ(as_text(found(email(2))->wrapped_key()), "key-2");
  EXPECT_EQ(as_text(found(email(1))->wrapped_key()), "key-1");
}

INSTANTIATE_TEST_SUITE_P(Stores, ProfileContract, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace fieldgate::store::test
