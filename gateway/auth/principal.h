// Who is asking: an app, by one of its credentials.
#pragma once

#include <string>
#include <vector>

namespace fieldgate::auth {

/// Immutable; shared by all requests of one credential.
struct Principal {
  std::string app;         ///< the policy's app
  std::string credential;  ///< the public prefix of the API key
  std::string role;        ///< a role of the credential itself, e.g. "dpo"; empty: policy's roles
};

}  // namespace fieldgate::auth
