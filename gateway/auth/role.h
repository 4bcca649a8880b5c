// Which roles a caller has.
#pragma once

#include "gateway/auth/principal.h"

#include <fieldgate/base/result.h>
#include <fieldgate/policy/model.h>

#include <string_view>

namespace fieldgate::auth {

inline constexpr std::string_view kIngestRole = "ingest";
inline constexpr std::string_view kConsentRole = "consent";
inline constexpr std::string_view kDecideRole = "decide";

/// Whether the policy gives the app this role.
[[nodiscard]] bool app_has_role(const policy::PolicySet& policy, std::string_view app,
                                std::string_view role);

/// Whether the caller has it under this policy: by the credential itself, or else by the app's.
[[nodiscard]] bool has_role(const policy::PolicySet& policy, const Principal& principal,
                            std::string_view role);
/// `kForbidden` when it has not.
[[nodiscard]] Result<void> check_role(const policy::PolicySet& policy, const Principal& principal,
                                      std::string_view role);

}  // namespace fieldgate::auth
