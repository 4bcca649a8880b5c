// Each system call of the log is made to fail, once or for good.
#include "tests/unit/audit/audit_testing.h"

#include "audit/append/file_ops.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/verify.h>

#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::audit {
namespace {

using namespace testing;  // NOLINT

enum class Call { kOpen, kWriteSynced, kWrite, kSync, kAllocate, kRename, kRemove, kStatus, kPath };
constexpr std::array kCalls{Call::kOpen,   Call::kWriteSynced, Call::kWrite,
                            Call::kSync,   Call::kAllocate,    Call::kRename,
                            Call::kRemove, Call::kStatus,      Call::kPath};
constexpr std::array kCallNames{"open",   "write_synced", "write",  "sync",       "allocate",
                                "rename", "remove",       "status", "path_status"};

/// Fails the n-th call of one kind from when it is armed, once or from then on.
class FailingOps final : public FileOps {
 public:
  void arm(Call call, int error, int after = 0, bool for_good = false) {
    call_ = call;
    error_ = error;
    after_ = after;
    for_good_ = for_good;
    failed_ = 0;
    armed_ = true;
  }
  void disarm() { armed_ = false; }
  [[nodiscard]] int failures() const { return failed_; }
  /// Synced writes of more than `bytes` stop there (a short write, not an error).
  void shorten_writes_to(std::size_t bytes) { short_ = bytes; }
  /// Holds synced writes until `release`.
  void hold() { held_ = true; }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_until_holding() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return holding_; });
  }

  /// The spare is written by another thread; once the first segment and the first spare are synced,
  /// the next synced write is a commit's.
  void wait_for_spare() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return spares_ >= 2; });
  }

  int open(const std::string& path, int flags, mode_t mode) override {
    return fails(Call::kOpen) ? -error_ : FileOps::open(path, flags, mode);
  }
  ssize_t write_synced(int fd, const iovec* parts, int count, off_t offset) override {
    if (held_) {
      std::unique_lock lock(mutex_);
      holding_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      holding_ = false;
    }
    if (fails(Call::kWriteSynced)) {
      // What a failed write leaves behind is not known: half of the first part here.
      const iovec half{parts[0].iov_base, parts[0].iov_len / 2};
      (void)FileOps::write_synced(fd, &half, 1, offset);
      return -error_;
    }
    if (short_ != 0) {
      const iovec piece{parts[0].iov_base, std::min<std::size_t>(parts[0].iov_len, short_)};
      return FileOps::write_synced(fd, &piece, 1, offset);
    }
    return FileOps::write_synced(fd, parts, count, offset);
  }
  ssize_t write(int fd, ByteView bytes, off_t offset) override {
    return fails(Call::kWrite) ? -error_ : FileOps::write(fd, bytes, offset);
  }
  int sync(int fd) override {
    const int result = fails(Call::kSync) ? -error_ : FileOps::sync(fd);
    struct stat status{};
    if (FileOps::descriptor_status(fd, status) == 0 && status.st_size == kSmallSegment) {
      const std::lock_guard lock(mutex_);
      ++spares_;
      changed_.notify_all();
    }
    return result;
  }
  int allocate(int fd, off_t size) override {
    return fails(Call::kAllocate) ? -error_ : FileOps::allocate(fd, size);
  }
  int rename(const std::string& from, const std::string& to) override {
    return fails(Call::kRename) ? -error_ : FileOps::rename(from, to);
  }
  int remove(const std::string& path) override {
    return fails(Call::kRemove) ? -error_ : FileOps::remove(path);
  }
  int descriptor_status(int fd, struct stat& out) override {
    return fails(Call::kStatus) ? -error_ : FileOps::descriptor_status(fd, out);
  }
  int path_status(const std::string& path, struct stat& out) override {
    return fails(Call::kPath) ? -error_ : FileOps::path_status(path, out);
  }

 private:
  bool fails(Call call) {
    if (!armed_ || call != call_ || after_-- > 0) {
      return false;
    }
    if (!for_good_) {
      armed_ = false;
    }
    ++failed_;
    return true;
  }
  std::atomic<bool> armed_{false};
  std::atomic<Call> call_{Call::kOpen};
  std::atomic<int> error_{0};
  std::atomic<int> after_{0};
  std::atomic<bool> for_good_{false};
  std::atomic<int> failed_{0};
  std::atomic<std::size_t> short_{0};
  std::atomic<bool> held_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool holding_ = false;
  int spares_ = 0;
};

LogOptions with(FailingOps& ops) {
  LogOptions options = small_segments();
  options.files = &ops;
  return options;
}

