// Readers and writers at once: nobody sees an old state after a commit, or half of one.
#include <atomic>
#include <latch>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "tests/contract/store_fixture.h"

namespace fieldgate::store::test {
namespace {

constexpr std::uint64_t kPeople = 8;
constexpr std::uint64_t kWrites = 300;
constexpr std::size_t kReaders = 3;
/// Each reader reads at least as often, however fast the writer is.
constexpr int kReads = 200;

class ConcurrencyContract : public StoreContract {};

/// A person whose every part carries `version`.
ProfileWrite at_version(std::uint64_t person, std::uint64_t version) {
  ProfileWrite write;
  write.subject = subject(person);
  for (const NameId name : {NameId{1}, NameId{2}, NameId{3}}) {
    write.fields.push_back(field(name, "v" + std::to_string(version), version));
  }
  write.facts = bytes("v" + std::to_string(version));
  write.facts_version = version;
  return write;
}

TEST_P(ConcurrencyContract, AReadThatStartsAfterACommitSeesItWhole) {
  for (std::uint64_t person = 0; person < kPeople; ++person) {
    ProfileWrite write = at_version(person, 0);
    write.create = true;
    write.wrapped_key = bytes("key");
    write.add_links = {email(person)};
    ASSERT_OK(put(*store_, write));
  }
  std::atomic<std::uint64_t> committed[kPeople] = {};
  std::atomic<bool> done{false};
  std::latch ready(kReaders + 1);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      auto reader = value_of(store_->reader());
      std::minstd_rand random(static_cast<unsigned>(i + 1));
      ready.arrive_and_wait();
      for (int reads = 0; reads < kReads || !done.load(); ++reads) {
        const std::uint64_t person = random() % kPeople;
        const std::uint64_t floor = committed[person].load();
        const ProfilePtr read = random() % 2 == 0
                                    ? value_of(reader->load(subject(person)))
                                    : value_of(reader->find(IdentifierType::kEmail, blind(person)));
        ASSERT_NE(read, nullptr);
        ASSERT_GE(read->facts_version(), floor);
        for (const StoredField& part : read->fields()) {
          ASSERT_EQ(part.value_version, read->facts_version());
        }
      }
    });
  }
  ready.arrive_and_wait();
  std::minstd_rand random(99);
  for (std::uint64_t version = 1; version <= kWrites; ++version) {
    const std::uint64_t person = random() % kPeople;
    ASSERT_OK(put(*store_, at_version(person, version)));
    committed[person].store(version);
  }
  done.store(true);
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST_P(ConcurrencyContract, ALinkThatMovedIsNeverFollowedToAnOldPerson) {
  constexpr std::uint64_t kMoves = 200;
  const IdentifierLink link = account(70);
  for (std::uint64_t person = 0; person < kPeople; ++person) {
    ProfileWrite write = new_person(person);
    if (person == 0) {
      write.add_links.push_back(link);
    }
    ASSERT_OK(put(*store_, write));
  }
  std::atomic<std::uint64_t> moves{0};  // once counted, the link is at person `moves % kPeople`
  std::atomic<bool> done{false};
  std::latch ready(kReaders + 1);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      auto reader = value_of(store_->reader());
      ready.arrive_and_wait();
      for (int reads = 0; reads < kReads || !done.load(); ++reads) {
        const std::uint64_t before = moves.load();
        const ProfilePtr read = value_of(reader->find(link.type, link.index));
        const std::uint64_t after = moves.load();
        ASSERT_NE(read, nullptr);
        // One move may be committed and not counted yet.
        bool possible = false;
        for (std::uint64_t move = before; move <= after + 1; ++move) {
          possible = possible || read->subject() == subject(move % kPeople);
        }
        ASSERT_TRUE(possible) << "between moves " << before << " and " << after;
      }
    });
  }
  ready.arrive_and_wait();
  for (std::uint64_t move = 1; move <= kMoves; ++move) {
    ASSERT_OK(write(*store_, [&](Transaction& t) -> Result<void> {
      ProfileWrite from;
      from.subject = subject((move - 1) % kPeople);
      from.remove_links = {link};
      FIELDGATE_CHECK_OK(t.put(from));
      ProfileWrite to;
      to.subject = subject(move % kPeople);
      to.add_links = {link};
      return t.put(to);
    }));
    moves.store(move);
  }
  done.store(true);
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST_P(ConcurrencyContract, WritersTakeTurns) {
  ProfileWrite person = at_version(1, 0);
  person.create = true;
  person.wrapped_key = bytes("key");
  ASSERT_OK(put(*store_, person));
  constexpr std::size_t kWriters = 4;
  const int each = GetParam().durable ? 25 : 5'000;  // a race is rare, and a sync is slow
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      auto reader = value_of(store_->reader());
      for (int n = 0; n < each; ++n) {
        std::uint64_t mine = 0;
        EXPECT_OK(write(*store_, [&mine](Transaction& t) -> Result<void> {
          FIELDGATE_TRY(const ProfilePtr now, t.load(subject(1)));
          mine = now->facts_version() + 1;
          return t.put(at_version(1, mine));
        }));
        EXPECT_GE(value_of(reader->load(subject(1)))->facts_version(), mine);
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(loaded(1)->facts_version(), kWriters * static_cast<std::uint64_t>(each));
}

TEST_P(ConcurrencyContract, NamesAreInternedAndReadFromManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr int kNames = 40;
  std::vector<std::vector<NameId>> ids(kThreads, std::vector<NameId>(kNames));
  auto transaction = value_of(store_->begin());  // an open transaction keeps nobody from it
  ASSERT_OK(transaction->put(new_person(1)));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kNames; ++n) {
        const std::string name = "name-" + std::to_string(n);
        const NameId id = value_of(store_->names().intern(name));
        EXPECT_EQ(store_->names().name(id), name);
        EXPECT_EQ(store_->names().find(name), id);
        ids[i][static_cast<std::size_t>(n)] = id;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  ASSERT_OK(transaction->commit());
  for (std::size_t i = 1; i < kThreads; ++i) {
    EXPECT_EQ(ids[i], ids[0]);
  }
}

TEST_P(ConcurrencyContract, ATransactionMayEndOnAnotherThread) {
  auto transaction = value_of(store_->begin());
  ASSERT_OK(transaction->put(new_person(1)));
  std::thread([&transaction] { EXPECT_OK(transaction->commit()); }).join();
  EXPECT_NE(loaded(1), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Stores, ConcurrencyContract, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace fieldgate::store::test
