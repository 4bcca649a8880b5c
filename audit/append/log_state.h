// What the log and its appenders share.
#pragma once

#include "audit/append/file_ops.h"
#include "audit/append/mutex.h"
#include "audit/append/segment_writer.h"
#include "audit/merkle/frontier.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/base/bytes.h>

#include <sys/uio.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::audit {

using SteadyTime = std::chrono::steady_clock::time_point;

/// More batches than this wait for the next commit: the kernel takes 1024 parts in one write.
inline constexpr std::size_t kMaxBatchesPerCommit = 1000;
/// How often the commit thread makes sure that its file is still the one with that name.
inline constexpr std::chrono::seconds kIdentityCheckEvery{1};

struct Mailbox;

/// The records of one loop turn. Its appender's loop fills it and reads the outcome; between
/// queueing and the outcome the commit thread reads `frames` and `leaves` and writes the outcome.
struct Batch {
  Mailbox* owner = nullptr;
  Bytes frames;
  std::vector<Hash32> leaves;
  std::vector<Waiter*> waiters;  // touched by the owner's loop alone, even while in flight
  SteadyTime queued_at{};
  std::uint64_t first_index = 0;
  std::optional<Error> error;
};

/// Batches in a row; a vector whose memory is kept.
using BatchList = std::vector<std::unique_ptr<Batch>>;

/// Where the commit thread leaves the outcomes for one appender. Guarded by the log's mutex, but
/// for the waker.
struct Mailbox {
  LoopWaker& waker;
  BatchList done;
  std::size_t in_flight = 0;  // batches that the commit thread holds
  bool wake_due = false;      // the loop has been or will be woken and has not looked yet
  bool being_woken = false;   // the commit thread is about to use `waker`, outside the lock
};

enum class Full : std::uint8_t { kNo, kSpare, kWrite };

struct Log::State {
  State(std::filesystem::path log_directory, std::string log_origin, crypto::Ed25519Signer key,
        const Clock& wall_clock, const LogOptions& options);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Never change once the log is open.
  const std::filesystem::path directory;
  const std::string origin;
  const crypto::Ed25519Signer signer;
  const Clock& clock;
  FileOps& files;
  SteadyTime (*const steady_now)();
  Descriptor lock_file;
  Descriptor directory_file;

  // Used by the commit thread alone, once it runs.
  SegmentWriter writer;
  Frontier tree;
  std::vector<iovec> parts;
  Bytes leaves;
  BatchList taken;
  std::vector<Mailbox*> to_wake;
  SteadyTime identity_checked{};

  Mutex mutex;
  BatchList queue FIELDGATE_GUARDED_BY(mutex);
  bool stopping FIELDGATE_GUARDED_BY(mutex) = false;
  bool commit_thread_rests FIELDGATE_GUARDED_BY(mutex) = false;
  std::size_t leaving FIELDGATE_GUARDED_BY(mutex) = 0;  // appenders that wait to be destroyed
  Frontier durable FIELDGATE_GUARDED_BY(mutex);
  std::condition_variable_any let_go;  // for those that are leaving
  // Sent outside the mutex: a thread that is woken into a held lock sleeps again at once.
  Signal work_or_end;

  std::atomic<std::uint64_t> durable_size{0};
  std::atomic<bool> failed{false};
  std::atomic<Full> full{Full::kNo};
  std::atomic<std::int64_t> commit_began{0};  // steady clock ticks; 0 while none is in flight

  mutable Mutex detail_mutex;
  std::string detail FIELDGATE_GUARDED_BY(detail_mutex);

  Mutex checkpoint_mutex;
  std::uint64_t signed_size FIELDGATE_GUARDED_BY(checkpoint_mutex) = 0;
  Hash32 signed_root FIELDGATE_GUARDED_BY(checkpoint_mutex){};

  [[nodiscard]] std::size_t max_batch_bytes() const;
  [[nodiscard]] bool stalled() const;
  /// Why an append is refused at once; nothing when it is not.
  [[nodiscard]] std::optional<Error> refusal() const;
  void fail(std::string why);
  /// Fails the log when the open segment was deleted, renamed or replaced.
  void check_identity();
  void set_full(Full what, std::string why);
  /// Starts the commit thread; once, when the log has been read and its tree is right.
  void start_committing();
  [[nodiscard]] Result<void> sign_checkpoint(const Frontier& over)
      FIELDGATE_REQUIRES(checkpoint_mutex);

 private:
  // The commit thread (committer.cpp).
  void run();
  bool wait_for_batches();
  void take_queued() FIELDGATE_REQUIRES(mutex);
  [[nodiscard]] std::optional<Error> try_commit();
  [[nodiscard]] std::optional<Error> commit();
  void settle(const std::optional<Error>& error) noexcept;

  std::thread committer_;
};

/// Locks the directory and opens it. `kConflict` when another process or log holds it.
[[nodiscard]] Result<void> hold_directory(FileOps& files, const std::filesystem::path& directory,
                                          Descriptor& lock_file, Descriptor& directory_file);

[[nodiscard]] Error log_failed_error();

}  // namespace fieldgate::audit
