// The commit thread: one synced write at a time, for the batches of all loops.
#include "audit/append/log_state.h"

#include <algorithm>
#include <iterator>
#include <new>

namespace fieldgate::audit {

void Log::State::start_committing() {
  committer_ = std::thread([this] { run(); });
}

void Log::State::run() {
  while (wait_for_batches()) {
    commit_began.store(std::max<std::int64_t>(steady_now().time_since_epoch().count(), 1),
                       std::memory_order_relaxed);
    const std::optional<Error> error = try_commit();
    commit_began.store(0, std::memory_order_relaxed);
    settle(error);
    for (Mailbox* owner : to_wake) {
      owner->waker.wake();
    }
  }
}

bool Log::State::wait_for_batches() {
  for (bool rest = false;; rest = true) {
    if (rest) {
      work_or_end.wait();
    }
    const MutexLock lock(mutex);
    for (Mailbox* owner : to_wake) {
      owner->being_woken = false;
    }
    to_wake.clear();
    if (leaving > 0) {
      let_go.notify_all();
    }
    commit_thread_rests = queue.empty();
    if (!queue.empty()) {
      take_queued();
      return true;
    }
    if (stopping) {
      return false;
    }
  }
}

void Log::State::take_queued() {
  taken.clear();
  std::size_t records = 0;
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const auto& batch : queue) {
    records += batch->leaves.size();
    bytes += batch->frames.size();
    if (count > 0 && (count == kMaxBatchesPerCommit || records > kMaxBatchRecords ||
                      bytes > max_batch_bytes())) {
      break;
    }
    ++batch->owner->in_flight;
    ++count;
  }
  const auto end = queue.begin() + static_cast<long>(count);
  taken.assign(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
  queue.erase(queue.begin(), end);
}

std::optional<Error> Log::State::try_commit() {
  try {
    return commit();
  } catch (const std::bad_alloc&) {
    // What is in the file and what is in the tree may no longer be the same.
    fail("out of memory during a commit");
    return log_failed_error();
  }
}

std::optional<Error> Log::State::commit() {
  if (const SteadyTime now = steady_now(); now - identity_checked >= kIdentityCheckEvery) {
    identity_checked = now;
    check_identity();
  }
  if (failed.load(std::memory_order_acquire)) {
    return log_failed_error();
  }
  parts.clear();
  leaves.clear();
  std::uint32_t count = 0;
  std::uint32_t bytes = 0;
  for (const auto& batch : taken) {
    batch->first_index = tree.size() + count;
    count += static_cast<std::uint32_t>(batch->leaves.size());
    bytes += static_cast<std::uint32_t>(batch->frames.size());
    parts.push_back({batch->frames.data(), batch->frames.size()});
    const auto* first = reinterpret_cast<const Byte*>(batch->leaves.data());
    leaves.insert(leaves.end(), first, first + batch->leaves.size() * sizeof(Hash32));
  }
  auto frame = encode_commit(tree.size(), count, bytes, leaves);
  parts.push_back({frame.data(), frame.size()});
  WriteFailure failure;
  if (!writer.write(parts, bytes + frame.size(), tree, failure)) {
    if (failure.fatal) {
      fail(failure.what);
      return log_failed_error();
    }
    set_full(failure.spare_missing ? Full::kSpare : Full::kWrite, failure.what);
    return make_error(ErrorCode::kUnavailable, "the audit log has no room: " + failure.what,
                      "audit-log-full");
  }
  for (const auto& batch : taken) {
    for (const Hash32& leaf : batch->leaves) {
      tree.push(leaf);
    }
  }
  if (full.load(std::memory_order_relaxed) != Full::kNo) {
    set_full(Full::kNo, {});
  }
  return std::nullopt;
}

void Log::State::settle(const std::optional<Error>& error) noexcept {
  const MutexLock lock(mutex);
  if (!error) {
    durable = tree;
    durable_size.store(tree.size(), std::memory_order_release);
  }
  for (auto& batch : taken) {
    Mailbox& owner = *batch->owner;
    --owner.in_flight;
    batch->error = error;
    owner.done.push_back(std::move(batch));
    if (!owner.wake_due) {
      owner.wake_due = true;
      owner.being_woken = true;
      to_wake.push_back(&owner);
    }
  }
  taken.clear();
}

}  // namespace fieldgate::audit
