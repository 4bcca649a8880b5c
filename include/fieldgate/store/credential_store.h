// App credentials at rest: hashes only (acceptance no. 19: 256-bit, shown once, stored hashed).
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::store {

struct Credential {
  std::string prefix;  ///< unique, public
  Hash32 hash{};       ///< SHA-256 of the whole key
  std::string app;     ///< the policy's app, or "dpo" for the officer
  std::string role;    ///< empty: the roles that policy gives the app; else e.g. "dpo"
  UtcTime created{};
  std::optional<UtcTime> expires;
  std::optional<UtcTime> revoked;
};

class CredentialWrites {
 public:
  virtual ~CredentialWrites() = default;
  /// `kConflict` when the prefix is taken.
  [[nodiscard]] virtual Result<void> add_credential(const Credential& credential) = 0;
  /// `kNotFound` when there is none; revoking twice keeps the first time.
  [[nodiscard]] virtual Result<void> revoke_credential(std::string_view prefix, UtcTime at) = 0;
};

}  // namespace fieldgate::store
