// What a benchmark needs to drive the audit log.
#pragma once

#include <fieldgate/audit/log.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <string>

namespace fieldgate::bench {

/// A benchmark that cannot go on measures nothing.
[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "benchmark: %s\n", what.c_str());
  std::exit(1);
}

class Counting final : public audit::Waiter {
 public:
  void recorded(Result<audit::Receipt> receipt) noexcept override {
    if (receipt.has_error()) {
      give_up(receipt.error().message);
    }
    ++count;
  }
  std::uint64_t count = 0;
};

class Waker final : public audit::LoopWaker {
 public:
  void wake() noexcept override { woken_.release(); }
  void wait() { woken_.acquire(); }

 private:
  std::counting_semaphore<> woken_{0};
};

}  // namespace fieldgate::bench
