// Read transactions that stay open between reads. Beginning and ending one costs as much as the
// look-up itself (file locks of two databases), and between two commits they all see the same.
#pragma once

#include <fieldgate/base/result.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/store/sqlcipher/database.h"

namespace fieldgate::store::sqlcipher {

class ReadSnapshot;

/// All readers of one store, and the count of commits that tells them when to look anew.
/// Thread-safe.
class ReadSnapshots {
 public:
  /// To be called after each commit and before it is acknowledged.
  void advance() { commits_.fetch_add(1, std::memory_order_release); }
  /// Ends the read transactions of all readers, idle ones, too: an open one keeps the write-ahead
  /// log from being folded back, and one that began during that keeps it from starting over.
  void release_all();

 private:
  friend class ReadSnapshot;
  std::atomic<std::uint64_t> commits_{0};
  std::mutex mutex_;  // guards readers_; taken before a reader's own
  std::vector<ReadSnapshot*> readers_;
};

/// The read transaction of one connection.
class ReadSnapshot {
 public:
  /// `database` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<ReadSnapshot>> open(
      std::shared_ptr<ReadSnapshots> all, Database& database);
  ~ReadSnapshot();
  ReadSnapshot(const ReadSnapshot&) = delete;
  ReadSnapshot& operator=(const ReadSnapshot&) = delete;

  /// Makes sure that the connection sees every commit that was acknowledged before this call. The
  /// connection is the caller's while the lock is held; its statements are reset before.
  [[nodiscard]] Result<std::unique_lock<std::mutex>> enter();

 private:
  friend class ReadSnapshots;
  ReadSnapshot(std::shared_ptr<ReadSnapshots> all, Database& database, Statement begin,
               Statement end);
  [[nodiscard]] Result<void> refresh();

  std::shared_ptr<ReadSnapshots> all_;
  Database& database_;
  std::mutex mutex_;  // guards the connection and the rest
  Statement begin_;
  Statement end_;
  std::uint64_t seen_ = 0;  // commits counted before the open transaction began
};

}  // namespace fieldgate::store::sqlcipher
