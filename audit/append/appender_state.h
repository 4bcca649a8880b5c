// One loop's side of the group commit.
#pragma once

#include "audit/append/log_state.h"

#include <fieldgate/audit/log.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fieldgate::audit {

struct Appender::State {
  State(Log::State& shared, LoopWaker& waker) : log(shared), mailbox{.waker = waker, .done = {}} {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Log::State& log;
  Mailbox mailbox;

  // Used by this appender's loop alone.
  std::unique_ptr<Batch> building;
  BatchList sealed;               // this turn's batches that reached a limit
  BatchList outcomes;             // told one by one
  BatchList spare;                // empty batches whose memory is kept
  std::vector<Batch*> unsettled;  // queued or in flight
  bool telling = false;

  void append(std::string_view record, Waiter& waiter);
  void flush();
  void deliver();
  void sweep();

 private:
  Batch& open_batch(std::size_t frame_bytes);
  /// Takes what the commit thread has left.
  void collect() FIELDGATE_REQUIRES(log.mutex);
  void tell();
  void recycle(std::unique_ptr<Batch> batch);
};

}  // namespace fieldgate::audit