TEST(FailingCalls, AnErrorOnACommitFailsTheLogForGood) {
  for (const int error : {EIO, EROFS, EBADF, ENOMEM}) {
    const TemporaryDirectory temporary;
    FailingOps ops;
    {
      auto log = create_log(temporary.log(), with(ops));
      ASSERT_TRUE(log.has_value());
      ASSERT_TRUE((*log)->append_and_wait(record_text(0)).has_value());
      ASSERT_TRUE((*log)->write_checkpoint().has_value());
      ops.wait_for_spare();
      ops.arm(Call::kWriteSynced, error, 0, true);
      auto refused = (*log)->append_and_wait(record_text(1));
      ops.disarm();
      ASSERT_TRUE(refused.has_error());
      EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
      EXPECT_TRUE((*log)->failed());
      EXPECT_FALSE((*log)->healthy());
      EXPECT_FALSE((*log)->health_detail().empty());
      EXPECT_TRUE((*log)->append_and_wait(record_text(2)).has_error()) << "a retry hides the loss";
      EXPECT_TRUE((*log)->write_checkpoint().has_error());
      EXPECT_EQ((*log)->size(), 1U);
    }
    RecoveryReport report;
    auto log = open_log(temporary.log(), report);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    EXPECT_TRUE(report.torn_tail);
    EXPECT_EQ((*log)->size(), 2U);
  }
}

TEST(FailingCalls, AFullDiskAtACommitIsUnavailableAndPasses) {
  for (const int error : {ENOSPC, EDQUOT, EFBIG}) {
    const TemporaryDirectory temporary;
    FailingOps ops;
    auto log = create_log(temporary.log(), with(ops));
    ASSERT_TRUE(log.has_value());
    ASSERT_TRUE((*log)->append_and_wait(record_text(0)).has_value());
    ops.wait_for_spare();
    ops.arm(Call::kWriteSynced, error);
    auto refused = (*log)->append_and_wait(record_text(1));
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_FALSE((*log)->failed());
    EXPECT_FALSE((*log)->healthy());
    EXPECT_EQ(read_text(first_segment(temporary.log())).find("r-1"), std::string::npos)
        << "nothing partial is left";
    ASSERT_EQ((*log)->append_and_wait(record_text(2)).value().index(), 1U);
    EXPECT_TRUE((*log)->healthy());
    // Also when nobody appends while the log is unhealthy, it finds its way back.
    ops.arm(Call::kWriteSynced, error);
    ASSERT_TRUE((*log)->append_and_wait(record_text(3)).has_error());
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
    EXPECT_TRUE((*log)->healthy());
    EXPECT_TRUE(verify_log(temporary.log())->ok);
  }
}

TEST(FailingCalls, ADiskThatStaysFullLeavesNothingThatCouldBeTakenForARecord) {
  const TemporaryDirectory temporary;
  FailingOps ops;
  {
    auto log = create_log(temporary.log(), with(ops));
    ASSERT_TRUE((*log)->append_and_wait(record_text(0)).has_value());
    ops.wait_for_spare();
    ops.arm(Call::kWriteSynced, ENOSPC, 0, true);  // zeroing the rest fails too
    EXPECT_TRUE((*log)->append_and_wait(record_text(1, 4000)).has_error());
    EXPECT_TRUE((*log)->append_and_wait(record_text(2)).has_error());
    EXPECT_FALSE((*log)->failed());
    ops.disarm();
    EXPECT_EQ((*log)->append_and_wait(record_text(3)).value().index(), 1U);
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
  }
  auto report = verify_log(temporary.log());
  EXPECT_TRUE(report->ok && report->complete);
}

TEST(FailingCalls, ShortWritesAreContinued) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{64}}) {
    const TemporaryDirectory temporary;
    FailingOps ops;
    auto log = create_log(temporary.log(), with(ops));
    ASSERT_TRUE((*log)->append_and_wait("{}").has_value());
    ops.wait_for_spare();
    ops.shorten_writes_to(piece);
    ASSERT_TRUE((*log)->append_and_wait(record_text(1)).has_value());
    ops.shorten_writes_to(0);
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
    auto report = verify_log(temporary.log());
    EXPECT_TRUE(report->ok && report->complete);
    EXPECT_EQ(report->size, 2U);
  }
}

