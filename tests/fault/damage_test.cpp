// What damage does: each region of a stored log is hurt, and verification and opening must say
// where, or recover exactly what cannot have been acknowledged.
#include "tests/unit/audit/audit_testing.h"

#include "audit/format/segment.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/verify.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace fieldgate::audit {
namespace {

using namespace testing;  // NOLINT

bool long_run() {
  return std::getenv("FIELDGATE_LONG") != nullptr;
}

void append_batch(Log& log, Appender& appender, TestWaker& waker, std::uint64_t first,
                  std::uint64_t count, std::size_t size) {
  std::deque<Told> told(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    appender.append(record_text(first + i, size), told[i]);
  }
  flush_and_wait(appender, waker, told.back());
  for (const Told& waiter : told) {
    ASSERT_TRUE(waiter.ok());
  }
  ASSERT_EQ(log.size(), first + count);
}

/// A log of three batches (2, 3 and 2 records); the checkpoint covers the first `signed_batches`.
class SmallLog {
 public:
  explicit SmallLog(int signed_batches, std::size_t record_size = 60) {
    auto log = create_log(directory());
    EXPECT_TRUE(log.has_value());
    TestWaker waker;
    auto appender = (*log)->appender(waker);
    const std::uint64_t counts[] = {2, 3, 2};
    std::uint64_t next = 0;
    ends_.push_back(used_bytes(read_text(segment())));
    for (int i = 0; i < 3; ++i) {
      append_batch(**log, *appender, waker, next, counts[i], record_size);
      next += counts[i];
      ends_.push_back(used_bytes(read_text(segment())));
      if (i + 1 == signed_batches) {
        EXPECT_TRUE((*log)->write_checkpoint().has_value());
      }
    }
    appender.reset();
    log->reset();
    bytes_ = read_text(segment());
  }
  [[nodiscard]] std::filesystem::path directory() const { return temporary_.log(); }
  [[nodiscard]] std::filesystem::path segment() const { return first_segment(directory()); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  /// Where batch `i` begins (0 to 2), or the third one ends (3).
  [[nodiscard]] std::uint64_t edge(std::size_t i) const { return ends_[i]; }
  void store(const std::string& bytes) const { write_text(segment(), bytes); }
  void restore() const { store(bytes_); }

 private:
  TemporaryDirectory temporary_;
  std::string bytes_;
  std::vector<std::uint64_t> ends_;
};

Result<std::uint64_t> open_size(const std::filesystem::path& directory, RecoveryReport& report) {
  auto log = open_log(directory, report);
  if (log.has_error()) {
    return log.error();
  }
  return (*log)->size();
}

TEST(Damage, AFlippedBitAnywhereIsFoundAndNamed) {
  const SmallLog log(3);
  const auto file = log.segment().filename().string();
  std::uint64_t flips = 0;
  for (std::uint64_t offset = 0; offset < log.edge(3); ++offset) {
    for (unsigned bit = long_run() ? 0 : offset % 8; bit < 8; bit += long_run() ? 1 : 8) {
      const char changed = static_cast<char>(log.bytes()[offset] ^ (1 << bit));
      put_byte(log.segment(), offset, changed);
      auto report = verify_log(log.directory());
      ASSERT_TRUE(report.has_value());
      ASSERT_FALSE(report->ok) << "byte " << offset << " bit " << bit;
      ASSERT_TRUE(report->first_break.has_value());
      ASSERT_EQ(report->first_break->file, file);
      ASSERT_LE(report->first_break->offset, offset);
      ASSERT_LE(report->first_break->index, 7U);
      ASSERT_FALSE(report->first_break->what.empty());
      RecoveryReport recovery;
      auto opened = open_log(log.directory(), recovery);
      ASSERT_TRUE(opened.has_error()) << "byte " << offset << " bit " << bit;
      ASSERT_EQ(opened.error().code, ErrorCode::kCorrupt);
      ASSERT_NE(opened.error().message.find(file), std::string::npos);
      ASSERT_NE(opened.error().message.find("at byte "), std::string::npos);
      ++flips;
    }
    put_byte(log.segment(), offset, log.bytes()[offset]);
  }
  EXPECT_TRUE(verify_log(log.directory())->ok);
  std::printf("[ counts   ] %llu flips in %llu bytes\n", static_cast<unsigned long long>(flips),
              static_cast<unsigned long long>(log.edge(3)));
}

TEST(Damage, ARecordIsNamedByItsIndexAndOffset) {
  const SmallLog log(3);
  const std::string wanted = record_text(3, 60);
  const std::uint64_t at = log.bytes().find(wanted);
  put_byte(log.segment(), at + 5, 'X');
  auto report = verify_log(log.directory());
  ASSERT_TRUE(report.has_value() && report->first_break.has_value());
  EXPECT_EQ(report->first_break->index, 3U);
  EXPECT_EQ(report->first_break->offset, at - kRecordHeaderBytes);
}

TEST(Damage, EveryByteOfCheckpointAndKeyCounts) {
  const SmallLog log(3);
  std::uint64_t flips = 0;
  for (const char* name : {"checkpoint", "log.vkey"}) {
    const auto path = log.directory() / name;
    const std::string whole = read_text(path);
    for (std::size_t offset = 0; offset < whole.size(); ++offset) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string changed = whole;
        changed[offset] = static_cast<char>(changed[offset] ^ (1 << bit));
        write_text(path, changed);
        auto report = verify_log(log.directory());
        ASSERT_TRUE(report.has_value());
        ASSERT_FALSE(report->ok) << name << " byte " << offset << " bit " << bit;
        ASSERT_TRUE(report->first_break.has_value());
        // A key that still reads as one no longer fits the checkpoint.
        EXPECT_TRUE(report->first_break->file == name || report->first_break->file == "checkpoint");
        RecoveryReport recovery;
        EXPECT_EQ(open_log(log.directory(), recovery).error().code, ErrorCode::kCorrupt);
        ++flips;
      }
    }
    write_text(path, whole + "\n");
    EXPECT_FALSE(verify_log(log.directory())->ok);
    std::filesystem::remove(path);
    EXPECT_FALSE(verify_log(log.directory())->ok);
    write_text(path, whole);
  }
  EXPECT_TRUE(verify_log(log.directory())->ok);
  std::printf("[ counts   ] %llu flips in checkpoint and key\n",
              static_cast<unsigned long long>(flips));
}

