// One loop's side of the group commit.
#pragma once

#include "audit/append/log_state.h"

#include <fieldgate/audit/log.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fieldgate::audit {

struct Appender::State {
  State(Log::State& shared, LoopWaker& loop_waker) : log(shared), waker(loop_waker) {}
  ~State();

  Log::State& log;
  LoopWaker& waker;

  // Used by this appender's loop alone.
  std::unique_ptr<Batch> building;
  BatchList sealed;               // this turn's batches that reached a limit
  BatchList outcomes;             // told one by one
  BatchList spare;                // empty batches whose memory is kept
  BatchList taken;                // scratch of a leader
  std::vector<State*> to_wake;    // scratch of a leader
  std::vector<Batch*> unsettled;  // queued or in flight
  bool telling = false;

  // Guarded by log.mutex.
  BatchList done;             // outcomes that another thread has put here
  std::size_t in_flight = 0;  // batches that a leader has taken
  // Leaders that are about to call `waker.wake()` outside the lock.
  std::atomic<int> being_woken{0};

  void append(std::string_view record, Waiter& waiter);
  void flush();
  void deliver();
  void sweep();

 private:
  Batch& open_batch(std::size_t frame_bytes);
  void lead();
  void settle(BatchList& batches, const std::optional<Error>& error) FIELDGATE_REQUIRES(log.mutex);
  void plan_wake(State& other);
  void wake_planned();
  void tell();
  void recycle(std::unique_ptr<Batch> batch);
};

}  // namespace fieldgate::audit