/// Appends until a segment has been rolled or an append is refused; returns how many were taken.
std::uint64_t append_over_a_roll(Log& log, bool& refused) {
  std::uint64_t taken = 0;
  refused = false;
  for (int i = 0; i < 4; ++i) {
    if (log.append_and_wait(std::string(60'000, 'x')).has_value()) {
      ++taken;
    } else {
      refused = true;
    }
  }
  return taken;
}

TEST(FailingCalls, EachCallFailsOnceOrForGoodAndNothingAcknowledgedIsLost) {
  int cases = 0;
  int refusals = 0;
  for (std::size_t c = 0; c < kCalls.size(); ++c) {
    for (const int error : {EIO, ENOSPC, EMFILE}) {
      for (const bool for_good : {false, true}) {
        for (int after = 0; after < 4; ++after) {
          SCOPED_TRACE(std::string(kCallNames[c]) + " error " + std::to_string(error) +
                       (for_good ? " for good" : " once") + " after " + std::to_string(after));
          const TemporaryDirectory temporary;
          FailingOps ops;
          std::uint64_t acknowledged = 0;
          {
            auto log = create_log(temporary.log(), with(ops));
            ASSERT_TRUE(log.has_value());
            ops.arm(kCalls[c], error, after, for_good);
            bool refused = false;
            acknowledged = append_over_a_roll(**log, refused);
            const bool signed_well = (*log)->write_checkpoint().has_value();
            refusals += refused || !signed_well ? 1 : 0;
            ops.disarm();
            if (!(*log)->failed()) {
              // Whatever passed must have passed: the log takes records again without a restart.
              auto receipt = (*log)->append_and_wait("{\"after\":true}");
              ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
              EXPECT_EQ(receipt->index(), acknowledged);
              ++acknowledged;
              EXPECT_TRUE((*log)->write_checkpoint().has_value());
              EXPECT_TRUE((*log)->healthy()) << (*log)->health_detail();
            }
          }
          auto verified = verify_log(temporary.log());
          ASSERT_TRUE(verified.has_value());
          EXPECT_TRUE(verified->ok) << verified->first_break->what;
          EXPECT_GE(verified->stored, acknowledged);
          RecoveryReport report;
          auto again = open_log(temporary.log(), report);
          ASSERT_TRUE(again.has_value()) << again.error().message;
          EXPECT_GE((*again)->size(), acknowledged);
          ++cases;
        }
      }
    }
  }
  EXPECT_GT(refusals, 0);
  std::printf("[ counts   ] %d failing calls, %d of them met\n", cases, refusals);
}

TEST(FailingCalls, CreateAndOpenSurviveEachFailure) {
  int failed = 0;
  for (std::size_t c = 0; c < kCalls.size(); ++c) {
    for (int after = 0; after < 8; ++after) {
      SCOPED_TRACE(std::string(kCallNames[c]) + " after " + std::to_string(after));
      const TemporaryDirectory temporary;
      FailingOps ops;
      ops.arm(kCalls[c], EIO, after);
      bool made = false;
      {
        auto log = create_log(temporary.log(), with(ops));
        made = log.has_value();
        failed += made ? 0 : 1;
      }
      ops.disarm();
      RecoveryReport report;
      if (!made) {
        auto log = create_log(temporary.log(), with(ops));
        // Made but for the last directory sync: then it is there.
        ASSERT_TRUE(log.has_value() || log.error().code == ErrorCode::kConflict)
            << log.error().message;
      }
      ops.arm(kCalls[c], EIO, after);
      {
        (void)open_log(temporary.log(), report, with(ops));
      }
      ops.disarm();
      auto log = open_log(temporary.log(), report, with(ops));
      ASSERT_TRUE(log.has_value()) << log.error().message;
      EXPECT_TRUE((*log)->append_and_wait("{}").has_value());
    }
  }
  EXPECT_GT(failed, 0);
}

TEST(FailingCalls, AVanishedSegmentFailsTheLog) {
  const auto spoil = [](const char* what, auto&& hurt) {
    const TemporaryDirectory temporary;
    auto log = create_log(temporary.log());
    ASSERT_TRUE((*log)->append_and_wait("{}").has_value());
    hurt(first_segment(temporary.log()));
    EXPECT_TRUE((*log)->write_checkpoint().has_error()) << what;
    EXPECT_TRUE((*log)->failed()) << what;
    EXPECT_TRUE((*log)->append_and_wait("{}").has_error()) << what;
  };
  namespace fs = std::filesystem;
  spoil("unlinked", [](const fs::path& path) { fs::remove(path); });
  spoil("renamed", [](const fs::path& path) { fs::rename(path, path.string() + ".old"); });
  spoil("replaced", [](const fs::path& path) {
    fs::copy_file(path, path.string() + ".new");
    fs::rename(path.string() + ".new", path);
  });
  spoil("linked", [](const fs::path& path) { fs::create_hard_link(path, path.string() + ".2"); });
  spoil("truncated", [](const fs::path& path) { fs::resize_file(path, kSmallSegment - 1); });
  spoil("read-only", [](const fs::path& path) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::remove);
  });
}