TEST(Damage, ATruncatedSegmentIsRefusedAtEveryByte) {
  // A named segment has had its full size since before its first record, so no crash shortens it.
  const SmallLog log(2);
  std::uint64_t cuts = 0;
  for (std::uint64_t size = 0; size <= log.edge(3) + 2; ++size) {
    log.store(log.bytes().substr(0, size));
    RecoveryReport recovery;
    auto opened = open_log(log.directory(), recovery);
    ASSERT_TRUE(opened.has_error()) << size;
    ASSERT_EQ(opened.error().code, ErrorCode::kCorrupt);
    auto report = verify_log(log.directory());
    ASSERT_TRUE(report.has_value());
    ASSERT_EQ(report->ok, size >= log.edge(2)) << size;
    ASSERT_FALSE(report->complete);
    ++cuts;
  }
  std::printf("[ counts   ] %llu truncations\n", static_cast<unsigned long long>(cuts));
}

TEST(Damage, AWriteCutOffAtEachByteIsRecovered) {
  const SmallLog log(2);
  for (std::uint64_t end = log.edge(2); end <= log.edge(3); ++end) {
    std::string torn = log.bytes();
    std::fill(torn.begin() + static_cast<long>(end), torn.end(), '\0');
    log.store(torn);
    const std::uint64_t used = used_bytes(torn);
    auto before = verify_log(log.directory());
    ASSERT_TRUE(before->ok) << end;
    ASSERT_FALSE(before->complete && used != log.edge(2)) << end;
    RecoveryReport report;
    auto size = open_size(log.directory(), report);
    ASSERT_TRUE(size.has_value()) << end << ": " << size.error().message;
    if (used == log.edge(2)) {
      ASSERT_EQ(*size, 5U);
      ASSERT_FALSE(report.torn_tail);
    } else if (end == log.edge(3)) {
      ASSERT_EQ(*size, 7U);
      ASSERT_FALSE(report.torn_tail);
    } else {
      ASSERT_EQ(*size, 6U) << end;  // five records and the one about the recovery
      ASSERT_TRUE(report.torn_tail);
      ASSERT_EQ(report.torn_bytes, used - log.edge(2));
      ASSERT_FALSE(report.says.empty());
      ASSERT_NE(read_text(log.segment()).find("\"type\":\"recovery\""), std::string::npos);
    }
    ASSERT_TRUE(verify_log(log.directory())->ok);
  }
}

