// The one place where the policy in force changes: read, judged, recorded, and only then switched.
#pragma once

#include "gateway/policies/candidate.h"
#include "gateway/read_path/bound_policy.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::policies {

/// For readiness, metrics and `policy history`.
struct PolicyStatus {
  Origin in_force;
  bool rolled_back = false;
  std::string refused;          ///< why the newest policy was not taken; empty while all is well
  UtcTime refused_at{};         ///< valid with `refused`
  std::uint64_t changes = 0;    ///< since this process began
  std::uint64_t refusals = 0;   ///< likewise
  std::vector<Origin> history;  ///< in order of when each was last put in force
};

struct Change {
  Origin was;  ///< empty before the first
  Origin is;
  bool changed = false;
};

/// Thread-safe; one change at a time. A change takes place in this order: the new policy is read
/// whole and bound, its document is kept, the new state is written beside the old one, the audit
/// record is made durable, the state is renamed, and then reads see the new policy. Whatever fails
/// before the end leaves the old policy in force.
class PolicySwitch {
 public:
  struct Services {
    std::function<Result<std::shared_ptr<const read_path::BoundPolicy>>(const Content&)> bind;
    /// Makes a `policy` record durable; it names this version and digest.
    std::function<Result<void>(const Origin& named, const std::string& detail)> record;
    std::function<void(const std::string&)> say;
    const Clock& clock;
  };

  /// Puts the configured policy in force, or the one to which a rollback went and than which
  /// nothing newer has come. A policy that is refused is the error. `config` outlives the switch.
  [[nodiscard]] static Result<std::unique_ptr<PolicySwitch>> open(
      const config::Config& config, const std::filesystem::path& folder, Services services);

  [[nodiscard]] const read_path::PolicyInForce& in_force() const { return in_force_; }
  [[nodiscard]] PolicyStatus status() const;

  /// Reads the configured folder or bundle again. What is refused leaves the old policy in force,
  /// is said, counted and recorded, and is the error. `why` ends "in force …": "at a signal".
  [[nodiscard]] Result<Change> take(const std::string& why);
  /// Goes back to the policy that was in force before, or to the one of the history whose digest
  /// begins with `digest`. It holds until the folder or bundle gives something new. `kNotFound`
  /// when there is none.
  [[nodiscard]] Result<Change> roll_back(const std::string& digest);

 private:
  PolicySwitch(const config::Config& config, Archive archive, Services services);
  Result<Change> take_configured(const std::string& why, std::vector<Diagnostic>& findings);
  Result<void> resume(Candidate candidate, std::vector<Diagnostic>& findings);
  Result<std::string> target_of(const std::string& digest) const;
  Result<Change> switch_to(const Candidate& candidate, ArchiveState next, const std::string& why);
  void refuse(const Error& error, const std::string& why, const std::vector<Diagnostic>& findings);
  [[nodiscard]] Origin origin_in_force() const;
  void update_status();

  const config::Config& config_;
  Services services_;
  std::mutex changing_;
  Archive archive_;  // guarded by changing_
  read_path::PolicyInForce in_force_;
  mutable std::mutex status_mutex_;
  PolicyStatus status_;  // guarded by status_mutex_
};

}  // namespace fieldgate::policies
