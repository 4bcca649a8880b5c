// Any bytes as an identifier of each type: no crash, and what comes out is a fixed point.
#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/identifiers.h>

#include "crypto/index/email.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fieldgate;
using namespace fieldgate::crypto;

void expect(bool held) {
  if (!held) {
    std::abort();
  }
}

void check(IdentifierType type, std::string_view value, std::string_view region) {
  const auto once = normalise_identifier(type, value, region);
  if (once.has_error()) {
    expect(once.error().code == ErrorCode::kInvalid);
    return;
  }
  expect(!once->empty() && once->find('\0') == std::string::npos);
  const auto twice = normalise_identifier(type, *once, region);
  expect(twice.has_value() && *twice == *once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view value = text.substr(2);
  check(IdentifierType::kEmail, value, {});
  check(IdentifierType::kAccountId, value, {});
  check(IdentifierType::kPhone, value, data[0] % 2 == 0 ? text.substr(0, 2) : "GB");
  if (value.size() <= kMaxIdentifierBytes) {
    if (const auto plain = normalise_plain_email(value)) {
      const auto general = normalise_general_email(value);
      expect(general.has_value() && *general == *plain);
    }
  }
  static_cast<void>(parse_api_key(value));
  return 0;
}