TEST(Damage, MissingSectorsOfTheLastWriteAreRecovered) {
  const SmallLog log(2, 1500);  // the last batch covers several sectors
  const std::uint64_t begin = log.edge(2);
  const std::uint64_t end = log.edge(3);
  constexpr std::uint64_t kSector = 512;
  std::uint64_t holes = 0;
  const std::uint64_t first = begin / kSector;
  const std::uint64_t count = (end - 1) / kSector - first + 1;
  ASSERT_LT(count, 12U);
  for (std::uint64_t mask = 0; mask < (1U << count); ++mask) {
    std::string torn = log.bytes();
    for (std::uint64_t i = 0; i < count; ++i) {
      if ((mask >> i & 1U) != 0) {
        const std::uint64_t from = std::max(begin, (first + i) * kSector);
        const std::uint64_t to = std::min(end, (first + i + 1) * kSector);
        std::fill(torn.begin() + static_cast<long>(from), torn.begin() + static_cast<long>(to),
                  '\0');
      }
    }
    log.store(torn);
    RecoveryReport report;
    auto size = open_size(log.directory(), report);
    ASSERT_TRUE(size.has_value()) << mask << ": " << size.error().message;
    const bool everything = mask + 1 == (1U << count);
    ASSERT_EQ(*size, mask == 0 ? 7U : everything ? 5U : 6U) << mask;
    ++holes;
  }
  std::printf("[ counts   ] %llu patterns of missing sectors\n",
              static_cast<unsigned long long>(holes));
}

TEST(Damage, AnAcknowledgedBatchBeyondTheCheckpointIsNotTakenForATornOne) {
  // The checkpoint covers the first batch only; the second and third were acknowledged. No flip of
  // one bit in them may pass as an unfinished write.
  for (const std::size_t record_size : {std::size_t{60}, std::size_t{700}}) {
    const SmallLog log(1, record_size);
    const std::uint64_t step = long_run() ? 1 : record_size / 60;
    for (std::uint64_t offset = log.edge(1); offset < log.edge(3); offset += step) {
      const char changed = static_cast<char>(log.bytes()[offset] ^ (1 << (offset % 8)));
      put_byte(log.segment(), offset, changed);
      RecoveryReport report;
      auto opened = open_log(log.directory(), report);
      ASSERT_TRUE(opened.has_error()) << "byte " << offset;
      ASSERT_EQ(opened.error().code, ErrorCode::kCorrupt);
      ASSERT_FALSE(verify_log(log.directory())->ok) << "byte " << offset;
      put_byte(log.segment(), offset, log.bytes()[offset]);
    }
    RecoveryReport report;
    EXPECT_EQ(open_size(log.directory(), report).value(), 7U);
  }
}

