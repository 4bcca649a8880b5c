#include "gateway/auth/api_key_ring.h"

#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <cstring>

namespace fieldgate::auth {

namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

// Schemes are case-insensitive (RFC 9110 section 11.1).
bool starts_with_scheme(std::string_view value, std::string_view scheme) {
  return value.size() > scheme.size() &&
         strncasecmp(value.data(), scheme.data(), scheme.size()) == 0;
}

Error refused() {
  return make_error(ErrorCode::kUnauthenticated, "no valid credential");
}

}  // namespace

ApiKeyRing::ApiKeyRing(const Clock& clock, RoleLookup policy_roles)
    : clock_(clock),
      policy_roles_(std::move(policy_roles)),
      entries_(std::make_shared<const Entries>()) {}

void ApiKeyRing::reload(const std::vector<store::Credential>& credentials) {
  auto entries = std::make_shared<Entries>();
  for (const store::Credential& credential : credentials) {
    entries->emplace(credential.prefix,
                     Entry{credential.hash,
                           std::make_shared<const Principal>(
                               Principal{credential.app, credential.prefix, credential.role}),
                           credential.expires, credential.revoked.has_value()});
  }
  const std::lock_guard lock(mutex_);
  entries_ = std::move(entries);
}

Result<std::shared_ptr<const Principal>> ApiKeyRing::authenticate(const http::Request& request,
                                                                  http::AuthPolicy::Kind kind) {
  const std::string_view header = request.header("authorization");
  SecretBytes decoded;  // owns the key when it came base64-encoded
  std::string_view key;
  if (kind == http::AuthPolicy::Kind::kAppCredential && starts_with_scheme(header, kBearer)) {
    key = header.substr(kBearer.size());
  } else if (kind == http::AuthPolicy::Kind::kBasicAppCredential &&
             starts_with_scheme(header, kBasic)) {
    auto bytes = crypto::base64_decode(header.substr(kBasic.size()));
    if (!bytes) {
      return refused();
    }
    decoded = SecretBytes(*bytes);
    explicit_bzero(bytes->data(), bytes->size());
    // user-id ":" password (RFC 7617); the key is the user name and the password is empty.
    key = decoded.reveal_text();
    if (key.empty() || key.back() != ':') {
      return refused();
    }
    key.remove_suffix(1);
  }
  const auto parsed = crypto::parse_api_key(key);
  if (!parsed) {
    return refused();
  }
  std::shared_ptr<const Entries> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
  }
  const auto entry = entries->find(parsed->prefix);
  if (entry == entries->end() || !crypto::constant_time_equal(entry->second.hash, parsed->hash) ||
      entry->second.revoked || (entry->second.expires && *entry->second.expires <= clock_.now())) {
    return refused();
  }
  return entry->second.principal;
}

bool ApiKeyRing::has_role(const Principal& principal, std::string_view role) {
  return principal.role == role || (principal.role.empty() && policy_roles_(principal.app, role));
}

}  // namespace fieldgate::auth
