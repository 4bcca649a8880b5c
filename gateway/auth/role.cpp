#include "gateway/auth/role.h"

#include <algorithm>

namespace fieldgate::auth {

bool app_has_role(const policy::PolicySet& policy, std::string_view app, std::string_view role) {
  const policy::AppIndex index = policy.app(app);
  if (index == policy::kUnknownIndex) {
    return false;
  }
  const auto& roles = policy.apps()[index].roles;
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool has_role(const policy::PolicySet& policy, const Principal& principal, std::string_view role) {
  return principal.role.empty() ? app_has_role(policy, principal.app, role)
                                : principal.role == role;
}

Result<void> check_role(const policy::PolicySet& policy, const Principal& principal,
                        std::string_view role) {
  if (!has_role(policy, principal, role)) {
    return make_error(ErrorCode::kForbidden, "the credential lacks the role that this needs");
  }
  return ok();
}

}  // namespace fieldgate::auth
