// The hot set: what it serves, what it forgets, and the races that it must not lose.
#include "gateway/store/hot_set.h"

#include <functional>
#include <latch>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>

#include "gateway/store/clock_table.h"
#include "tests/contract/store_fixture.h"

namespace fieldgate::store::test {
namespace {

/// Lets a test act inside the inner store's reads and commits, at the moments that matter.
class Interposed final : public ProfileStore {
 public:
  using Hook = std::function<void()>;

  Names& names() override { return inner_->names(); }
  Result<std::vector<Credential>> credentials() override { return inner_->credentials(); }
  bool failed() const override { return inner_->failed(); }
  Result<std::unique_ptr<Reader>> reader() override;
  Result<std::unique_ptr<Transaction>> begin() override;

  Hook after_read;  ///< the inner store has read, the set has not been filled
  Hook before_commit;
  Hook after_commit;  ///< the inner store has committed, the set knows nothing
  bool fail_commit = false;
  int reads = 0;

 private:
  friend class InterposedReader;
  std::unique_ptr<ProfileStore> inner_ = make_memory_store();
};

/// By value: a hook may put another in its own place.
void run(Interposed::Hook hook) {
  if (hook) {
    hook();
  }
}

class InterposedReader final : public Reader {
 public:
  InterposedReader(Interposed& store, std::unique_ptr<Reader> inner)
      : store_(store), inner_(std::move(inner)) {}
  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    ++store_.reads;
    auto result = inner_->find(type, index);
    run(store_.after_read);
    return result;
  }
  Result<ProfilePtr> load(const SubjectId& id) override {
    ++store_.reads;
    auto result = inner_->load(id);
    run(store_.after_read);
    return result;
  }
  Result<std::vector<ConsentRecord>> consent_history(const SubjectId& id, NameId name,
                                                     const HistoryPage& page) override {
    return inner_->consent_history(id, name, page);
  }
  Result<std::optional<ConsentRecord>> consent_record(std::string_view id) override {
    return inner_->consent_record(id);
  }
  Result<std::vector<ObjectionRecord>> objection_history(const SubjectId& id) override {
    return inner_->objection_history(id);
  }
  Result<std::vector<RestrictionRecord>> restriction_history(const SubjectId& id) override {
    return inner_->restriction_history(id);
  }
  Result<std::uint64_t> count_profiles() override { return inner_->count_profiles(); }

 private:
  Interposed& store_;
  std::unique_ptr<Reader> inner_;
};

class InterposedTransaction final : public Transaction {
 public:
  InterposedTransaction(Interposed& store, std::unique_ptr<Transaction> inner)
      : store_(store), inner_(std::move(inner)) {}
  Result<bool> is_linked(IdentifierType type, const BlindIndex& index) override {
    return inner_->is_linked(type, index);
  }
  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    return inner_->find(type, index);
  }
  Result<ProfilePtr> load(const SubjectId& id) override { return inner_->load(id); }
  Result<void> put(const ProfileWrite& change) override { return inner_->put(change); }
  Result<void> append_consent(ConsentRecord& r) override { return inner_->append_consent(r); }
  Result<void> append_objection(const ObjectionRecord& r) override {
    return inner_->append_objection(r);
  }
  Result<void> append_restriction(const RestrictionRecord& r) override {
    return inner_->append_restriction(r);
  }
  Result<void> add_credential(const Credential& c) override { return inner_->add_credential(c); }
  Result<void> revoke_credential(std::string_view prefix, UtcTime when) override {
    return inner_->revoke_credential(prefix, when);
  }
  Result<void> commit() override {
    run(store_.before_commit);
    Result<void> done = inner_->commit();
    run(store_.after_commit);
    if (store_.fail_commit) {
      return make_error(ErrorCode::kUnavailable, "the outcome is unknown");
    }
    return done;
  }

 private:
  Interposed& store_;
  std::unique_ptr<Transaction> inner_;
};