std::atomic<std::int64_t> fake_now{1'000'000'000};

TEST(FailingCalls, AStalledCommitIsRefusedNotWaitedFor) {
  const TemporaryDirectory temporary;
  FailingOps ops;
  LogOptions options = with(ops);
  options.steady_now = [] {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(fake_now.load()));
  };
  auto log = create_log(temporary.log(), options);
  ASSERT_TRUE(log.has_value());
  ASSERT_TRUE((*log)->append_and_wait("{}").has_value());
  ops.wait_for_spare();
  ops.hold();
  std::thread leader([&] { EXPECT_TRUE((*log)->append_and_wait("{\"slow\":1}").has_value()); });
  while ((*log)->size() != 1) {
    std::this_thread::yield();
  }
  ops.wait_until_holding();
  TestWaker waker;
  auto appender = (*log)->appender(waker);
  Told queued;
  appender->append("{\"queued\":1}", queued);
  appender->flush();
  fake_now += std::chrono::nanoseconds(kCommitStall).count();
  EXPECT_TRUE((*log)->healthy());
  appender->sweep();
  EXPECT_EQ(queued.times, 0);
  fake_now += 1'000'000;
  EXPECT_FALSE((*log)->healthy());
  EXPECT_FALSE((*log)->health_detail().empty());
  appender->sweep();
  ASSERT_EQ(queued.times, 1);
  EXPECT_EQ(queued.result->error().code, ErrorCode::kUnavailable);
  Told late;
  appender->append("{\"late\":1}", late);
  ASSERT_EQ(late.times, 1);
  EXPECT_EQ(late.result->error().code, ErrorCode::kUnavailable);
  ops.release();
  leader.join();
  EXPECT_TRUE((*log)->healthy());
  Told after;
  appender->append("{\"after\":1}", after);
  flush_and_wait(*appender, waker, after);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ((*after.result)->index(), 2U) << "what was given up is not written later";
}

TEST(FullDisk, RecoversWithoutARestart) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "skipped: mounting a small file system needs root";
  }
  const TemporaryDirectory temporary;
  const auto disk = temporary.path() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=640k") != 0) {
    GTEST_SKIP() << "skipped: no small file system can be mounted here";
  }
  {
    auto log = create_log(disk / "log");
    ASSERT_TRUE(log.has_value()) << log.error().message;
    std::uint64_t taken = 0;
    Result<Receipt> receipt = (*log)->append_and_wait(record_text(taken, 5000));
    while (receipt.has_value() && taken < 1000) {
      ++taken;
      receipt = (*log)->append_and_wait(record_text(taken, 5000));
    }
    ASSERT_TRUE(receipt.has_error());
    EXPECT_EQ(receipt.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(receipt.error().detail_code, "audit-log-full");
    EXPECT_GT(taken, 50U);
    EXPECT_FALSE((*log)->healthy());
    EXPECT_FALSE((*log)->failed());
    EXPECT_EQ((*log)->size(), taken);
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=4m"), 0);
    auto again = (*log)->append_and_wait(record_text(taken, 5000));
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->index(), taken);
    EXPECT_TRUE((*log)->healthy());
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
    auto report = verify_log(disk / "log");
    EXPECT_TRUE(report->ok && report->complete);
    EXPECT_EQ(report->size, taken + 1);
  }
  ::umount2(disk.c_str(), MNT_DETACH);
}

TEST(FullDisk, AFileSizeLimitIsLikeAFullDisk) {
  const TemporaryDirectory temporary;
  auto log = create_log(temporary.log());
  ASSERT_TRUE(log.has_value());
  ASSERT_TRUE((*log)->append_and_wait("{}").has_value());
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ASSERT_EQ(::sigaction(SIGXFSZ, &ignore, &before), 0);
  rlimit unlimited{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  rlimit limited = unlimited;
  limited.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  auto refused = (*log)->append_and_wait("{}");
  EXPECT_FALSE((*log)->failed());
  EXPECT_FALSE((*log)->healthy());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  ASSERT_EQ(::sigaction(SIGXFSZ, &before, nullptr), 0);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE((*log)->append_and_wait("{}").has_value());
  EXPECT_TRUE((*log)->healthy());
}

}  // namespace
}  // namespace fieldgate::audit
