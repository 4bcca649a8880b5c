#include "gateway/store/sqlcipher/read_snapshots.h"

#include <algorithm>
#include <utility>

namespace fieldgate::store::sqlcipher {

void ReadSnapshots::release_all() {
  const std::lock_guard lock(mutex_);
  for (ReadSnapshot* reader : readers_) {
    const std::lock_guard reader_lock(reader->mutex_);
    if (reader->database_.in_transaction()) {
      // Should it fail, the reader ends it before its next read, and the log waits that long.
      static_cast<void>(reader->end_.run().has_value());
    }
  }
}

Result<std::unique_ptr<ReadSnapshot>> ReadSnapshot::open(std::shared_ptr<ReadSnapshots> all,
                                                         Database& database) {
  FIELDGATE_TRY(Statement begin, database.prepare("BEGIN"));
  FIELDGATE_TRY(Statement end, database.prepare("COMMIT"));
  return std::unique_ptr<ReadSnapshot>(
      new ReadSnapshot(std::move(all), database, std::move(begin), std::move(end)));
}

ReadSnapshot::ReadSnapshot(std::shared_ptr<ReadSnapshots> all, Database& database, Statement begin,
                           Statement end)
    : all_(std::move(all)), database_(database), begin_(std::move(begin)), end_(std::move(end)) {
  const std::lock_guard lock(all_->mutex_);
  all_->readers_.push_back(this);
}

ReadSnapshot::~ReadSnapshot() {
  const std::lock_guard lock(all_->mutex_);
  std::erase(all_->readers_, this);
}

Result<std::unique_lock<std::mutex>> ReadSnapshot::enter() {
  std::unique_lock lock(mutex_);
  const std::uint64_t commits = all_->commits_.load(std::memory_order_acquire);
  if (seen_ != commits || !database_.in_transaction()) {
    FIELDGATE_CHECK_OK(refresh());
    seen_ = commits;  // counted before the transaction began, so at worst it is renewed too early
  }
  return lock;
}

Result<void> ReadSnapshot::refresh() {
  if (database_.in_transaction()) {
    FIELDGATE_CHECK_OK(end_.run());
  }
  return begin_.run();
}

}  // namespace fieldgate::store::sqlcipher
