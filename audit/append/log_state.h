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
#include <vector>

namespace fieldgate::audit {

using SteadyTime = std::chrono::steady_clock::time_point;

/// More batches than this wait for the next commit: the kernel takes 1024 parts in one write.
inline constexpr std::size_t kMaxBatchesPerCommit = 1000;
/// How often a leader makes sure that its file is still the one with that name.
inline constexpr std::chrono::seconds kIdentityCheckEvery{1};

/// The records of one loop turn. Its appender's loop fills it and reads the outcome; between
/// queueing and the outcome the leader reads `frames` and `leaves` and writes the outcome.
struct Batch {
  void* owner = nullptr;  // Appender::State; private to its class
  Bytes frames;
  std::vector<Hash32> leaves;
  std::vector<Waiter*> waiters;  // touched by the owner's loop alone, even while in flight
  SteadyTime queued_at{};
  std::uint64_t first_index = 0;
  std::optional<Error> error;
};

/// Batches in a row; a vector whose memory is kept.
using BatchList = std::vector<std::unique_ptr<Batch>>;

enum class Full : std::uint8_t { kNo, kSpare, kWrite };

struct Log::State {
  State(std::filesystem::path log_directory, std::string log_origin, crypto::Ed25519Signer key,
        const Clock& wall_clock, const LogOptions& options);
  ~State();

  // Never change once the log is open.
  const std::filesystem::path directory;
  const std::string origin;
  const crypto::Ed25519Signer signer;
  const Clock& clock;
  FileOps& files;
  SteadyTime (*const steady_now)();
  Descriptor lock_file;
  Descriptor directory_file;

  // Used by the leader alone: whoever has set `in_flight`.
  SegmentWriter writer;
  Frontier tree;
  std::vector<iovec> parts;
  Bytes leaves;
  SteadyTime identity_checked{};

  Mutex mutex;
  bool in_flight FIELDGATE_GUARDED_BY(mutex) = false;
  BatchList queue FIELDGATE_GUARDED_BY(mutex);
  Frontier durable FIELDGATE_GUARDED_BY(mutex);
  std::condition_variable_any batch_done;  // for an appender that waits to be destroyed

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
  /// Moves what fits one commit from the queue to `taken`.
  void take_queued(BatchList& taken) FIELDGATE_REQUIRES(mutex);
  /// Writes the batches; the error is for their waiters. Leader only.
  [[nodiscard]] std::optional<Error> commit(const BatchList& batches);
  [[nodiscard]] Result<void> sign_checkpoint(const Frontier& over)
      FIELDGATE_REQUIRES(checkpoint_mutex);
};

/// Locks the directory and opens it. `kConflict` when another process or log holds it.
[[nodiscard]] Result<void> hold_directory(FileOps& files, const std::filesystem::path& directory,
                                          Descriptor& lock_file, Descriptor& directory_file);

[[nodiscard]] Error log_failed_error();

}  // namespace fieldgate::audit
