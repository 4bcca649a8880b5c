#include <fieldgate/crypto/random.h>

#include <sodium.h>

namespace fieldgate::crypto {

Result<void> initialise() {
  if (sodium_init() < 0) {
    return make_error(ErrorCode::kInternal, "the cryptographic library did not start");
  }
  return ok();
}

void SystemRandom::fill(std::span<Byte> out) {
  randombytes_buf(out.data(), out.size());
}

}  // namespace fieldgate::crypto
