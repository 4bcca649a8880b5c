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

/// What an opening puts in force.
enum class Opening {
  kTake,    ///< the configured policy, as a start does
  kResume,  ///< what was in force last; the configured policy is not looked at
};

/// Thread-safe; one change at a time. A change takes place in this order: the new policy is read
/// whole and bound, its document is kept, the new state is written beside the old one, the audit
/// record is made durable, the state is renamed, and then reads see the new policy. Whatever fails
/// before the end leaves reads under the old policy. The log may then tell of the new one all the
/// same (a record that was given up on can still become durable, and the rename comes after it), so
/// a record that the old one stays in force is owed; until it is written, no other change begins.
class PolicySwitch {
 public:
  struct Services {
    std::function<Result<std::shared_ptr<const read_path::BoundPolicy>>(const Content&)> bind;
    /// Makes a `policy` record durable; it names this version and digest.
    std::function<Result<void>(const Origin& named, const std::string& detail)> record;
    std::function<void(const std::string&)> say;
    const Clock& clock;
  };

  /// `kTake` puts the configured policy in force, or the one to which a rollback went and than
  /// which nothing newer has come; a policy that is refused is the error. `kResume` changes
  /// nothing: before the first start, when none was in force, the configured policy is bound for
  /// this process and neither kept nor recorded. `config` outlives the switch.
  [[nodiscard]] static Result<std::unique_ptr<PolicySwitch>> open(
      const config::Config& config, const std::filesystem::path& folder, Services services,
      Opening opening = Opening::kTake);

  [[nodiscard]] const read_path::PolicyInForce& in_force() const { return in_force_; }
  [[nodiscard]] PolicyStatus status() const;

  /// Reads the configured folder or bundle again. What is refused leaves the old policy in force,
  /// is said, counted and recorded, and is the error. `why` ends "in force …": "at a signal".
  [[nodiscard]] Result<Change> take(const std::string& why);
  /// Goes back to the policy that was in force before, or to the one of the history whose digest
  /// begins with `digest`. It holds until the folder or bundle gives something new. `kNotFound`
  /// when there is none.
  [[nodiscard]] Result<Change> roll_back(const std::string& digest);
  /// Writes the record that is owed, if one is; call about once a second. Does not wait for a
  /// change that is under way.
  void settle();

 private:
  PolicySwitch(const config::Config& config, Archive archive, Services services);
  Result<Change> take_configured(const std::string& why, std::vector<Diagnostic>& findings);
  Result<void> resume(Candidate candidate, std::vector<Diagnostic>& findings);
  Result<void> resume_archived();
  Result<void> put_in_force_again(const Content& content);
  Error unusable(const Error& error) const;
  Result<std::string> target_of(const std::string& digest) const;
  Result<Change> switch_to(const Candidate& candidate, ArchiveState next, const std::string& why);
  Error broken_off(const std::string& digest, const Error& error);
  Result<void> write_owed();
  void forget(const std::string& digest) const;
  void refuse(const Error& error, const std::string& why, const std::vector<Diagnostic>& findings);
  [[nodiscard]] Origin origin_in_force() const;
  void update_status();

  const config::Config& config_;
  Services services_;
  std::mutex changing_;
  Archive archive_;         // guarded by changing_
  std::string broken_off_;  // likewise: the digest of a change that the log may tell of, or empty
  read_path::PolicyInForce in_force_;
  mutable std::mutex status_mutex_;
  PolicyStatus status_;  // guarded by status_mutex_
};

}  // namespace fieldgate::policies
