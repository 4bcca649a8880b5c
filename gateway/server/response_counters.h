// How many answers went out with which status: a closed list, so that nobody can make it grow.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fieldgate::server {

/// The statuses that are counted apart; every other one counts as "other".
inline constexpr std::array<unsigned, 18> kCountedStatuses = {
    200, 201, 400, 401, 403, 404, 405, 408, 409, 413, 414, 417, 421, 431, 500, 501, 503, 505};

/// Answers by position in `kCountedStatuses`; the others come last.
using ResponseCounts = std::array<std::uint64_t, kCountedStatuses.size() + 1>;

/// Written by one loop, read by anybody.
class alignas(64) ResponseCounters {  // no two loops write to one cache line
 public:
  void count(unsigned status) {
    std::atomic<std::uint64_t>& counter = counts_[place_of(status)];
    // One writer: no locked instruction needed.
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void add_to(ResponseCounts& total) const {
    for (std::size_t i = 0; i < total.size(); ++i) {
      total[i] += counts_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  static std::size_t place_of(unsigned status) {
    return static_cast<std::size_t>(
        std::find(kCountedStatuses.begin(), kCountedStatuses.end(), status) -
        kCountedStatuses.begin());
  }

  std::array<std::atomic<std::uint64_t>, kCountedStatuses.size() + 1> counts_{};
};

}  // namespace fieldgate::server
