// One writer at a time, across threads: a turn may end on another thread than it began on, which a
// mutex does not allow.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace fieldgate::store {

class WriterGate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [this] { return !taken_; });
    taken_ = true;
  }
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    left_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  bool taken_ = false;  // guarded by mutex_
};

/// The right to write; given back on destruction. The gate outlives it.
class WriterTurn {
 public:
  /// Blocks until the turn of whoever writes now has ended.
  explicit WriterTurn(WriterGate& gate) : gate_(&gate) { gate.enter(); }
  WriterTurn(WriterTurn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  WriterTurn(const WriterTurn&) = delete;
  WriterTurn& operator=(const WriterTurn&) = delete;
  WriterTurn& operator=(WriterTurn&&) = delete;
  ~WriterTurn() { end(); }

  void end() {
    if (gate_ != nullptr) {
      std::exchange(gate_, nullptr)->leave();
    }
  }

 private:
  WriterGate* gate_;
};

}  // namespace fieldgate::store
