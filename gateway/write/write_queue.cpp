#include "gateway/write/write_queue.h"

#include <future>
#include <memory>
#include <utility>

namespace fieldgate::write {

WriteQueue::WriteQueue(store::ProfileStore& store) : store_(store), thread_([this] { serve(); }) {}

WriteQueue::~WriteQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_ready_.notify_all();
  thread_.join();
}

Result<void> WriteQueue::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMaxQueuedWrites || stopping_) {
      return make_error(ErrorCode::kUnavailable, "too many writes are waiting; try again");
    }
    queue_.push_back({std::move(work), std::move(done)});
  }
  work_ready_.notify_one();
  return ok();
}

Result<void> WriteQueue::run(const Work& work) {
  // Shared: the writer may still be inside set_value when this thread has already woken.
  const auto finished = std::make_shared<std::promise<Result<void>>>();
  auto outcome = finished->get_future();
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return queue_.size() < kMaxQueuedWrites || stopping_; });
    if (stopping_) {
      return make_error(ErrorCode::kUnavailable, "the gateway is stopping");
    }
    queue_.push_back(
        {work, [finished](Result<void> result) { finished->set_value(std::move(result)); }});
  }
  work_ready_.notify_one();
  return outcome.get();
}

void WriteQueue::drain() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

void WriteQueue::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_ready_.wait(lock, [this] { return !queue_.empty() || stopping_; });
    if (queue_.empty()) {
      return;  // stopping, and nothing is left
    }
    std::vector<Job> jobs;
    while (!queue_.empty() && jobs.size() < kMaxWritesPerTransaction) {
      jobs.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    busy_ = true;
    lock.unlock();
    room_.notify_all();
    run_together(jobs);
    jobs.clear();
    lock.lock();
    busy_ = false;
    idle_.notify_all();
  }
}

Result<void> WriteQueue::run_alone(const Work& work) {
  FIELDGATE_TRY(const auto transaction, store_.begin());
  FIELDGATE_CHECK_OK(work(*transaction));
  return transaction->commit();
}

void WriteQueue::run_together(std::vector<Job>& jobs) {
  if (jobs.size() > 1) {
    const auto all = [&]() -> Result<void> {
      FIELDGATE_TRY(const auto transaction, store_.begin());
      for (const Job& job : jobs) {
        FIELDGATE_CHECK_OK(job.work(*transaction));
      }
      return transaction->commit();
    };
    if (all().has_value()) {
      for (const Job& job : jobs) {
        job.done(ok());
      }
      return;
    }
  }
  for (const Job& job : jobs) {
    job.done(run_alone(job.work));
  }
}

}  // namespace fieldgate::write