Result<std::unique_ptr<Reader>> Interposed::reader() {
  FIELDGATE_TRY(auto inner, inner_->reader());
  return std::unique_ptr<Reader>(std::make_unique<InterposedReader>(*this, std::move(inner)));
}
Result<std::unique_ptr<Transaction>> Interposed::begin() {
  FIELDGATE_TRY(auto inner, inner_->begin());
  return std::unique_ptr<Transaction>(
      std::make_unique<InterposedTransaction>(*this, std::move(inner)));
}

class HotSetTest : public ::testing::Test {
 protected:
  void use(std::size_t max_bytes) {
    auto inner = std::make_unique<Interposed>();
    inner_ = inner.get();
    store_ = make_hot_store(std::move(inner), max_bytes);
    reader_ = value_of(store_->reader());
    other_ = value_of(store_->reader());
  }
  void SetUp() override { use(kTestHotBytes); }

  void change(std::uint64_t person, std::uint64_t version) {
    ProfileWrite write;
    write.subject = subject(person);
    write.facts = bytes("v");
    write.facts_version = version;
    ASSERT_OK(put(*store_, write));
  }
  std::uint64_t version_of(std::uint64_t person) {
    const ProfilePtr read = value_of(reader_->find(IdentifierType::kEmail, blind(person)));
    return read == nullptr ? 999 : read->facts_version();
  }

  Interposed* inner_ = nullptr;
  std::unique_ptr<HotStore> store_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Reader> other_;
};

TEST_F(HotSetTest, ServesTheSecondReadFromMemory) {
  ASSERT_OK(put(*store_, new_person(1)));
  const ProfilePtr first = value_of(reader_->find(IdentifierType::kEmail, blind(1)));
  EXPECT_EQ(inner_->reads, 1);
  EXPECT_EQ(value_of(other_->find(IdentifierType::kEmail, blind(1))), first);
  EXPECT_EQ(value_of(reader_->load(subject(1))), first);
  EXPECT_EQ(inner_->reads, 1);
  const HotSetCounters counters = store_->counters();
  EXPECT_EQ(counters.hits, 2U);
  EXPECT_EQ(counters.misses, 1U);
  EXPECT_EQ(counters.people, 1U);
  EXPECT_GE(counters.bytes, first->memory_bytes());
}

TEST_F(HotSetTest, AsksAgainForWhoIsUnknown) {
  EXPECT_EQ(value_of(reader_->find(IdentifierType::kEmail, blind(1))), nullptr);
  EXPECT_EQ(value_of(reader_->find(IdentifierType::kEmail, blind(1))), nullptr);
  EXPECT_EQ(inner_->reads, 2);
  EXPECT_EQ(store_->counters().people, 0U);
}

