// The port through which randomness comes in.
#pragma once

#include <fieldgate/base/bytes.h>

#include <span>

namespace fieldgate {

/// A source of cryptographically secure random bytes. Implementations are thread-safe.
/// `crypto::SystemRandom` is the real one; tests pass a seeded one.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<Byte> out) = 0;
};

}  // namespace fieldgate
