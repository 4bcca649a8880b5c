// Policy bundles from arbitrary bytes: what is read must be written again to the same bytes, and
// nobody's signature may fit who has not signed.
#include "gateway/policies/bundle.h"

#include <fieldgate/crypto/random.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  return fieldgate::crypto::initialise().has_error() ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fieldgate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bundle = policies::read_bundle(text);
  if (bundle.has_error()) {
    return 0;
  }
  if (policies::write_bundle(*bundle) != text) {
    std::abort();
  }
  std::vector<Diagnostic> findings;
  const auto content = policies::load_content(bundle->files, "fuzz", findings);
  if (content.has_value() && content->digest != bundle->digest()) {
    std::abort();
  }
  // A key of small order, or none at all, would let anybody sign.
  if (policies::verify_bundle(*bundle, {}).has_value()) {
    std::abort();
  }
  return 0;
}
