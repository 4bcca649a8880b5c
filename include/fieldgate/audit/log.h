// The append-only audit log: durable before the answer (docs/audit-format.md).
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>
#include <fieldgate/crypto/signature.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace fieldgate::audit {

/// A commit that takes longer than this makes `healthy()` false; appends are then refused with
/// `kUnavailable` rather than left waiting.
inline constexpr std::chrono::milliseconds kCommitStall{2000};
/// Segment files are zero-filled to this size before use, so that a commit changes no metadata.
inline constexpr std::uint64_t kSegmentBytes = 64ULL * 1024 * 1024;
/// Records in one commit, and bytes of their frames; what is over waits for the next commit.
inline constexpr std::size_t kMaxBatchRecords = 4096;
inline constexpr std::size_t kMaxBatchBytes = 4UL * 1024 * 1024;

/// Proof that a record is on disk. Only `Log` can make one; no profile response is written without.
class Receipt {
 public:
  [[nodiscard]] std::uint64_t index() const { return index_; }
  /// SHA-256(0x00 || record), RFC 6962 section 2.1.
  [[nodiscard]] const Hash32& leaf() const { return leaf_; }
  [[nodiscard]] std::string_view origin() const { return *origin_; }

 private:
  friend class Log;
  friend class Appender;
  Receipt(std::uint64_t index, const Hash32& leaf, const std::string* origin)
      : index_(index), leaf_(leaf), origin_(origin) {}
  std::uint64_t index_;
  Hash32 leaf_;
  const std::string* origin_;  // owned by the Log, which outlives every receipt
};

/// Told once that its record is durable, or why it is not. The log does not own it; it must stay
/// alive until told. Called on the loop that appended. It may append again, and must not throw:
/// what has no answer must not go on as if it had one, so that running out of memory here ends the
/// process.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void recorded(Result<Receipt> receipt) noexcept = 0;
};

/// How the log reaches an I/O loop from another thread; given by the gateway, thread-safe.
class LoopWaker {
 public:
  virtual ~LoopWaker() = default;
  /// Arranges that `Appender::deliver()` of that loop's appender is called on that loop soon.
  /// Called on the commit thread: must not call the appender itself, nor throw.
  virtual void wake() noexcept = 0;
};

class Log;

/// One loop's way into the log. Not thread-safe: used by its loop only. Made by `Log::appender`.
class Appender {
 public:
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  /// Frames the record (its bytes are copied) into this turn's batch. An oversized record, a log
  /// that has failed or a stalled commit tells the waiter at once.
  void append(std::string_view record, Waiter& waiter);
  /// True when there is something that `flush` would commit.
  [[nodiscard]] bool pending() const;
  /// Hands what was appended to the log's commit thread and returns at once. The thread assigns
  /// indexes and writes all queued batches of all loops with one synced write, then wakes the
  /// loops; what is flushed meanwhile is the next write, with no timer and no artificial delay.
  void flush();
  /// Tells the waiters whose batches have been committed or refused. Called on this loop after
  /// `LoopWaker::wake`.
  void deliver();
  /// Call about twice a second: gives up on queued batches older than `kCommitStall` (their waiters
  /// get `kUnavailable`).
  void sweep();

 private:
  friend class Log;
  struct State;
  explicit Appender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What was found and done when a log was opened.
struct RecoveryReport {
  std::uint64_t size = 0;  ///< records
  bool torn_tail = false;  ///< an unfinished commit was zeroed
  std::uint64_t torn_bytes = 0;
  std::string says;  ///< a sentence for the operator, empty when nothing happened
};

class FileOps;

/// What tests and benchmarks change about a log; deployments use the defaults.
struct LogOptions {
  std::uint64_t segment_bytes = kSegmentBytes;
  /// The system calls to write with; null for the real ones. Must outlive the log.
  FileOps* files = nullptr;
  /// The clock that stalls are measured with.
  std::chrono::steady_clock::time_point (*steady_now)() = &std::chrono::steady_clock::now;
};

/// The log. Thread-safe but for `open` and destruction. One process at a time (a lock file in the
/// directory). After a failed sync it refuses every append for good: the state of the file is not
/// known, and a retry could hide the loss; `failed()` is then true and the process must end.
/// A full disk (ENOSPC, EDQUOT) is `kUnavailable`, leaves nothing partial behind and recovers
/// without a restart.
class Log {
 public:
  /// Makes a new, empty log with a signed checkpoint of size 0; `kConflict` when there is one. What
  /// a making that was cut off has left behind is replaced. `clock` must outlive the log.
  [[nodiscard]] static Result<std::unique_ptr<Log>> create(const std::filesystem::path& directory,
                                                           std::string origin,
                                                           crypto::Ed25519Signer signer,
                                                           const Clock& clock,
                                                           const LogOptions& options = {});
  /// Opens, verifying from stored bytes: the last checkpoint's signature and root, frames, commit
  /// hashes. Zeroes a torn tail after the last COMMIT and says so in the report and in a `recovery`
  /// record. `kNotFound` when there is no log, or one whose making was cut off. Damage before the
  /// last COMMIT, a log shorter than its checkpoint, a foreign origin or key: `kCorrupt`, with file
  /// and offset.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(const std::filesystem::path& directory,
                                                         std::string origin,
                                                         crypto::Ed25519Signer signer,
                                                         const Clock& clock, RecoveryReport& report,
                                                         const LogOptions& options = {});
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// `waker` must outlive the appender.
  [[nodiscard]] std::unique_ptr<Appender> appender(LoopWaker& waker);
  /// For threads without a loop (command line, import): blocks until durable.
  [[nodiscard]] Result<Receipt> append_and_wait(std::string_view record);

  /// Signs a checkpoint over all durable records and writes it (temp + fsync + rename + directory
  /// fsync); nothing to do when none was added. Call each second, and at a clean stop.
  [[nodiscard]] Result<void> write_checkpoint();

  /// Durable records.
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] const std::string& origin() const;
  /// "<origin>+<8 hex>+<base64>": the C2SP signed-note verifier key of this log.
  [[nodiscard]] std::string verifier_key() const;
  /// False while a commit stalls, the disk is full, or after a failed sync.
  [[nodiscard]] bool healthy() const;
  [[nodiscard]] bool failed() const;
  /// Why, for operators; empty when healthy.
  [[nodiscard]] std::string health_detail() const;

  /// Known to audit/append alone.
  struct State;

 private:
  friend class Appender;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fieldgate::audit
