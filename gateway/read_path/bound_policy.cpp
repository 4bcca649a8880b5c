#include "gateway/read_path/bound_policy.h"

#include <fieldgate/crypto/hash.h>

#include <algorithm>

namespace fieldgate::read_path {

namespace {

void put(std::vector<std::uint16_t>& table, store::NameId name, std::uint16_t index) {
  if (table.size() <= name) {
    table.resize(name + std::size_t{1}, policy::kUnknownIndex);
  }
  table[name] = index;
}

}  // namespace

Result<std::shared_ptr<const BoundPolicy>> BoundPolicy::bind(const policies::Content& content,
                                                             store::Names& names,
                                                             const crypto::Keyring& keyring) {
  std::shared_ptr<BoundPolicy> bound(new BoundPolicy(content.policy));
  const policy::PolicySet& set = bound->set();
  bound->digest_ = content.digest;
  FIELDGATE_CHECK_OK(bound->bind_names(names));
  for (const policy::Purpose& purpose : set.purposes()) {
    FIELDGATE_CHECK_OK(bound->bind_purpose(names, purpose, content));
  }
  const SecretBytes psn_key = keyring.tenant_key(crypto::TenantKey::kPsn);
  const KeyVersion version = keyring.version(crypto::TenantKey::kPsn);
  for (const policy::App& app : set.apps()) {
    // No purpose has the empty name, so this shares its key with none of them.
    bound->write_domains_.emplace_back(psn_key, version, app.name, "");
    auto& row = bound->domains_.emplace_back(set.purposes().size());
    for (const policy::PurposeIndex purpose : app.purposes) {
      row[purpose] = std::make_unique<crypto::PseudonymDomain>(psn_key, version, app.name,
                                                               set.purposes()[purpose].name);
    }
  }
  for (const std::string& domain : set.domains()) {
    // No app has the empty name, so a value domain shares its key with no app's pseudonyms.
    bound->value_domains_.emplace_back(psn_key, version, "", domain);
  }
  return std::shared_ptr<const BoundPolicy>(std::move(bound));
}

Result<void> BoundPolicy::bind_names(store::Names& names) {
  const policy::PolicySet& set = this->set();
  for (std::size_t i = 0; i < set.fields().size(); ++i) {
    FIELDGATE_TRY(const store::NameId name, names.intern(set.fields()[i].name));
    field_names_.push_back(name);
    put(field_of_name_, name, static_cast<std::uint16_t>(i));
  }
  for (std::size_t i = 0; i < set.purposes().size(); ++i) {
    FIELDGATE_TRY(const store::NameId name, names.intern(set.purposes()[i].name));
    put(purpose_of_name_, name, static_cast<std::uint16_t>(i));
  }
  FIELDGATE_TRY(const store::NameId marketing, names.intern(policy::kDirectMarketingName));
  put(purpose_of_name_, marketing, policy::kDirectMarketing);
  return ok();
}

Result<void> BoundPolicy::bind_purpose(store::Names& names, const policy::Purpose& purpose,
                                       const policies::Content& content) {
  Purpose bound;
  FIELDGATE_TRY(bound.name, names.intern(purpose.name));
  for (const policy::Level& level : purpose.levels) {
    FIELDGATE_TRY(const store::NameId name, names.intern(level.name));
    bound.levels.push_back(name);
  }
  if (purpose.consent_text != policy::kUnknownIndex) {
    for (const auto& version : set().consent_texts()[purpose.consent_text].versions) {
      FIELDGATE_TRY(const store::NameId name, names.intern(version.name));
      bound.text_versions.push_back(name);
      for (const auto& [language, file] : version.files) {
        Notice notice;
        notice.version = name;
        FIELDGATE_TRY(notice.language, names.intern(language));
        const std::string* text = content.text(file);
        if (text == nullptr) {
          return make_error(ErrorCode::kInternal, "a policy came without one of its notices");
        }
        notice.sha256 = crypto::sha256(as_bytes(*text));
        bound.notices.emplace(std::pair(version.name, language), notice);
      }
    }
  }
  purposes_.push_back(std::move(bound));
  return ok();
}

std::uint8_t BoundPolicy::level_of(policy::PurposeIndex purpose, store::NameId level) const {
  if (level == store::kNoName) {
    return policy::kLowestLevel;
  }
  const auto& levels = purposes_[purpose].levels;
  const auto found = std::find(levels.begin(), levels.end(), level);
  return found == levels.end() ? policy::kUnknownLevel
                               : static_cast<std::uint8_t>(found - levels.begin());
}

std::uint16_t BoundPolicy::text_version_of(policy::PurposeIndex purpose,
                                           store::NameId version) const {
  const auto& versions = purposes_[purpose].text_versions;
  const auto found = std::find(versions.begin(), versions.end(), version);
  return found == versions.end() ? policy::kUnknownText
                                 : static_cast<std::uint16_t>(found - versions.begin());
}

const crypto::PseudonymDomain* BoundPolicy::pseudonyms(policy::AppIndex app,
                                                       policy::PurposeIndex purpose) const {
  if (app >= domains_.size() || purpose >= domains_[app].size()) {
    return nullptr;
  }
  return domains_[app][purpose].get();
}

const BoundPolicy::Notice* BoundPolicy::notice(policy::PurposeIndex purpose,
                                               std::string_view version,
                                               std::string_view language) const {
  const auto& notices = purposes_[purpose].notices;
  const auto found = notices.find(std::pair(std::string(version), std::string(language)));
  return found == notices.end() ? nullptr : &found->second;
}

}  // namespace fieldgate::read_path
