// AES-256-SIV (RFC 5297) under one key. Internal.
#pragma once

#include <fieldgate/base/bytes.h>

#include <initializer_list>
#include <memory>

namespace fieldgate::crypto {

/// Deterministic authenticated encryption. The key is set up once; each thread keeps set-up copies
/// of the ciphers that it used last, until others take their place or it ends. Thread-safe.
class SivCipher {
 public:
  static constexpr std::size_t kKeyBytes = 64;
  static constexpr std::size_t kTagBytes = 16;

  explicit SivCipher(ByteView key);
  ~SivCipher();
  SivCipher(const SivCipher&) = delete;
  SivCipher& operator=(const SivCipher&) = delete;
  SivCipher(SivCipher&&) noexcept;
  SivCipher& operator=(SivCipher&&) noexcept;

  /// `out` takes the tag and then the ciphertext. No part may be empty (an OpenSSL 3.0 limit).
  void seal(std::span<Byte> out, ByteView plaintext,
            std::initializer_list<ByteView> associated = {}) const;
  /// False, and `out` zeroed, when the tag does not fit.
  [[nodiscard]] bool open(std::span<Byte> out, ByteView sealed,
                          std::initializer_list<ByteView> associated = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fieldgate::crypto
