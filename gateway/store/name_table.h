// The dictionary of names in memory: reads by id take no lock, since each read of a profile makes
// several.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/store/profile.h>

#include <array>
#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fieldgate::store {

/// The longest name; one byte more is refused with `kInvalid`. The sealed field format binds a
/// field's name with the same limit.
inline constexpr std::size_t kMaxNameBytes = 255;

/// Thread-safe for reads; `add` is called by one thread at a time. Grows only.
class NameTable {
 public:
  [[nodiscard]] NameId find(std::string_view name) const;
  /// Lives as long as the table; empty for an id that was never given out.
  [[nodiscard]] std::string_view name(NameId id) const;
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  /// The id that `name` would get next; `kInvalid` for an empty or overlong name, `kUnavailable`
  /// when all ids are given out.
  [[nodiscard]] Result<NameId> next_id(std::string_view name) const;
  /// Gives `name` the id that `next_id` told.
  void add(std::string_view name);

 private:
  static constexpr std::size_t kChunkNames = 256;
  using Chunk = std::array<std::string, kChunkNames>;

  std::array<std::unique_ptr<Chunk>, kMaxNames / kChunkNames + 1> chunks_;
  std::atomic<std::size_t> size_{0};  // published after the name it counts is in place
  mutable std::shared_mutex mutex_;   // guards ids_
  std::unordered_map<std::string_view, NameId> ids_;
};

}  // namespace fieldgate::store
