// The operating system's randomness, and the one-time start of the crypto libraries.
#pragma once

#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>

namespace fieldgate::crypto {

/// Starts libsodium and checks what the CPU offers. Call once in `main` before anything else of
/// this module; idempotent and thread-safe.
[[nodiscard]] Result<void> initialise();

/// libsodium's `randombytes_buf`, i.e. getrandom(2). Thread-safe.
class SystemRandom final : public Random {
 public:
  void fill(std::span<Byte> out) override;
};

}  // namespace fieldgate::crypto
