// A policy that could be put in force, wherever it comes from: the configured folder or bundle, or
// the archive.
#pragma once

#include "gateway/config/config.h"
#include "gateway/policies/archive.h"
#include "gateway/policies/content.h"

#include <string>
#include <vector>

namespace fieldgate::policies {

struct Candidate {
  Content content;
  Origin origin;
  std::string source;    ///< names what was given: the digest of a folder, the id of a bundle
  std::string document;  ///< what the archive keeps
};

/// Reads what the configuration names: a bundle, verified against its signers, or a folder.
/// Production takes bundles alone.
[[nodiscard]] Result<Candidate> read_configured(const config::Config& config,
                                                std::vector<Diagnostic>& findings);

/// Reads what the archive kept under this digest, and verifies it as if it came today: a folder's
/// policy only where the configuration names a folder, a bundle against its signers.
[[nodiscard]] Result<Candidate> read_archived(const config::Config& config, const Archive& archive,
                                              const std::string& digest,
                                              std::vector<Diagnostic>& findings);

}  // namespace fieldgate::policies
