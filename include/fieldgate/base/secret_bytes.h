// A byte string that is wiped when it dies and cannot be copied or printed by accident.
#pragma once

#include <fieldgate/base/bytes.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>

namespace fieldgate {

/// Secret bytes: move-only, wiped on destruction and on reassignment, not streamable. Short ones
/// live inside the object, as most field values do; longer ones on the heap.
///
/// Not thread-safe for mutation. The bytes are reachable only through `reveal()`, so that every
/// reader of a secret can be found by searching for that word.
class SecretBytes {
 public:
  /// Up to this size nothing is allocated.
  static constexpr std::size_t kInPlaceBytes = 64;

  SecretBytes() = default;
  /// Zeros.
  explicit SecretBytes(std::size_t size) : size_(size) {
    if (size > kInPlaceBytes) {
      heap_ = std::make_unique<Byte[]>(size);
    }
  }
  explicit SecretBytes(ByteView bytes) : SecretBytes(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data());
  }
  static SecretBytes from_text(std::string_view text) { return SecretBytes(as_bytes(text)); }

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept { take(other); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe();
      take(other);
    }
    return *this;
  }
  ~SecretBytes() { wipe(); }

  [[nodiscard]] SecretBytes clone() const { return SecretBytes(reveal()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// The secret; valid until this object is moved from, reassigned or destroyed.
  [[nodiscard]] ByteView reveal() const { return {data(), size_}; }
  [[nodiscard]] std::string_view reveal_text() const { return as_text(reveal()); }
  /// For the code that fills a secret in place.
  [[nodiscard]] std::span<Byte> reveal_mutable() { return {data(), size_}; }

  /// Equal in constant time for equal sizes; sizes are not secret.
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    if (a.size_ != b.size_) {
      return false;
    }
    Byte difference = 0;
    for (std::size_t i = 0; i < a.size_; ++i) {
      difference = static_cast<Byte>(difference | (a.data()[i] ^ b.data()[i]));
    }
    return difference == 0;
  }

  /// Keeps the first `size` bytes and wipes the rest; `size` must not exceed `size()`.
  void truncate(std::size_t size) {
    explicit_bzero(data() + size, size_ - size);
    size_ = size;
  }

 private:
  [[nodiscard]] const Byte* data() const { return heap_ ? heap_.get() : in_place_.data(); }
  [[nodiscard]] Byte* data() { return heap_ ? heap_.get() : in_place_.data(); }
  void wipe() { explicit_bzero(data(), size_); }
  // Leaves `other` empty and wiped; this one holds nothing before.
  void take(SecretBytes& other) noexcept {
    size_ = other.size_;
    heap_ = std::move(other.heap_);
    if (!heap_) {
      std::copy_n(other.in_place_.begin(), size_, in_place_.begin());
      explicit_bzero(other.in_place_.data(), size_);
    }
    other.size_ = 0;
  }

  std::size_t size_ = 0;
  std::unique_ptr<Byte[]> heap_;  // when there are more than fit in place
  std::array<Byte, kInPlaceBytes> in_place_{};
};

std::ostream& operator<<(std::ostream&, const SecretBytes&) = delete;

/// A key of fixed size in place (no heap), wiped on destruction; for the hot path.
template <std::size_t N>
class SecretArray {
 public:
  SecretArray() : bytes_{} {}
  SecretArray(const SecretArray&) = delete;
  SecretArray& operator=(const SecretArray&) = delete;
  SecretArray(SecretArray&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
  SecretArray& operator=(SecretArray&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      other.wipe();
    }
    return *this;
  }
  ~SecretArray() { wipe(); }
  [[nodiscard]] const std::array<Byte, N>& reveal() const { return bytes_; }
  [[nodiscard]] std::array<Byte, N>& reveal_mutable() { return bytes_; }

 private:
  void wipe() { explicit_bzero(bytes_.data(), bytes_.size()); }
  std::array<Byte, N> bytes_;
};

template <std::size_t N>
std::ostream& operator<<(std::ostream&, const SecretArray<N>&) = delete;

}  // namespace fieldgate
