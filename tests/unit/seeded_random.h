// Repeatable randomness for tests.
#pragma once

#include <fieldgate/base/random.h>

#include <cstdint>
#include <random>
#include <span>

namespace fieldgate::testing {

/// Repeatable, and not random at all in the cryptographic sense.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(std::span<Byte> out) override {
    for (Byte& byte : out) {
      byte = static_cast<Byte>(engine_() >> 32);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace fieldgate::testing
