// An open-addressing hash table that can give up the entry least recently found (approximately: the
// CLOCK algorithm, one bit per entry).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace fieldgate::store {

/// Linear probing in a table of a power of two, at most three quarters full; erasing moves the
/// following entries back, so there are no tombstones. Not thread-safe. `Value` is
/// default-constructible; the hash must be well mixed.
template <class Key, class Value>
class ClockTable {
 public:
  /// The value, marked as used, or null. Valid until the table changes.
  [[nodiscard]] Value* find(const Key& key) {
    const std::size_t at = position_of(key);
    if (at == kNone) {
      return nullptr;
    }
    slots_[at].referenced = true;
    return &slots_[at].value;
  }

  /// The value, not marked as used, or null.
  [[nodiscard]] Value* peek(const Key& key) {
    const std::size_t at = position_of(key);
    return at == kNone ? nullptr : &slots_[at].value;
  }

  /// Adds a key that is not there. It starts unmarked: who is never asked for again goes first.
  void insert(const Key& key, Value value) {
    if ((size_ + 1) * 4 > slots_.size() * 3) {
      grow();
    }
    place(key, std::move(value), false);
    ++size_;
  }

  /// Removes a key that may be there; true when it was.
  bool erase(const Key& key) {
    const std::size_t at = position_of(key);
    if (at == kNone) {
      return false;
    }
    erase_at(at);
    return true;
  }

  /// Removes an entry that was not found since the hand last passed it, and returns its value. The
  /// table is not empty.
  Value evict() {
    while (true) {
      Slot& slot = slots_[hand_];
      if (slot.used && !slot.referenced) {
        Value value = std::move(slot.value);
        erase_at(hand_);  // another entry may move here, so the hand stays
        return value;
      }
      slot.referenced = false;
      hand_ = (hand_ + 1) & (slots_.size() - 1);
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// What the table itself takes, without what its values point to.
  [[nodiscard]] std::size_t table_bytes() const { return slots_.size() * sizeof(Slot); }
  /// What it would take with one entry more.
  [[nodiscard]] std::size_t table_bytes_after_insert() const {
    const bool full = (size_ + 1) * 4 > slots_.size() * 3;
    return (full ? grown_size() : slots_.size()) * sizeof(Slot);
  }

 private:
  struct Slot {
    Key key{};
    Value value{};
    bool used = false;
    bool referenced = false;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kFirstSlots = 8;

  [[nodiscard]] std::size_t grown_size() const {
    return slots_.empty() ? kFirstSlots : slots_.size() * 2;
  }
  // The multiplication spreads the shard's bits, which all keys of one table share.
  [[nodiscard]] std::size_t home(const Key& key) const {
    const std::uint64_t mixed = std::hash<Key>{}(key) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::size_t>(mixed >> (64 - std::countr_zero(slots_.size())));
  }

  [[nodiscard]] std::size_t position_of(const Key& key) const {
    if (size_ == 0) {
      return kNone;
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = home(key); slots_[at].used; at = (at + 1) & mask) {
      if (slots_[at].key == key) {
        return at;
      }
    }
    return kNone;
  }

  void place(const Key& key, Value value, bool referenced) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = home(key);
    while (slots_[at].used) {
      at = (at + 1) & mask;
    }
    slots_[at] = Slot{key, std::move(value), true, referenced};
  }

  void erase_at(std::size_t hole) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = (hole + 1) & mask; slots_[at].used; at = (at + 1) & mask) {
      // An entry may fill the hole when its probe sequence passes it.
      if (((at - home(slots_[at].key)) & mask) >= ((at - hole) & mask)) {
        slots_[hole] = std::move(slots_[at]);
        hole = at;
      }
    }
    slots_[hole] = Slot{};
    --size_;
  }

  void grow() {
    std::vector<Slot> old(grown_size());
    old.swap(slots_);
    hand_ = 0;
    for (Slot& slot : old) {
      if (slot.used) {
        place(slot.key, std::move(slot.value), slot.referenced);
      }
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t hand_ = 0;
};

}  // namespace fieldgate::store
