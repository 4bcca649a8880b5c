// The stored form of a person's state: whole round trips, and refusal of everything else.
#include "gateway/store/snapshot.h"

#include <gtest/gtest.h>

#include <random>

namespace fieldgate::store {
namespace {

UtcTime micros(std::int64_t count) {
  return UtcTime(std::chrono::microseconds(count));
}

const SubjectId kSubject{{1, 2, 3}};
const Bytes kKey{9, 8, 7};
const Bytes kSealed[] = {{1, 2, 3, 4}, {}, {5}};
const Bytes kFacts{42, 43};

ProfileState full_state() {
  ProfileState state;
  state.fields = {{1, 10, 2, 3, micros(-7), kSealed[0]},
                  {5, 11, 200, 1ULL << 63U, micros(1), kSealed[1]},
                  {65'000, kNoName, 0, 0, micros(0), kSealed[2]}};
  state.consents = {{3, 4, 5, policy::ConsentStatus::kInvalidated, true, false, micros(11), {}},
                    {3, 0, 0, policy::ConsentStatus::kUnknown, false, true, micros(12), micros(0)}};
  state.objections = {{8, policy::ObjectionStatus::kOverruled, micros(13)}};
  state.restricted_since = micros(14);
  state.facts = kFacts;
  state.facts_version = 15;
  return state;
}

Bytes encoded(const ProfileState& state) {
  Bytes out;
  encode_state(state, out);
  return out;
}

TEST(Snapshot, KeepsEveryPart) {
  const auto made = make_profile(kSubject, kKey, encoded(full_state()));
  ASSERT_TRUE(made.has_value());
  const Profile& person = **made;
  EXPECT_EQ(person.subject(), kSubject);
  EXPECT_TRUE(std::ranges::equal(person.wrapped_key(), kKey));
  EXPECT_TRUE(std::ranges::equal(person.facts(), kFacts));
  EXPECT_EQ(person.facts_version(), 15U);
  EXPECT_EQ(person.restricted_since(), micros(14));
  ASSERT_EQ(person.fields().size(), 3U);
  EXPECT_EQ(person.fields()[0].collected_at, micros(-7));
  EXPECT_EQ(person.fields()[1].value_version, 1ULL << 63U);
  EXPECT_EQ(person.fields()[1].type, 200);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::ranges::equal(person.fields()[i].sealed, kSealed[i]));
  }
  ASSERT_EQ(person.consents().size(), 2U);
  EXPECT_EQ(person.consents()[0].status, policy::ConsentStatus::kInvalidated);
  EXPECT_EQ(person.consents()[0].last_refusal, std::nullopt);
  EXPECT_EQ(person.consents()[1].last_refusal, micros(0));
  EXPECT_TRUE(person.consents()[1].by_guardian);
  ASSERT_EQ(person.objections().size(), 1U);
  EXPECT_EQ(person.objections()[0].status, policy::ObjectionStatus::kOverruled);
  EXPECT_EQ(encoded(state_of(person)), encoded(full_state()));
}

TEST(Snapshot, AnEmptyStateIsAState) {
  const auto made = make_profile(kSubject, {}, encoded({}));
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE((*made)->fields().empty());
  EXPECT_TRUE((*made)->wrapped_key().empty());
  EXPECT_EQ((*made)->restricted_since(), std::nullopt);
}

TEST(Snapshot, CostsOneAllocationOfLittleMoreThanItsContent) {
  ProfileState state;
  const Bytes sealed(100, 0xcc);
  for (NameId name = 1; name <= 12; ++name) {
    state.fields.push_back({name, 1, 1, 1, micros(0), sealed});
  }
  const auto made = make_profile(kSubject, Bytes(80), encoded(state));
  ASSERT_TRUE(made.has_value());
  EXPECT_GE((*made)->memory_bytes(), 12U * 100 + 80);
  EXPECT_LE((*made)->memory_bytes(), 12U * 100 + 80 + 12 * sizeof(StoredField) + 256);
}

TEST(Snapshot, RefusesEveryTruncationAndExtension) {
  const Bytes whole = encoded(full_state());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = make_profile(kSubject, kKey, ByteView(whole).first(size));
    ASSERT_TRUE(cut.has_error()) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_TRUE(make_profile(kSubject, kKey, longer).has_error());
}

TEST(Snapshot, RefusesUnknownValues) {
  constexpr std::size_t kFlags = 1;
  constexpr std::size_t kFirstConsentStatus = 28 + 3 * 25 + 6;
  constexpr std::size_t kFirstConsentFlags = kFirstConsentStatus + 1;
  constexpr std::size_t kObjectionStatus = 28 + 3 * 25 + 2 * 24 + 2;
  struct Case {
    std::size_t offset;
    Byte value;
  };
  for (const Case& c :
       {Case{0, 0}, Case{0, 2}, Case{kFlags, 2}, Case{kFirstConsentStatus, 11},
        Case{kFirstConsentFlags, 8}, Case{kObjectionStatus, 0}, Case{kObjectionStatus, 4}}) {
    Bytes changed = encoded(full_state());
    ASSERT_NE(changed[c.offset], c.value);
    changed[c.offset] = c.value;
    EXPECT_TRUE(make_profile(kSubject, kKey, changed).has_error()) << c.offset;
  }
}

TEST(Snapshot, RefusesFieldsThatAreNotInRisingOrder) {
  for (const NameId second : {NameId{1}, NameId{0}}) {
    ProfileState state = full_state();
    state.fields[1].field = second;
    EXPECT_TRUE(make_profile(kSubject, kKey, encoded(state)).has_error());
  }
}

TEST(Snapshot, SurvivesRandomBytes) {
  std::minstd_rand random(1);
  constexpr int kRounds = 20'000;
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    Bytes changed = encoded(full_state());
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      changed[random() % changed.size()] = static_cast<Byte>(random());
    }
    const auto made = make_profile(kSubject, kKey, changed);
    if (made.has_value()) {
      ++accepted;
      // What is accepted is exactly described by what was read, save the unused time fields.
      std::size_t total = 0;
      for (const StoredField& field : (*made)->fields()) {
        total += field.sealed.size();
      }
      EXPECT_EQ(total + (*made)->facts().size(), 7U);
    }
  }
  RecordProperty("accepted", accepted);
  EXPECT_LT(accepted, kRounds);
}

TEST(ApplyWrite, TheLimitOfFieldsHolds) {
  ProfileState state;
  ProfileWrite write;
  for (std::size_t i = 1; i <= kMaxStateEntries; ++i) {
    write.fields.push_back({static_cast<NameId>(i), 0, 0, 0, micros(0), {}});
  }
  EXPECT_TRUE(apply_write(state, write).has_value());
  ProfileWrite swap;
  swap.fields.push_back({static_cast<NameId>(kMaxStateEntries + 1), 0, 0, 0, micros(0), {}});
  ProfileState full = state;
  EXPECT_TRUE(apply_write(full, swap).has_error());
  swap.remove_fields = {1};
  EXPECT_TRUE(apply_write(state, swap).has_value());
}

}  // namespace
}  // namespace fieldgate::store