TEST(Damage, AZeroedEarlierBatchIsDamage) {
  const SmallLog log(1);
  std::string hurt = log.bytes();
  std::fill(hurt.begin() + static_cast<long>(log.edge(1)),
            hurt.begin() + static_cast<long>(log.edge(2)), '\0');
  log.store(hurt);
  RecoveryReport report;
  EXPECT_EQ(open_size(log.directory(), report).error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(verify_log(log.directory())->ok);
}

TEST(Damage, RubbishAfterTheEndIsClearedAndReported) {
  const SmallLog log(3);
  std::string more = log.bytes();
  more.replace(log.edge(3), 7, "rubbish");
  log.store(more + "beyond the file");
  auto verified = verify_log(log.directory());
  EXPECT_TRUE(verified->ok);
  EXPECT_FALSE(verified->complete);
  RecoveryReport report;
  EXPECT_EQ(open_size(log.directory(), report).value(), 8U);
  EXPECT_TRUE(report.torn_tail);
  EXPECT_EQ(report.torn_bytes, 7U + 15U);
  EXPECT_EQ(std::filesystem::file_size(log.segment()), kSmallSegment);
}

TEST(Damage, AnOlderStateIsRefusedWithANewerCheckpoint) {
  const SmallLog log(3);
  std::string older = log.bytes();
  std::fill(older.begin() + static_cast<long>(log.edge(2)), older.end(), '\0');
  log.store(older);
  RecoveryReport report;
  EXPECT_EQ(open_size(log.directory(), report).error().code, ErrorCode::kCorrupt);
  auto verified = verify_log(log.directory());
  EXPECT_FALSE(verified->ok);
  EXPECT_EQ(verified->first_break->index, 5U);
}

TEST(Damage, SeveralSegments) {
  const TemporaryDirectory temporary;
  {
    auto log = create_log(temporary.log());
    ASSERT_TRUE(log.has_value());
    TestWaker waker;
    auto appender = (*log)->appender(waker);
    for (std::uint64_t i = 0; i < 1200; i += 40) {
      append_batch(**log, *appender, waker, i, 40, 400);
    }
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
  }
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator(temporary.log())) {
    if (entry.path().extension() == ".seg") {
      segments.push_back(entry.path());
    }
  }
  std::sort(segments.begin(), segments.end());
  ASSERT_GE(segments.size(), 4U);
  std::mt19937 random(7);  // NOLINT: the same places each time
  const int rounds = long_run() ? 3000 : 200;
  for (int round = 0; round < rounds; ++round) {
    const auto& path = segments[random() % segments.size()];
    const std::string bytes = read_text(path);
    const std::uint64_t end = path == segments.back() ? used_bytes(bytes) : bytes.size();
    const std::uint64_t offset = random() % end;
    put_byte(path, offset, static_cast<char>(bytes[offset] ^ (1 << random() % 8)));
    auto report = verify_log(temporary.log());
    ASSERT_TRUE(report.has_value());
    ASSERT_FALSE(report->ok) << path << " " << offset;
    EXPECT_EQ(report->first_break->file, path.filename().string());
    put_byte(path, offset, bytes[offset]);
  }
  // A segment that is missing, renamed, swapped or cut.
  RecoveryReport recovery;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto away = temporary.path() / "away";
    std::filesystem::rename(segments[i], away);
    EXPECT_FALSE(verify_log(temporary.log())->ok) << i;
    EXPECT_EQ(open_size(temporary.log(), recovery).error().code, ErrorCode::kCorrupt) << i;
    std::filesystem::rename(away, segments[i]);
    std::filesystem::resize_file(segments[i], kSmallSegment - 1);
    EXPECT_EQ(verify_log(temporary.log())->ok, i + 1 == segments.size()) << i;
    EXPECT_EQ(open_size(temporary.log(), recovery).error().code, ErrorCode::kCorrupt) << i;
    std::filesystem::resize_file(segments[i], kSmallSegment);
  }
  const std::string second = read_text(segments[1]);
  std::filesystem::copy_file(segments[2], segments[1],
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(verify_log(temporary.log())->ok);
  EXPECT_EQ(open_size(temporary.log(), recovery).error().code, ErrorCode::kCorrupt);
  write_text(segments[1], second);
  EXPECT_EQ(open_size(temporary.log(), recovery).value(), 1200U);
  EXPECT_TRUE(verify_log(temporary.log())->ok);
}

}  // namespace
}  // namespace fieldgate::audit
