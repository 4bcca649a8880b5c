// API keys at the door: who is behind a bearer key (acceptance no. 19).
#pragma once

#include "gateway/auth/principal.h"
#include "gateway/http/router.h"

#include <fieldgate/base/time.h>
#include <fieldgate/policy/model.h>
#include <fieldgate/store/credential_store.h>

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace fieldgate::auth {

/// Knows every credential by its public prefix and compares hashes in constant time. A reload is in
/// force at the next request. Thread-safe. This is the seam where JWT and mTLS join later: the
/// router knows only `http::Authenticator`.
class ApiKeyRing final : public http::Authenticator {
 public:
  /// Whether the policy in force gives an app a role; called per request, so that a removed role
  /// stops the next one.
  using RoleLookup = std::function<bool(std::string_view app, std::string_view role)>;

  ApiKeyRing(const Clock& clock, RoleLookup policy_roles);

  void reload(const std::vector<store::Credential>& credentials);

  [[nodiscard]] Result<std::shared_ptr<const Principal>> authenticate(
      const http::Request& request, http::AuthPolicy::Kind kind) override;
  [[nodiscard]] bool has_role(const Principal& principal, std::string_view role) override;

 private:
  struct Entry {
    Hash32 hash;
    std::shared_ptr<const Principal> principal;
    std::optional<UtcTime> expires;
    bool revoked = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  const Clock& clock_;
  RoleLookup policy_roles_;
  std::mutex mutex_;
  std::shared_ptr<const Entries> entries_;  // guarded by mutex_; copied out per request
};

}  // namespace fieldgate::auth