TEST_F(HotSetTest, WithNoBytesEveryReadGoesToTheInnerStore) {
  use(0);
  ASSERT_OK(put(*store_, new_person(1)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(version_of(1), 0U);
    EXPECT_NE(value_of(reader_->load(subject(1))), nullptr);
  }
  change(1, 1);
  EXPECT_EQ(version_of(1), 1U);
  EXPECT_EQ(inner_->reads, 7);
  EXPECT_EQ(store_->counters().hits, 0U);
  EXPECT_EQ(store_->counters().misses, 7U);
  EXPECT_EQ(store_->counters().bytes, 0U);
}

TEST_F(HotSetTest, AWriteUpdatesWhoIsKeptWithoutAReadOfTheInnerStore) {
  ASSERT_OK(put(*store_, new_person(1)));
  EXPECT_EQ(version_of(1), 0U);
  change(1, 1);
  EXPECT_EQ(version_of(1), 1U);
  EXPECT_EQ(inner_->reads, 1);
}

TEST_F(HotSetTest, AFillThatReadBeforeACommitIsDiscarded) {
  ASSERT_OK(put(*store_, new_person(1)));
  inner_->after_read = [this] {
    inner_->after_read = nullptr;
    change(1, 1);  // commits between the read and the fill
  };
  EXPECT_EQ(version_of(1), 0U);  // that read began before the commit
  EXPECT_EQ(store_->counters().people, 0U);
  EXPECT_EQ(version_of(1), 1U);
}

TEST_F(HotSetTest, AFillDuringACommitIsCorrectedByIt) {
  ASSERT_OK(put(*store_, new_person(1)));
  inner_->before_commit = [this] { EXPECT_EQ(version_of(1), 0U); };
  change(1, 1);
  EXPECT_EQ(version_of(1), 1U);
}

TEST_F(HotSetTest, AFillThatReadDuringACommitAndArrivesAfterItIsDiscarded) {
  ASSERT_OK(put(*store_, new_person(1)));
  std::latch has_read(1);
  std::latch acknowledged(1);
  std::thread late;
  inner_->before_commit = [&] {  // the writer has announced itself
    inner_->after_read = [&] {
      inner_->after_read = nullptr;
      has_read.count_down();
      acknowledged.wait();
    };
    late = std::thread([&] {
      EXPECT_EQ(value_of(other_->find(IdentifierType::kEmail, blind(1)))->facts_version(), 0U);
    });
    has_read.wait();
  };
  change(1, 1);
  acknowledged.count_down();
  late.join();
  EXPECT_EQ(version_of(1), 1U);
}

TEST_F(HotSetTest, ALinkReadBeforeItMovedIsNotKept) {
  ASSERT_OK(put(*store_, new_person(1)));
  ASSERT_OK(put(*store_, new_person(2)));
  inner_->after_read = [this] {
    inner_->after_read = nullptr;
    ProfileWrite from;
    from.subject = subject(1);
    from.remove_links = {email(1)};
    ASSERT_OK(put(*store_, from));
    ProfileWrite to;
    to.subject = subject(2);
    to.add_links = {email(1)};
    ASSERT_OK(put(*store_, to));
  };
  ASSERT_NE(value_of(reader_->find(IdentifierType::kEmail, blind(1))), nullptr);
  ASSERT_NE(value_of(reader_->load(subject(1))), nullptr);
  EXPECT_EQ(value_of(reader_->find(IdentifierType::kEmail, blind(1)))->subject(), subject(2));
}

TEST_F(HotSetTest, ASharedPhoneIsForgottenWhenASecondPersonGetsIt) {
  ProfileWrite first = new_person(1);
  first.add_links = {phone(5)};
  ASSERT_OK(put(*store_, first));
  ASSERT_NE(value_of(reader_->find(IdentifierType::kPhone, blind(5))), nullptr);
  ProfileWrite second = new_person(2);
  second.add_links = {phone(5)};
  ASSERT_OK(put(*store_, second));
  EXPECT_EQ(value_of(reader_->find(IdentifierType::kPhone, blind(5))), nullptr);
}

TEST_F(HotSetTest, AfterACommitOfUnknownOutcomeTheInnerStoreIsAsked) {
  ASSERT_OK(put(*store_, new_person(1)));
  EXPECT_EQ(version_of(1), 0U);
  inner_->fail_commit = true;  // it reports an error although it committed
  ProfileWrite write;
  write.subject = subject(1);
  write.facts = bytes("v");
  write.facts_version = 1;
  EXPECT_TRUE(put(*store_, write).has_error());
  EXPECT_EQ(version_of(1), 1U);
}

TEST_F(HotSetTest, ARolledBackWriteChangesNothing) {
  ASSERT_OK(put(*store_, new_person(1)));
  EXPECT_EQ(version_of(1), 0U);
  {
    auto transaction = value_of(store_->begin());
    ProfileWrite write;
    write.subject = subject(1);
    write.facts = bytes("v");
    write.facts_version = 1;
    ASSERT_OK(transaction->put(write));
  }
  EXPECT_EQ(version_of(1), 0U);
  EXPECT_EQ(inner_->reads, 1);
}

TEST_F(HotSetTest, StaysWithinItsBoundAndKeepsWhoIsReadOften) {
  constexpr std::size_t kBound = std::size_t{64} << 10U;
  constexpr std::uint64_t kPeople = 400;
  use(kBound);
  ASSERT_OK(write(*store_, [](Transaction& t) -> Result<void> {
    for (std::uint64_t i = 0; i < kPeople; ++i) {
      ProfileWrite person = new_person(i);
      person.fields.push_back(field(2, std::string(600, 'x')));
      FIELDGATE_CHECK_OK(t.put(person));
    }
    return ok();
  }));
  const auto read = [&](std::uint64_t person) {
    ASSERT_NE(value_of(reader_->find(IdentifierType::kEmail, blind(person))), nullptr);
    ASSERT_LE(store_->counters().bytes, kBound);
  };
  for (std::uint64_t i = 0; i < kPeople; ++i) {
    read(i);
    read(0);  // the favourite
  }
  const HotSetCounters counters = store_->counters();
  EXPECT_GT(counters.people, 30U);
  EXPECT_LT(counters.people, kPeople);
  EXPECT_GE(counters.hits, kPeople - 10);  // the favourite, nearly always
}

TEST_F(HotSetTest, APersonLargerThanTheBoundIsNotKept) {
  constexpr std::size_t kBound = std::size_t{32} << 10U;
  use(kBound);
  ASSERT_OK(put(*store_, new_person(1)));
  ProfileWrite big = new_person(2);
  big.fields.push_back(field(2, std::string(kBound, 'x')));
  ASSERT_OK(put(*store_, big));
  EXPECT_EQ(version_of(1), 0U);
  EXPECT_EQ(version_of(2), 0U);
  EXPECT_EQ(store_->counters().people, 1U);
  // Someone kept who grows beyond the bound has to leave.
  ProfileWrite growing;
  growing.subject = subject(1);
  growing.fields = {field(3, std::string(kBound, 'x'))};
  ASSERT_OK(put(*store_, growing));
  EXPECT_EQ(store_->counters().people, 0U);
  EXPECT_LE(store_->counters().bytes, kBound);
  EXPECT_EQ(value_of(reader_->load(subject(1)))->fields().size(), 2U);
}

TEST(ClockTable, AgreesWithAMapUnderRandomWork) {
  ClockTable<SubjectId, std::uint64_t> table;
  std::unordered_map<SubjectId, std::uint64_t> expected;
  std::minstd_rand random(3);
  constexpr int kSteps = 200'000;
  for (int step = 0; step < kSteps; ++step) {
    SubjectId key;  // few distinct hashes, so that probe sequences are long and run together
    key.bytes[7] = static_cast<Byte>(random() % 16);
    key.bytes[9] = static_cast<Byte>(random() % 40);
    const auto known = expected.find(key);
    switch (random() % 4) {
      case 0:
        if (known == expected.end()) {
          table.insert(key, static_cast<std::uint64_t>(step));
          expected.emplace(key, static_cast<std::uint64_t>(step));
        }
        break;
      case 1:
        ASSERT_EQ(table.erase(key), expected.erase(key) == 1);
        break;
      case 2:
        if (!expected.empty() && random() % 8 == 0) {
          const std::uint64_t value = table.evict();
          ASSERT_EQ(std::erase_if(expected, [value](const auto& e) { return e.second == value; }),
                    1U);
        }
        break;
      default: {
        const std::uint64_t* found = table.find(key);
        ASSERT_EQ(found != nullptr, known != expected.end());
        if (found != nullptr) {
          ASSERT_EQ(*found, known->second);
        }
      }
    }
    ASSERT_EQ(table.size(), expected.size());
  }
  for (const auto& [key, value] : expected) {
    ASSERT_NE(table.peek(key), nullptr);
    ASSERT_EQ(*table.peek(key), value);
  }
}

TEST(ClockTable, EvictsWhoWasNotFoundAndSparesWhoWas) {
  ClockTable<SubjectId, std::uint64_t> table;
  for (std::uint64_t i = 0; i < 10; ++i) {
    table.insert(subject(i), i);
  }
  for (std::uint64_t i = 0; i < 10; i += 2) {
    ASSERT_NE(table.find(subject(i)), nullptr);
  }
  std::set<std::uint64_t> evicted;
  for (int i = 0; i < 5; ++i) {
    evicted.insert(table.evict());
  }
  EXPECT_EQ(evicted, (std::set<std::uint64_t>{1, 3, 5, 7, 9}));
}

}  // namespace
}  // namespace fieldgate::store::test
