// A policy as far as it could be read, for those who look for more faults in it.
#pragma once

#include "policy/model/compiled_policy.h"

#include <fieldgate/policy/load.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace fieldgate::policy {

struct DraftPolicy {
  std::shared_ptr<CompiledPolicy> policy;  ///< null when a file is no YAML or cannot be read
  bool valid = false;                      ///< only then may anything be decided with it
  std::vector<Diagnostic> findings;
};

[[nodiscard]] DraftPolicy load_draft(const std::vector<PolicyFile>& files);
[[nodiscard]] DraftPolicy load_draft_directory(const std::filesystem::path& directory);

}  // namespace fieldgate::policy
