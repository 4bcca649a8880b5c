// What the audit log costs over the bare minimum that any such log must do: the same hashes and
// synced writes in a loop. usage: audit_bench [DIRECTORY]; prints ratios, medians of rounds.
#include "audit/append/file_ops.h"
#include "audit/merkle/frontier.h"
#include "tests/bench/log_load.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/base/time.h>
#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/signature.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace fieldgate;
using namespace fieldgate::bench;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kRecordBytes = 400;
constexpr std::size_t kBatchRecords = 512;
constexpr std::uint64_t kFileBytes = 64ULL * 1024 * 1024;
constexpr int kRounds = 7;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class WallClock final : public fieldgate::Clock {
 public:
  [[nodiscard]] UtcTime now() const override { return {}; }
};

/// A zero-filled file and the least work that makes records durable and provable.
class BareLog {
 public:
  explicit BareLog(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (fd_ < 0 || audit::zero_range(audit::system_file_ops(), fd_, 0, kFileBytes) != 0 ||
        ::fsync(fd_) != 0) {
      give_up("cannot make " + path.string());
    }
  }
  ~BareLog() { ::close(fd_); }
  BareLog(const BareLog&) = delete;
  BareLog& operator=(const BareLog&) = delete;

  void batch(const std::string& record, std::size_t count) {
    buffer_.clear();
    leaves_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const Hash32 leaf = audit::leaf_hash(as_bytes(record));
      tree_.push(leaf);
      leaves_.insert(leaves_.end(), leaf.begin(), leaf.end());
      const ByteView bytes = as_bytes(record);
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
    const Hash32 digest = crypto::sha256(ByteView(leaves_));
    buffer_.insert(buffer_.end(), digest.begin(), digest.end());
    write();
  }
  void bare_write(const std::string& record) {
    buffer_.assign(record.begin(), record.end());
    write();
  }

 private:
  void write() {
    if (offset_ + buffer_.size() > kFileBytes) {
      offset_ = 0;
    }
    if (audit::write_all_synced(audit::system_file_ops(), fd_, buffer_, offset_) != 0) {
      give_up("a synced write failed");
    }
    offset_ += buffer_.size();
  }
  int fd_;
  std::uint64_t offset_ = 0;
  audit::Frontier tree_;
  Bytes buffer_;
  Bytes leaves_;
};

}  // namespace

int main(int argc, char** argv) {
  std::string pattern =
      ((argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) /
       "fieldgate-audit-bench-XXXXXX")
          .string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    give_up("cannot make a directory");
  }
  const std::filesystem::path directory(pattern);
  const WallClock clock;
  const std::string record(kRecordBytes, 'r');
  {
    auto log = audit::Log::create(directory / "log", "bench.example/audit",
                                  crypto::Ed25519Signer(SecretBytes(Bytes(32, 7))), clock);
    if (log.has_error()) {
      give_up(log.error().message);
    }
    BareLog bare(directory / "bare");
    Waker waker;
    Counting counting;
    auto appender = (*log)->appender(waker);
    std::uint64_t appended = 0;
    const auto append = [&](std::string_view text) {
      appender->append(text, counting);
      ++appended;
    };
    const auto wait_for_all = [&] {
      appender->flush();
      while (counting.count < appended) {
        waker.wait();
        appender->deliver();
      }
    };

    constexpr std::uint64_t kBatches = 400;
    std::vector<double> ratios;
    std::vector<double> rates;
    double slowest = 0;
    for (int round = 0; round < kRounds; ++round) {
      auto start = Steady::now();
      for (std::uint64_t i = 0; i < kBatches; ++i) {
        bare.batch(record, kBatchRecords);
      }
      const double bare_seconds = seconds_since(start);
      start = Steady::now();
      for (std::uint64_t i = 0; i < kBatches; ++i) {
        const auto before = Steady::now();
        for (std::size_t k = 0; k < kBatchRecords; ++k) {
          append(record);
        }
        wait_for_all();
        slowest = std::max(slowest, seconds_since(before));
      }
      const double log_seconds = seconds_since(start);
      ratios.push_back(bare_seconds / log_seconds);
      rates.push_back(static_cast<double>(kBatches * kBatchRecords) / log_seconds);
    }
    std::printf(
        "batches of %zu records of %zu bytes: %.0f records/s, %.2f of the bare loop "
        "(target 0.6), slowest batch %.1f ms (segments change every 300 batches)\n",
        kBatchRecords, kRecordBytes, median(rates), median(ratios), slowest * 1e3);

    constexpr std::uint64_t kSingles = 1500;
    std::vector<double> times;
    std::vector<double> microseconds;
    for (int round = 0; round < kRounds; ++round) {
      auto start = Steady::now();
      for (std::uint64_t i = 0; i < kSingles; ++i) {
        bare.bare_write(record);
      }
      const double bare_seconds = seconds_since(start);
      start = Steady::now();
      for (std::uint64_t i = 0; i < kSingles; ++i) {
        append(record);
        wait_for_all();
      }
      const double log_seconds = seconds_since(start);
      times.push_back(log_seconds / bare_seconds);
      microseconds.push_back(log_seconds / kSingles * 1e6);
    }
    std::printf("one writer alone: %.1f us a record, %.2f times a bare synced write (target 1.5)\n",
                median(microseconds), median(times));

    constexpr std::size_t kAppends = 4000;
    const std::string longer(450, 'r');
    std::vector<double> appends;
    for (int round = 0; round < kRounds; ++round) {
      const auto start = Steady::now();
      for (std::size_t i = 0; i < kAppends; ++i) {
        append(longer);
      }
      appends.push_back(seconds_since(start) / kAppends * 1e9);
      wait_for_all();
    }
    std::printf("append() of 450 bytes: %.0f ns (target 1000)\n", median(appends));
  }
  std::filesystem::remove_all(directory);
  return 0;
}
