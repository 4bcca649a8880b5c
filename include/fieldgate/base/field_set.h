// A set of policy fields as a fixed bitset: no allocation on the read path.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fieldgate {

/// The most fields that one policy may define.
inline constexpr std::size_t kMaxFields = 512;

/// The position of a field in its policy snapshot; meaningless without that snapshot.
using FieldIndex = std::uint16_t;

class FieldSet {
 public:
  constexpr void set(FieldIndex field) { words_[field / 64U] |= bit(field); }
  constexpr void reset(FieldIndex field) { words_[field / 64U] &= ~bit(field); }
  [[nodiscard]] constexpr bool test(FieldIndex field) const {
    return field < kMaxFields && (words_[field / 64U] & bit(field)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] constexpr std::size_t count() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) {
      total += static_cast<std::size_t>(std::popcount(word));
    }
    return total;
  }
  /// Calls `visit(FieldIndex)` for each member in rising order.
  template <class Visit>
  constexpr void for_each(const Visit& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(static_cast<FieldIndex>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }
  friend constexpr FieldSet operator&(FieldSet a, const FieldSet& b) {
    for (std::size_t i = 0; i < a.words_.size(); ++i) {
      a.words_[i] &= b.words_[i];
    }
    return a;
  }
  friend constexpr FieldSet operator|(FieldSet a, const FieldSet& b) {
    for (std::size_t i = 0; i < a.words_.size(); ++i) {
      a.words_[i] |= b.words_[i];
    }
    return a;
  }
  /// The members of `a` that are not in `b`.
  friend constexpr FieldSet operator-(FieldSet a, const FieldSet& b) {
    for (std::size_t i = 0; i < a.words_.size(); ++i) {
      a.words_[i] &= ~b.words_[i];
    }
    return a;
  }
  friend constexpr bool operator==(const FieldSet&, const FieldSet&) = default;

 private:
  static constexpr std::uint64_t bit(FieldIndex field) { return std::uint64_t{1} << (field % 64U); }
  std::array<std::uint64_t, kMaxFields / 64> words_{};
};

}  // namespace fieldgate
