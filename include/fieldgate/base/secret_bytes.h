// A byte string that is wiped when it dies and cannot be copied or printed by accident.
#pragma once

#include <fieldgate/base/bytes.h>

#include <cstring>
#include <ostream>
#include <string_view>
#include <utility>

namespace fieldgate {

/// Secret bytes on the heap: move-only, wiped on destruction and on reassignment, not streamable.
///
/// Not thread-safe for mutation. The bytes are reachable only through `reveal()`, so that every
/// reader of a secret can be found by searching for that word.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  static SecretBytes from_text(std::string_view text) { return SecretBytes(as_bytes(text)); }

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  ~SecretBytes() { wipe(); }

  [[nodiscard]] SecretBytes clone() const { return SecretBytes(ByteView(bytes_)); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// The secret; valid until this object is moved from, reassigned or destroyed.
  [[nodiscard]] ByteView reveal() const { return bytes_; }
  [[nodiscard]] std::string_view reveal_text() const { return as_text(bytes_); }
  /// For the code that fills a secret in place.
  [[nodiscard]] std::span<Byte> reveal_mutable() { return bytes_; }

  /// Equal in constant time for equal sizes; sizes are not secret.
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    if (a.bytes_.size() != b.bytes_.size()) {
      return false;
    }
    Byte difference = 0;
    for (std::size_t i = 0; i < a.bytes_.size(); ++i) {
      difference = static_cast<Byte>(difference | (a.bytes_[i] ^ b.bytes_[i]));
    }
    return difference == 0;
  }

  /// Keeps the first `size` bytes and wipes the rest; `size` must not exceed `size()`.
  void truncate(std::size_t size) {
    explicit_bzero(bytes_.data() + size, bytes_.size() - size);
    bytes_.resize(size);
  }

 private:
  void wipe() {
    if (!bytes_.empty()) {
      explicit_bzero(bytes_.data(), bytes_.size());
    }
  }
  Bytes bytes_;
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
