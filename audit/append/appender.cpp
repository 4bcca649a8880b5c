#include "audit/append/appender_state.h"

#include <fieldgate/audit/record.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

namespace fieldgate::audit {

namespace {

// Batches of a busy turn are kept for the next one; a rare giant is not.
constexpr std::size_t kKeptBatches = 4;
constexpr std::size_t kKeptBatchBytes = 512UL * 1024;

Error gave_up_error() {
  return make_error(ErrorCode::kUnavailable, "the audit log did not commit in time",
                    "audit-stalled");
}

/// Moves the batches that `wanted` names to the end of `out`; both keep their order.
template <class Wanted>
void move_if(BatchList& from, BatchList& out, const Wanted& wanted) {
  BatchList kept;
  for (auto& batch : from) {
    (wanted(*batch) ? out : kept).push_back(std::move(batch));
  }
  from.swap(kept);
}

void tell_all(Batch& batch, const Error& error) {
  // The waiters are taken out first: one of them may append again.
  const std::vector<Waiter*> waiters = std::exchange(batch.waiters, {});
  for (Waiter* waiter : waiters) {
    waiter->recorded(error);
  }
}

}  // namespace

Appender::State::~State() {
  BatchList dropped;
  {
    const MutexLock lock(log.mutex);
    move_if(log.queue, dropped, [this](const Batch& batch) { return batch.owner == &mailbox; });
    ++log.leaving;
    while (mailbox.in_flight > 0 || mailbox.being_woken) {
      log.let_go.wait(log.mutex);
    }
    --log.leaving;
    collect();
  }
  tell();
  if (building) {
    dropped.push_back(std::move(building));
  }
  std::move(sealed.begin(), sealed.end(), std::back_inserter(dropped));
  for (const auto& batch : dropped) {
    tell_all(*batch, make_error(ErrorCode::kUnavailable, "the gateway is stopping", "stopping"));
  }
}

Batch& Appender::State::open_batch(std::size_t frame_bytes) {
  if (building && (building->leaves.size() == kMaxBatchRecords ||
                   building->frames.size() + frame_bytes > log.max_batch_bytes())) {
    sealed.push_back(std::move(building));
  }
  if (!building) {
    if (spare.empty()) {
      building = std::make_unique<Batch>();
      building->owner = &mailbox;
    } else {
      building = std::move(spare.back());
      spare.pop_back();
    }
  }
  return *building;
}

void Appender::State::append(std::string_view record, Waiter& waiter) {
  if (record.size() > kMaxRecordBytes) {
    waiter.recorded(
        make_error(ErrorCode::kTooLarge,
                   "an audit record may have at most " + std::to_string(kMaxRecordBytes) + " bytes",
                   "audit-record-size"));
    return;
  }
  // A record is one line; with a newline inside, an export could not be read back.
  if (record.empty() || std::memchr(record.data(), '\n', record.size()) != nullptr) {
    waiter.recorded(make_error(ErrorCode::kInvalid, "an audit record is one line that is not empty",
                               "audit-record"));
    return;
  }
  if (std::optional<Error> refused = log.refusal()) {
    waiter.recorded(*std::move(refused));
    return;
  }
  Batch& batch = open_batch(kRecordHeaderBytes + record.size());
  const Hash32 leaf = leaf_hash(as_bytes(record));
  std::array<Byte, kRecordHeaderBytes> header{};
  encode_record_header(header.data(), record.size(), leaf);
  batch.frames.insert(batch.frames.end(), header.begin(), header.end());
  const ByteView bytes = as_bytes(record);
  batch.frames.insert(batch.frames.end(), bytes.begin(), bytes.end());
  batch.leaves.push_back(leaf);
  batch.waiters.push_back(&waiter);
}

void Appender::State::flush() {
  if (building) {
    sealed.push_back(std::move(building));
  }
  if (sealed.empty()) {
    return;
  }
  const SteadyTime now = log.steady_now();
  bool wake = false;
  {
    const MutexLock lock(log.mutex);
    for (auto& batch : sealed) {
      batch->queued_at = now;
      unsettled.push_back(batch.get());
      log.queue.push_back(std::move(batch));
    }
    wake = std::exchange(log.commit_thread_rests, false);
  }
  sealed.clear();
  if (wake) {
    log.work_or_end.send();
  }
}

void Appender::State::collect() {
  mailbox.wake_due = false;
  std::move(mailbox.done.begin(), mailbox.done.end(), std::back_inserter(outcomes));
  mailbox.done.clear();
}

void Appender::State::deliver() {
  {
    const MutexLock lock(log.mutex);
    collect();
  }
  tell();
}

void Appender::State::sweep() {
  const SteadyTime now = log.steady_now();
  const auto late = [now](const Batch& batch) { return now - batch.queued_at > kCommitStall; };
  BatchList dropped;
  bool stuck = false;
  {
    const MutexLock lock(log.mutex);
    move_if(log.queue, dropped,
            [&](const Batch& batch) { return batch.owner == &mailbox && late(batch); });
    collect();
    stuck = mailbox.in_flight > 0;
  }
  for (auto& batch : dropped) {
    batch->error = gave_up_error();
    outcomes.push_back(std::move(batch));
  }
  tell();
  if (stuck) {
    // The commit thread still reads these batches, but never their waiters.
    const std::vector<Batch*> waiting = unsettled;
    for (Batch* batch : waiting) {
      if (late(*batch) && std::find(unsettled.begin(), unsettled.end(), batch) != unsettled.end()) {
        tell_all(*batch, gave_up_error());
      }
    }
  }
}

void Appender::State::tell() {
  if (telling) {
    return;  // a waiter has called back into the appender: the outer call goes on
  }
  telling = true;
  while (!outcomes.empty()) {
    BatchList round;
    round.swap(outcomes);
    for (auto& batch : round) {
      unsettled.erase(std::remove(unsettled.begin(), unsettled.end(), batch.get()),
                      unsettled.end());
      for (std::size_t i = 0; i < batch->waiters.size(); ++i) {
        if (batch->error) {
          batch->waiters[i]->recorded(*batch->error);
        } else {
          batch->waiters[i]->recorded(
              Receipt(batch->first_index + i, batch->leaves[i], &log.origin));
        }
      }
      recycle(std::move(batch));
    }
  }
  telling = false;
}

void Appender::State::recycle(std::unique_ptr<Batch> batch) {
  if (spare.size() >= kKeptBatches || batch->frames.capacity() > kKeptBatchBytes) {
    return;
  }
  batch->frames.clear();
  batch->leaves.clear();
  batch->waiters.clear();
  batch->error.reset();
  spare.push_back(std::move(batch));
}

Appender::Appender(std::unique_ptr<State> state) : state_(std::move(state)) {}
Appender::~Appender() = default;

void Appender::append(std::string_view record, Waiter& waiter) {
  state_->append(record, waiter);
}

bool Appender::pending() const {
  return state_->building != nullptr || !state_->sealed.empty();
}

void Appender::flush() {
  state_->flush();
}

void Appender::deliver() {
  state_->deliver();
}

void Appender::sweep() {
  state_->sweep();
}

}  // namespace fieldgate::audit
