// The named pool "writer": one thread, a bounded queue, group commit of transactions.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/store/profile_store.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fieldgate::write {

/// Most writes that wait; one more is refused with `kUnavailable` (503), never queued without
/// bound.
inline constexpr std::size_t kMaxQueuedWrites = 1024;
/// Most writes that share one transaction, so that one slow disk sync serves many.
inline constexpr std::size_t kMaxWritesPerTransaction = 64;

/// Runs writes in order of arrival. Writes that wait together share a transaction; if one of them
/// fails, the transaction is rolled back and each is run again in one of its own, so one cannot
/// fail another. Thread-safe.
class WriteQueue {
 public:
  /// May run twice (see above), so it must have no effect outside the transaction but results that
  /// a second run overwrites.
  using Work = std::function<Result<void>(store::Transaction&)>;
  /// Called on the writer thread once the write is durable, or why it is not.
  using Done = std::function<void(Result<void>)>;

  explicit WriteQueue(store::ProfileStore& store);
  /// Finishes what is queued.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  [[nodiscard]] Result<void> submit(Work work, Done done);
  /// For threads that may block: waits until durable. Waits for room in the queue as well.
  [[nodiscard]] Result<void> run(const Work& work);
  /// Waits until nothing is queued or running. For a stop: nobody may submit meanwhile.
  void drain();

 private:
  struct Job {
    Work work;
    Done done;
  };
  void serve();
  void run_together(std::vector<Job>& jobs);
  [[nodiscard]] Result<void> run_alone(const Work& work);

  store::ProfileStore& store_;
  std::mutex mutex_;
  std::condition_variable work_ready_;
  std::condition_variable room_;
  std::condition_variable idle_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool busy_ = false;      // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace fieldgate::write
