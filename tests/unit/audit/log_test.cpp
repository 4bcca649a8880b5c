#include "tests/unit/audit/audit_testing.h"

#include "audit/format/segment.h"
#include "audit/merkle/frontier.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/record.h>
#include <fieldgate/audit/verify.h>

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::audit {
namespace {

using namespace testing;  // NOLINT: the fixture of these tests

TEST(Log, AppendsReopensAndVerifies) {
  const TemporaryDirectory temporary;
  {
    auto log = create_log(temporary.log());
    ASSERT_TRUE(log.has_value()) << log.error().message;
    for (std::uint64_t i = 0; i < 10; ++i) {
      auto receipt = (*log)->append_and_wait(record_text(i));
      ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
      EXPECT_EQ(receipt->index(), i);
      EXPECT_EQ(receipt->leaf(), leaf_hash(as_bytes(record_text(i))));
      EXPECT_EQ(receipt->origin(), kOrigin);
    }
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
    EXPECT_EQ((*log)->size(), 10U);
    EXPECT_TRUE((*log)->healthy());
  }
  RecoveryReport report;
  auto log = open_log(temporary.log(), report);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(report.size, 10U);
  EXPECT_FALSE(report.torn_tail);
  EXPECT_EQ((*log)->append_and_wait(record_text(10)).value().index(), 10U);

  auto live = verify_log(temporary.path());
  ASSERT_TRUE(live.has_value());
  EXPECT_TRUE(live->ok);
  EXPECT_EQ(live->size, 10U);
  EXPECT_EQ(live->stored, 11U);
  EXPECT_FALSE(live->complete);

  ASSERT_TRUE((*log)->write_checkpoint().has_value());
  auto stopped = verify_log(temporary.log(), (*log)->verifier_key());
  ASSERT_TRUE(stopped.has_value());
  EXPECT_TRUE(stopped->ok && stopped->complete);
  EXPECT_EQ(stopped->size, 11U);
}

TEST(Log, AnEmptyLogVerifies) {
  const TemporaryDirectory temporary;
  ASSERT_TRUE(create_log(temporary.log()).has_value());
  auto report = verify_log(temporary.log());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->ok && report->complete);
  EXPECT_EQ(report->root, Frontier{}.root());
}

TEST(Log, LongestRecordAndOneBeyond) {
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  EXPECT_TRUE((*log)->append_and_wait(std::string(kMaxRecordBytes, 'x')).has_value());
  auto refused = (*log)->append_and_wait(std::string(kMaxRecordBytes + 1, 'x'));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ((*log)->append_and_wait("").error().code, ErrorCode::kInvalid);
  EXPECT_EQ((*log)->append_and_wait("a\nb").error().code, ErrorCode::kInvalid);
  EXPECT_EQ((*log)->size(), 1U);
}

TEST(Log, BatchLimitsSplitATurn) {
  const TemporaryDirectory temporary;
  LogOptions options;
  options.segment_bytes = 8 * 1024 * 1024;
  auto log = create_log(temporary.log(), options);
  ASSERT_TRUE(log.has_value());
  TestWaker waker;
  auto appender = (*log)->appender(waker);
  std::deque<Told> told(kMaxBatchRecords + 1);
  for (Told& waiter : told) {
    appender->append("{}", waiter);
  }
  EXPECT_TRUE(appender->pending());
  flush_and_wait(*appender, waker, told.back());
  EXPECT_FALSE(appender->pending());
  for (std::size_t i = 0; i < told.size(); ++i) {
    ASSERT_TRUE(told[i].ok());
    EXPECT_EQ((*told[i].result)->index(), i);
  }
  // kMaxBatchBytes: 65 frames of the longest record are more than 4 MiB.
  std::deque<Told> large(65);
  for (Told& waiter : large) {
    appender->append(std::string(kMaxRecordBytes, 'x'), waiter);
  }
  flush_and_wait(*appender, waker, large.back());
  for (const Told& waiter : large) {
    EXPECT_TRUE(waiter.ok());
  }
  const std::string bytes = read_text(first_segment(temporary.log()));
  std::size_t commits = 0;
  for (std::size_t at = 0; (at = bytes.find("END\n", at)) != std::string::npos; ++at) {
    ++commits;
  }
  EXPECT_EQ(commits, 4U);
}

TEST(Log, RollsOverSegmentsAndReopensInTheLast) {
  const TemporaryDirectory temporary;
  constexpr std::uint64_t kRecords = 2000;
  {
    auto log = create_log(temporary.log());
    ASSERT_TRUE(log.has_value());
    TestWaker waker;
    auto appender = (*log)->appender(waker);
    for (std::uint64_t i = 0; i < kRecords; i += 10) {
      std::deque<Told> told(10);
      for (std::uint64_t k = 0; k < 10; ++k) {
        appender->append(record_text(i + k, 400), told[k]);
      }
      flush_and_wait(*appender, waker, told.back());
      for (const Told& waiter : told) {
        ASSERT_TRUE(waiter.ok());
      }
      if (i % 300 == 0) {
        ASSERT_TRUE((*log)->write_checkpoint().has_value());
      }
    }
  }
  auto report = verify_log(temporary.log());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->ok);
  EXPECT_EQ(report->stored, kRecords);
  RecoveryReport recovery;
  auto log = open_log(temporary.log(), recovery);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(recovery.size, kRecords);
  ASSERT_TRUE((*log)->write_checkpoint().has_value());
  for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{777}, kRecords - 1}) {
    auto proof = prove_inclusion(temporary.path(), index);
    ASSERT_TRUE(proof.has_value()) << proof.error().message;
    EXPECT_EQ(proof->record, record_text(index, 400));
    EXPECT_TRUE(verify_inclusion(index, proof->size, proof->leaf, proof->path, proof->root));
    EXPECT_FALSE(verify_inclusion(index ^ 1U, proof->size, proof->leaf, proof->path, proof->root));
  }
  EXPECT_EQ(prove_inclusion(temporary.path(), kRecords).error().code, ErrorCode::kNotFound);
}

