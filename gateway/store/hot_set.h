// A bounded set of people in memory, in front of another store (docs/architecture.md, "Hot set").
#pragma once

#include <fieldgate/store/profile_store.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace fieldgate::store {

/// Since the store was made; `bytes` and `people` are what it holds now.
struct HotSetCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::size_t bytes = 0;
  std::size_t people = 0;
};

/// A store whose readers serve people from memory where it can: sealed values, wrapped keys,
/// consent state; never a plaintext. Whoever is unknown is asked for again each time.
///
/// A commit through this store is seen by each read that starts after `commit()` returned. Nobody
/// may write to the inner store past it.
class HotStore : public ProfileStore {
 public:
  /// Thread-safe.
  [[nodiscard]] virtual HotSetCounters counters() const = 0;
};

/// Puts a set of at most `max_bytes` (the index included) before `inner`; 0 keeps nobody, so that
/// every read goes to `inner`.
[[nodiscard]] std::unique_ptr<HotStore> make_hot_store(std::unique_ptr<ProfileStore> inner,
                                                       std::size_t max_bytes);

}  // namespace fieldgate::store
