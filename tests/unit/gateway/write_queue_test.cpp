// One thread, in order of arrival; a write that fails cannot fail another.
#include "gateway/write/write_queue.h"

#include "gateway/store/memory/memory_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

namespace fieldgate::write {
namespace {

// A store whose commits wait until they are let through and can be made to fail; counts begins.
class GatedStore final : public store::ProfileStore {
 public:
  store::Names& names() override { return inner_->names(); }
  Result<std::unique_ptr<store::Reader>> reader() override { return inner_->reader(); }
  Result<std::vector<store::Credential>> credentials() override { return inner_->credentials(); }
  Result<std::unique_ptr<store::Transaction>> begin() override {
    ++begun;
    if (refuse) {
      return make_error(ErrorCode::kUnavailable, "the disk is full");
    }
    return inner_->begin();
  }
  bool failed() const override { return inner_->failed(); }
  std::atomic<int> begun{0};
  std::atomic<bool> refuse{false};

 private:
  std::unique_ptr<store::ProfileStore> inner_ = store::make_memory_store();
};

// Holds the writer thread inside a write until it is opened.
class Gate {
 public:
  WriteQueue::Work work() {
    return [this](store::Transaction&) -> Result<void> {
      entered_.set_value();
      opened_.get_future().wait();
      return ok();
    };
  }
  void wait_until_entered() { entered_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

Result<void> add(store::Transaction& transaction, const std::string& prefix) {
  store::Credential credential;
  credential.prefix = prefix;
  credential.app = "web";
  return transaction.add_credential(credential);
}

std::set<std::string> prefixes(store::ProfileStore& store) {
  std::set<std::string> found;
  for (const store::Credential& credential : *store.credentials()) {
    found.insert(credential.prefix);
  }
  return found;
}

TEST(WriteQueue, RunsWhatItIsGivenAndSaysWhenItIsDurable) {
  GatedStore store;
  WriteQueue queue(store);
  EXPECT_TRUE(queue.run([](store::Transaction& t) { return add(t, "a"); }).has_value());
  EXPECT_EQ(prefixes(store), std::set<std::string>{"a"});
  const auto twice = queue.run([](store::Transaction& t) { return add(t, "a"); });
  ASSERT_TRUE(twice.has_error());
  EXPECT_EQ(twice.error().code, ErrorCode::kConflict);
}

TEST(WriteQueue, WritesThatWaitTogetherShareATransactionInOrder) {
  GatedStore store;
  WriteQueue queue(store);
  Gate gate;
  std::vector<int> order;
  std::promise<void> last;
  ASSERT_TRUE(queue.submit(gate.work(), [](Result<void>) {}).has_value());
  gate.wait_until_entered();
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(queue
                    .submit([i](store::Transaction& t) { return add(t, "p" + std::to_string(i)); },
                            [&, i](Result<void> done) {
                              EXPECT_TRUE(done.has_value());
                              order.push_back(i);
                              if (i == 63) {
                                last.set_value();
                              }
                            })
                    .has_value());
  }
  gate.open();
  last.get_future().wait();
  ASSERT_EQ(order.size(), 64U);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
  EXPECT_EQ(store.begun, 2) << "one for the gate, one for the 64";
  EXPECT_EQ(prefixes(store).size(), 64U);
}

TEST(WriteQueue, OneThatFailsLeavesTheOthersOfItsTransactionWritten) {
  GatedStore store;
  WriteQueue queue(store);
  Gate gate;
  ASSERT_TRUE(queue.submit(gate.work(), [](Result<void>) {}).has_value());
  gate.wait_until_entered();
  std::vector<ErrorCode> failures;
  std::promise<void> last;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(queue
                    .submit(
                        [i](store::Transaction& t) -> Result<void> {
                          FIELDGATE_CHECK_OK(add(t, "p" + std::to_string(i)));
                          if (i % 3 == 0) {
                            return make_error(ErrorCode::kInvalid, "not this one");
                          }
                          return ok();
                        },
                        [&, i](Result<void> done) {
                          EXPECT_EQ(done.has_error(), i % 3 == 0) << i;
                          if (done.has_error()) {
                            failures.push_back(done.error().code);
                          }
                          if (i == 9) {
                            last.set_value();
                          }
                        })
                    .has_value());
  }
  gate.open();
  last.get_future().wait();
  EXPECT_EQ(failures, std::vector<ErrorCode>(4, ErrorCode::kInvalid));
  EXPECT_EQ(prefixes(store), (std::set<std::string>{"p1", "p2", "p4", "p5", "p7", "p8"}))
      << "what the failed ones wrote is rolled back";
}

TEST(WriteQueue, OneMoreThanTheBoundIsRefusedAndNothingIsLost) {
  GatedStore store;
  std::atomic<int> done{0};
  {
    WriteQueue queue(store);
    Gate gate;
    ASSERT_TRUE(queue.submit(gate.work(), [](Result<void>) {}).has_value());
    gate.wait_until_entered();
    const auto count = [&done](Result<void> result) { done += result.has_value() ? 1 : 0; };
    for (std::size_t i = 0; i < kMaxQueuedWrites; ++i) {
      ASSERT_TRUE(queue.submit([](store::Transaction&) { return ok(); }, count).has_value()) << i;
    }
    const auto more = queue.submit([](store::Transaction&) { return ok(); }, count);
    ASSERT_TRUE(more.has_error());
    EXPECT_EQ(more.error().code, ErrorCode::kUnavailable);
    // One that may block waits for room and is run as well.
    std::thread patient([&] {
      EXPECT_TRUE(queue.run([](store::Transaction& t) { return add(t, "patient"); }).has_value());
    });
    gate.open();
    patient.join();
  }
  EXPECT_EQ(done, static_cast<int>(kMaxQueuedWrites)) << "its end finishes what is queued";
  EXPECT_EQ(prefixes(store), std::set<std::string>{"patient"});
}

TEST(WriteQueue, AStoreThatRefusesIsTheAnswerUntilItTakesWritesAgain) {
  GatedStore store;
  WriteQueue queue(store);
  store.refuse = true;
  const auto refused = queue.run([](store::Transaction& t) { return add(t, "a"); });
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  store.refuse = false;
  EXPECT_TRUE(queue.run([](store::Transaction& t) { return add(t, "a"); }).has_value());
}

TEST(WriteQueue, ADrainWaitsForWhatRunsAndWhatIsQueued) {
  GatedStore store;
  WriteQueue queue(store);
  queue.drain();  // nothing to wait for
  Gate gate;
  std::atomic<int> done{0};
  const auto count = [&done](Result<void>) { ++done; };
  ASSERT_TRUE(queue.submit(gate.work(), count).has_value());
  gate.wait_until_entered();
  ASSERT_TRUE(queue.submit([](store::Transaction&) { return ok(); }, count).has_value());
  std::thread opener([&] { gate.open(); });
  queue.drain();
  EXPECT_EQ(done, 2);
  opener.join();
}

TEST(WriteQueue, ManyThreadsAtOnceEachGetTheirOwnAnswer) {
  GatedStore store;
  WriteQueue queue(store);
  std::vector<std::thread> threads;
  std::atomic<int> conflicts{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        // Every second one takes a prefix that another thread wants, too.
        const std::string prefix =
            k % 2 == 0 ? "s" + std::to_string(k) : "o" + std::to_string(i * 100 + k);
        const auto done = queue.run([&](store::Transaction& t) { return add(t, prefix); });
        conflicts += done.has_error() && done.error().code == ErrorCode::kConflict ? 1 : 0;
        EXPECT_TRUE(done.has_value() || k % 2 == 0);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(conflicts, 7 * 25);
  EXPECT_EQ(prefixes(store).size(), 25U + 8U * 25U);
}

}  // namespace
}  // namespace fieldgate::write