TEST(Log, RefusesASecondHolderAndASecondMaking) {
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  RecoveryReport report;
  EXPECT_EQ(open_log(temporary.log(), report).error().code, ErrorCode::kConflict);
  log->reset();
  EXPECT_EQ(create_log(temporary.log()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(open_log(temporary.path() / "none", report).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(
      Log::open(temporary.log(), "other.example", signer(), fixed_clock(), report).error().code,
      ErrorCode::kCorrupt);
  EXPECT_EQ(Log::open(temporary.log(), kOrigin, signer(9), fixed_clock(), report).error().code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(Log::create(temporary.path() / "x", "a b", signer(), fixed_clock()).error().code,
            ErrorCode::kInvalid);
  EXPECT_TRUE(open_log(temporary.log(), report).has_value());
}

TEST(Log, AnUnfinishedMakingIsReplaced) {
  const TemporaryDirectory temporary;
  ASSERT_TRUE(create_log(temporary.log()).has_value());
  std::filesystem::remove(temporary.log() / "checkpoint");
  RecoveryReport report;
  EXPECT_EQ(open_log(temporary.log(), report).error().code, ErrorCode::kNotFound);
  {
    auto again = create_log(temporary.log());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    ASSERT_TRUE((*again)->append_and_wait("{}").has_value());
  }
  // With a record in it, a lost checkpoint is no unfinished making.
  std::filesystem::remove(temporary.log() / "checkpoint");
  EXPECT_EQ(create_log(temporary.log()).error().code, ErrorCode::kConflict);
}

TEST(Log, ManyLoopsShareCommits) {
  const TemporaryDirectory temporary;
  constexpr int kLoops = 4;
  constexpr int kTurns = 60;
  constexpr int kPerTurn = 8;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  std::vector<std::vector<std::pair<std::uint64_t, std::string>>> acknowledged(kLoops);
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  std::thread signing([&] {
    while (!stop.load()) {
      EXPECT_TRUE((*log)->write_checkpoint().has_value());
      std::this_thread::yield();
    }
  });
  for (int loop = 0; loop < kLoops; ++loop) {
    threads.emplace_back([&, loop] {
      TestWaker waker;
      auto appender = (*log)->appender(waker);
      for (int turn = 0; turn < kTurns; ++turn) {
        std::deque<Told> told(kPerTurn);
        std::vector<std::string> texts;
        for (int i = 0; i < kPerTurn; ++i) {
          texts.push_back(
              record_text(static_cast<std::uint64_t>((loop * kTurns + turn) * kPerTurn + i), 120));
          appender->append(texts.back(), told[static_cast<std::size_t>(i)]);
        }
        flush_and_wait(*appender, waker, told.back());
        for (int i = 0; i < kPerTurn; ++i) {
          const Told& waiter = told[static_cast<std::size_t>(i)];
          ASSERT_TRUE(waiter.ok());
          ASSERT_EQ(waiter.times, 1);
          acknowledged[static_cast<std::size_t>(loop)].emplace_back(
              (*waiter.result)->index(), texts[static_cast<std::size_t>(i)]);
        }
      }
    });
  }
  std::thread command_line([&] {
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE((*log)->append_and_wait("{\"from\":\"the command line\"}").has_value());
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  command_line.join();
  stop = true;
  signing.join();
  ASSERT_TRUE((*log)->write_checkpoint().has_value());
  auto report = verify_log(temporary.log());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->ok && report->complete);
  EXPECT_EQ(report->size, static_cast<std::uint64_t>(kLoops * kTurns * kPerTurn + 50));
  for (const auto& loop : acknowledged) {
    const auto& [index, text] = loop[loop.size() / 2];
    EXPECT_EQ(prove_inclusion(temporary.log(), index).value().record, text);
  }
}

TEST(Log, CheckpointsDuringRollsDoNotTouchTheNewSegment) {
  // write_checkpoint asks for a spare; it must not get one made over the file that is being named.
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  std::atomic<bool> stop{false};
  std::thread signing([&] {
    while (!stop.load()) {
      EXPECT_TRUE((*log)->write_checkpoint().has_value());
    }
  });
  constexpr std::uint64_t kRecords = 30;  // two to a segment
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    EXPECT_TRUE((*log)->append_and_wait(std::string(kMaxRecordBytes, 'x')).has_value());
  }
  stop = true;
  signing.join();
  auto report = verify_log(temporary.log());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->ok) << report->first_break->what;
  EXPECT_EQ(report->stored, kRecords);
}

TEST(Log, ADestroyedAppenderTellsItsWaiters) {
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  TestWaker waker;
  Told told;
  {
    auto appender = (*log)->appender(waker);
    appender->append("{}", told);
  }
  ASSERT_EQ(told.times, 1);
  EXPECT_EQ(told.result->error().code, ErrorCode::kUnavailable);
  EXPECT_EQ((*log)->size(), 0U);
}

/// Appends a second record from inside the first one's answer.
class Chained final : public Waiter {
 public:
  Chained(Appender& appender, Waiter& next) : appender_(appender), next_(next) {}
  void recorded(Result<Receipt>) noexcept override {
    appender_.append("{\"second\":true}", next_);
    appender_.flush();
  }

 private:
  Appender& appender_;
  Waiter& next_;
};

TEST(Log, AWaiterMayAppendAndFlush) {
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  TestWaker waker;
  auto appender = (*log)->appender(waker);
  Told second;
  Chained first(*appender, second);
  appender->append("{\"second\":false}", first);
  flush_and_wait(*appender, waker, second);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second.result)->index(), 1U);
}

}  // namespace
}  // namespace fieldgate::audit
