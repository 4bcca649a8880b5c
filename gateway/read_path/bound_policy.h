// A policy snapshot bound to this deployment: the store's name ids, notice texts, pseudonym keys.
#pragma once

#include "gateway/policies/content.h"

#include <fieldgate/crypto/keys.h>
#include <fieldgate/crypto/pseudonym.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile_store.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::read_path {

/// Where consent facts, names and indexes of one snapshot meet. Immutable; thread-safe; one request
/// keeps one snapshot from its first stage to its last, so that no decision mixes two policies.
class BoundPolicy {
 public:
  /// Interns every name of the policy, hashes every notice that it names, and derives one pseudonym
  /// domain per (app, granted purpose).
  [[nodiscard]] static Result<std::shared_ptr<const BoundPolicy>> bind(
      const policies::Content& content, store::Names& names, const crypto::Keyring& keyring);

  [[nodiscard]] const policy::PolicySet& set() const { return *engine_.policy(); }
  [[nodiscard]] const policy::Engine& engine() const { return engine_; }
  /// That of `policies::Content`.
  [[nodiscard]] const std::string& digest() const { return digest_; }

  [[nodiscard]] FieldIndex field_of(store::NameId name) const { return at(field_of_name_, name); }
  [[nodiscard]] store::NameId name_of_field(FieldIndex field) const { return field_names_[field]; }
  /// `policy::kDirectMarketing` for `kDirectMarketingName`, `kUnknownIndex` for a name the policy
  /// does not have.
  [[nodiscard]] policy::PurposeIndex purpose_of(store::NameId name) const {
    return at(purpose_of_name_, name);
  }
  [[nodiscard]] store::NameId name_of_purpose(policy::PurposeIndex purpose) const {
    return purposes_[purpose].name;
  }
  /// The level's position, the lowest for `kNoName`, `kUnknownLevel` for a foreign one.
  [[nodiscard]] std::uint8_t level_of(policy::PurposeIndex purpose, store::NameId level) const;
  [[nodiscard]] std::uint16_t text_version_of(policy::PurposeIndex purpose,
                                              store::NameId version) const;

  /// The domain of an app's pseudonyms for a purpose; null when the purpose is not granted to it.
  [[nodiscard]] const crypto::PseudonymDomain* pseudonyms(policy::AppIndex app,
                                                          policy::PurposeIndex purpose) const;
  /// The domain in which an app that writes names people: it belongs to no purpose and reads
  /// nothing. Null for an unknown app.
  [[nodiscard]] const crypto::PseudonymDomain* write_pseudonyms(policy::AppIndex app) const {
    return app < write_domains_.size() ? &write_domains_[app] : nullptr;
  }
  [[nodiscard]] const crypto::PseudonymDomain& value_domain(std::uint16_t domain) const {
    return value_domains_[domain];
  }

  /// The notice that a consent to `purpose` may name; null when there is no such text.
  struct Notice {
    store::NameId version = store::kNoName;
    store::NameId language = store::kNoName;
    Hash32 sha256{};
  };
  [[nodiscard]] const Notice* notice(policy::PurposeIndex purpose, std::string_view version,
                                     std::string_view language) const;

 private:
  struct Purpose {
    store::NameId name = store::kNoName;
    std::vector<store::NameId> levels;
    std::vector<store::NameId> text_versions;
    std::map<std::pair<std::string, std::string>, Notice, std::less<>> notices;
  };

  explicit BoundPolicy(policy::PolicySnapshot policy) : engine_(std::move(policy)) {}
  static std::uint16_t at(const std::vector<std::uint16_t>& table, store::NameId name) {
    return name < table.size() ? table[name] : policy::kUnknownIndex;
  }
  Result<void> bind_names(store::Names& names);
  Result<void> bind_purpose(store::Names& names, const policy::Purpose& purpose,
                            const policies::Content& content);

  policy::Engine engine_;
  std::string digest_;
  std::vector<store::NameId> field_names_;
  std::vector<std::uint16_t> field_of_name_;
  std::vector<std::uint16_t> purpose_of_name_;
  std::vector<Purpose> purposes_;
  std::vector<std::vector<std::unique_ptr<crypto::PseudonymDomain>>> domains_;  // [app][purpose]
  std::vector<crypto::PseudonymDomain> write_domains_;                          // [app]
  std::vector<crypto::PseudonymDomain> value_domains_;
};

/// The snapshot in force; a reload swaps it. Thread-safe.
class PolicyInForce {
 public:
  [[nodiscard]] std::shared_ptr<const BoundPolicy> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void set(std::shared_ptr<const BoundPolicy> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const BoundPolicy> current_;
};

}  // namespace fieldgate::read_path
