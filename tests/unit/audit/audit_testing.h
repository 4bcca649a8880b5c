// What the tests of the log share: a directory of their own, a key, simple waiters.
#pragma once

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/verify.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/base/time.h>
#include <fieldgate/crypto/signature.h>

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace fieldgate::audit::testing {

inline constexpr const char* kOrigin = "books.example/audit";
inline constexpr std::uint64_t kSmallSegment = 128ULL * 1024;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] UtcTime now() const override {
    return UtcTime(std::chrono::microseconds(1'793'620'800'000'000));
  }
};

inline crypto::Ed25519Signer signer(Byte seed = 7) {
  return crypto::Ed25519Signer(SecretBytes(Bytes(32, seed)));
}

inline std::string record_text(std::uint64_t number, std::size_t size = 0) {
  std::string text = "{\"v\":1,\"id\":\"r-" + std::to_string(number) + "\"}";
  if (text.size() < size) {
    text.insert(text.size() - 1, std::string(size - text.size(), ' '));
  }
  return text;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "fieldgate-audit-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "log"; }

 private:
  std::filesystem::path path_;
};

inline const FixedClock& fixed_clock() {
  static const FixedClock clock;
  return clock;
}

inline LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = kSmallSegment;
  return options;
}

inline Result<std::unique_ptr<Log>> create_log(const std::filesystem::path& directory,
                                               const LogOptions& options = small_segments()) {
  return Log::create(directory, kOrigin, signer(), fixed_clock(), options);
}

inline Result<std::unique_ptr<Log>> open_log(const std::filesystem::path& directory,
                                             RecoveryReport& report,
                                             const LogOptions& options = small_segments()) {
  return Log::open(directory, kOrigin, signer(), fixed_clock(), report, options);
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

/// Overwrites one byte in place.
inline void put_byte(const std::filesystem::path& path, std::uint64_t offset, char value) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(value);
}

inline std::filesystem::path first_segment(const std::filesystem::path& log) {
  return log / "00000000000000000000.seg";
}

/// Where the stored bytes of a small segment end.
inline std::uint64_t used_bytes(const std::string& segment) {
  return segment.find_last_not_of('\0') + 1;
}

/// Keeps what it was told.
class Told final : public Waiter {
 public:
  void recorded(Result<Receipt> receipt) noexcept override {
    ++times;
    result.emplace(std::move(receipt));
  }
  [[nodiscard]] bool ok() const { return result.has_value() && result->has_value(); }
  int times = 0;
  std::optional<Result<Receipt>> result;
};

/// A loop's wake-up as a condition.
class TestWaker final : public LoopWaker {
 public:
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return wakes_ > 0; });
    wakes_ = 0;
  }
  [[nodiscard]] int take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(wakes_, 0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int wakes_ = 0;
};

/// Flushes and goes on as a loop would until `last` has been told.
inline void flush_and_wait(Appender& appender, TestWaker& waker, const Told& last) {
  appender.flush();
  while (last.times == 0) {
    waker.wait();
    appender.deliver();
  }
}

}  // namespace fieldgate::audit::testing
