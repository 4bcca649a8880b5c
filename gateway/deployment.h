// A data directory in use: lock, keys, store, audit log, policy. What `serve`, `demo` and the
// commands that change something share.
#pragma once

#include "gateway/config/config.h"
#include "gateway/policies/policy_switch.h"
#include "gateway/read_path/bound_policy.h"
#include "gateway/write/upsert.h"
#include "gateway/write/write_queue.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/record.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/time.h>
#include <fieldgate/crypto/audit_key.h>
#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/store/profile_store.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fieldgate {

/// An exclusive lock on a data directory, held by this process until it dies.
class DirectoryLock {
 public:
  /// `kConflict` when another process holds it, naming its process id.
  [[nodiscard]] static Result<DirectoryLock> take(const std::filesystem::path& directory);
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

/// Owns everything that a running gateway stands on. Thread-safe unless a member says otherwise.
class Deployment {
 public:
  struct Services {
    const Clock& clock;
    Random& random;
    /// Told what happened on the way, one sentence each: a new keyring, a recovered log.
    std::function<void(const std::string&)> say;
  };

  /// Opens the data directory; an empty or missing one is set up. Refuses an unsafe state: a wrong
  /// root key, a damaged database or log, a directory that another process holds, half of its
  /// files missing, a policy with errors. `opening` is `kTake` for what serves, `kResume` for a
  /// command that must work, and change no policy, while the configured one is broken.
  [[nodiscard]] static Result<std::unique_ptr<Deployment>> open(
      const config::Config& config, const Services& services,
      policies::Opening opening = policies::Opening::kTake);
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  [[nodiscard]] const config::Config& config() const { return config_; }
  [[nodiscard]] const Clock& clock() const { return services_.clock; }
  [[nodiscard]] Random& random() { return services_.random; }
  [[nodiscard]] const crypto::Keyring& keyring() const { return *keyring_; }
  [[nodiscard]] const crypto::BlindIndexer& indexer() const { return *indexer_; }
  [[nodiscard]] const crypto::AuditKey& audit_key() const { return *audit_key_; }
  [[nodiscard]] store::ProfileStore& store() { return *store_; }
  [[nodiscard]] audit::Log& log() { return *log_; }
  [[nodiscard]] write::WriteQueue& writer() { return *writer_; }
  [[nodiscard]] const read_path::PolicyInForce& policy() const { return policies_->in_force(); }
  /// Where the policy in force changes.
  [[nodiscard]] policies::PolicySwitch& policies() { return *policies_; }
  [[nodiscard]] write::Sealing sealing() {
    return {*keyring_, *indexer_, store_->names(), services_.random};
  }

  void say(const std::string& sentence) const { services_.say(sentence); }

  /// True once a sync of the log or of a database has failed: the process must end.
  [[nodiscard]] bool failed() const { return log_->failed() || store_->failed(); }

  /// Starts an admin, key, policy or write record: id, time and type are set.
  /// `id` must outlive the record.
  [[nodiscard]] audit::RecordFields start_record(audit::RecordType type, std::string_view id) const;
  /// Records something that happened outside a request; blocks until durable.
  [[nodiscard]] Result<void> record_now(audit::RecordType type, const std::string& detail);
  /// 32 characters, unique.
  [[nodiscard]] std::string new_record_id();

 private:
  Deployment(config::Config config, Services services, DirectoryLock lock);
  Result<void> open_parts(policies::Opening opening);
  Result<void> open_policy(policies::Opening opening);
  Result<void> record_policy(const policies::Origin& named, const std::string& detail);
  Result<void> append_record(audit::RecordFields record, const std::string& detail);

  config::Config config_;
  Services services_;
  DirectoryLock lock_;
  std::optional<crypto::Keyring> keyring_;
  std::optional<crypto::BlindIndexer> indexer_;
  std::optional<crypto::AuditKey> audit_key_;
  std::unique_ptr<store::ProfileStore> store_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<policies::PolicySwitch> policies_;
  std::unique_ptr<write::WriteQueue> writer_;  // last: it stops before what it writes to
};

}  // namespace fieldgate
