#include "gateway/write/ledger_acts.h"

#include "gateway/read_path/read_request.h"

#include <fieldgate/crypto/encoding.h>

#include <algorithm>

namespace fieldgate::write {

namespace {

using boost::json::object;
using policy::ConsentStatus;
using read_path::only_members;
using read_path::text_member;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

Result<bool> boolean_member(const object& body, std::string_view name) {
  const boost::json::value* value = body.if_contains(name);
  if (value == nullptr) {
    return false;
  }
  if (!value->is_bool()) {
    return invalid('`' + std::string(name) + "` must be true or false");
  }
  return value->get_bool();
}

Result<ConsentStatus> read_state(const object& body, ActOrigin origin) {
  FIELDGATE_TRY(const std::string_view word, text_member(body, "state"));
  const auto status = policy::parse_consent_status(word);
  const bool of_today = status == ConsentStatus::kGiven || status == ConsentStatus::kRefused ||
                        status == ConsentStatus::kWithdrawn;
  if (origin == ActOrigin::kToday && !of_today) {
    return invalid("`state` must be given, refused or withdrawn");
  }
  if (!status) {
    return invalid("`state` is no consent state");
  }
  return *status;
}

Result<bool> read_raised(const object& body) {
  FIELDGATE_TRY(const std::string_view word, text_member(body, "state"));
  for (const bool raised : {true, false}) {
    if (word == raised_word(raised)) {
      return raised;
    }
  }
  return invalid("`state` must be raised or withdrawn");
}

}  // namespace

std::string_view raised_word(bool raised) {
  return raised ? "raised" : "withdrawn";
}

std::string ActReader::new_id(std::string_view prefix) const {
  std::array<Byte, 16> random{};
  sealing_.random.fill(random);
  return std::string(prefix) + crypto::base64url_encode(random);
}

Result<UtcTime> ActReader::collected_at(const object& body) const {
  FIELDGATE_TRY(const std::string_view text, text_member(body, "collected_at"));
  const auto time = parse_rfc3339(text);
  if (!time) {
    return invalid("`collected_at` must be an RFC 3339 time, like 2026-11-02T12:00:00Z");
  }
  if (*time > now_ + kMaxCollectedAhead) {
    return invalid("`collected_at` lies more than 5 minutes in the future");
  }
  return *time;
}

Result<void> ActReader::read_level(const object& body, policy::PurposeIndex purpose,
                                   store::ConsentRecord& record) const {
  if (!body.contains("level")) {
    return ok();  // the lowest
  }
  FIELDGATE_TRY(const std::string_view level, text_member(body, "level"));
  const auto& levels = policy_.set().purposes()[purpose].levels;
  const bool known = std::any_of(levels.begin(), levels.end(),
                                 [&](const policy::Level& each) { return each.name == level; });
  if (!known) {
    return invalid("`level` is not a level of this purpose");
  }
  FIELDGATE_TRY(record.level, sealing_.names.intern(level));
  return ok();
}

Result<void> ActReader::read_notice(const object& body, policy::PurposeIndex purpose,
                                    store::ConsentRecord& record) const {
  const boost::json::value* value = body.if_contains("notice");
  if (value == nullptr || !value->is_object()) {
    return invalid("`notice` must be an object with `version` and `language`: the text shown");
  }
  const object& notice = value->get_object();
  FIELDGATE_CHECK_OK(only_members(notice, {"version", "language"}));
  FIELDGATE_TRY(const std::string_view version, text_member(notice, "version"));
  FIELDGATE_TRY(const std::string_view language, text_member(notice, "language"));
  const auto* shown = policy_.notice(purpose, version, language);
  if (shown == nullptr) {
    return invalid("`notice` names no text of this purpose; see `consent_texts` in the policy");
  }
  record.text_version = shown->version;
  record.language = shown->language;
  record.notice_sha256 = shown->sha256;
  return ok();
}

Result<void> ActReader::read_method(const object& body, store::ConsentRecord& record) const {
  FIELDGATE_TRY(const std::string_view method, text_member(body, "method"));
  if (std::find(kConsentMethods.begin(), kConsentMethods.end(), method) == kConsentMethods.end()) {
    return invalid(
        "`method` must be one of toggle, checkbox, button, signed-form, spoken, "
        "email-confirmation");
  }
  FIELDGATE_TRY(record.method, sealing_.names.intern(method));
  return ok();
}

Result<store::ConsentRecord> ActReader::consent(const object& body, policy::PurposeIndex purpose,
                                                ActOrigin origin) const {
  const auto is_due = [&](std::string_view name) {
    return origin == ActOrigin::kToday || body.contains(name);
  };
  store::ConsentRecord record;
  FIELDGATE_TRY(record.status, read_state(body, origin));
  FIELDGATE_CHECK_OK(read_level(body, purpose, record));
  if (is_due("notice")) {
    FIELDGATE_CHECK_OK(read_notice(body, purpose, record));
  }
  if (is_due("method")) {
    FIELDGATE_CHECK_OK(read_method(body, record));
  }
  FIELDGATE_TRY(record.is_explicit, boolean_member(body, "explicit"));
  FIELDGATE_TRY(record.by_guardian, boolean_member(body, "guardian"));
  FIELDGATE_TRY(record.collected_at, collected_at(body));
  record.received_at = now_;
  record.purpose = policy_.name_of_purpose(purpose);
  record.app = app_;
  record.id = new_id("cns_");
  return record;
}

Result<store::ObjectionRecord> ActReader::objection(const object& body, UtcTime at) const {
  store::ObjectionRecord record;
  FIELDGATE_TRY(const bool raised, read_raised(body));
  record.status = raised ? policy::ObjectionStatus::kRaised : policy::ObjectionStatus::kWithdrawn;
  record.app = app_;
  record.collected_at = at;
  record.received_at = now_;
  record.id = new_id("obj_");
  return record;
}

Result<store::RestrictionRecord> ActReader::restriction(const object& body, UtcTime at) const {
  store::RestrictionRecord record;
  FIELDGATE_TRY(record.raised, read_raised(body));
  record.app = app_;
  record.collected_at = at;
  record.received_at = now_;
  record.id = new_id("rst_");
  return record;
}

}  // namespace fieldgate::write
