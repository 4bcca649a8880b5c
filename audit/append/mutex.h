// A mutex that clang's -Wthread-safety can follow (libstdc++'s own carries no annotations), and a
// signal for a thread that sleeps.
#pragma once

#include <semaphore.h>

#include <cerrno>
#include <mutex>

#if defined(__clang__)
#define FIELDGATE_TS(x) __attribute__((x))
#else
#define FIELDGATE_TS(x)
#endif
#define FIELDGATE_GUARDED_BY(x) FIELDGATE_TS(guarded_by(x))
#define FIELDGATE_REQUIRES(x) FIELDGATE_TS(requires_capability(x))

namespace fieldgate::audit {

class FIELDGATE_TS(capability("mutex")) Mutex {
 public:
  void lock() FIELDGATE_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() FIELDGATE_TS(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class FIELDGATE_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) FIELDGATE_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() FIELDGATE_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Counts signals for one thread that sleeps without them. Unlike std::counting_semaphore it does
/// not spin first: on a single core that takes the time of the thread that would signal.
class Signal {
 public:
  Signal() { ::sem_init(&semaphore_, 0, 0); }
  ~Signal() { ::sem_destroy(&semaphore_); }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void send() { ::sem_post(&semaphore_); }
  void wait() {
    while (::sem_wait(&semaphore_) != 0 && errno == EINTR) {
    }
  }

 private:
  sem_t semaphore_{};
};

}  // namespace fieldgate::audit
