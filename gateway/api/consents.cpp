#include "gateway/api/consents.h"

#include "gateway/api/person_key.h"
#include "gateway/http/json.h"
#include "gateway/http/problem.h"
#include "gateway/read_path/subject_tag.h"

#include <fieldgate/crypto/encoding.h>

#include <algorithm>
#include <array>
#include <map>

namespace fieldgate::api {

namespace {

using policy::ConsentStatus;
using read_path::Call;
using read_path::Recordable;
using read_path::Refusal;

constexpr std::string_view kDirectMarketingWord = "direct-marketing";
/// Clear acts only (decision rule 10): scrolling, browsing and silence are not on the list.
constexpr std::array<std::string_view, 6> kMethods = {
    "toggle", "checkbox", "button", "signed-form", "spoken", "email-confirmation"};

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

Result<bool> boolean_member(const boost::json::object& body, std::string_view name) {
  const boost::json::value* value = body.if_contains(name);
  if (value == nullptr) {
    return false;
  }
  if (!value->is_bool()) {
    return invalid('`' + std::string(name) + "` must be true or false");
  }
  return value->get_bool();
}

Result<UtcTime> collected_at(const boost::json::object& body, UtcTime now) {
  FIELDGATE_TRY(const std::string_view text, read_path::text_member(body, "collected_at"));
  const auto time = parse_rfc3339(text);
  if (!time) {
    return invalid("`collected_at` must be an RFC 3339 time, like 2026-11-02T12:00:00Z");
  }
  if (*time > now + kMaxCollectedAhead) {
    return invalid("`collected_at` lies more than 5 minutes in the future");
  }
  return *time;
}

Result<boost::json::value> parse_object(const http::Exchange& exchange) {
  FIELDGATE_TRY(auto body, http::parse_json(exchange.request().body));
  if (!body.is_object()) {
    return invalid("the body must be a JSON object");
  }
  return body;
}

std::string ledger_id(LoopState& state, std::string_view prefix) {
  std::array<Byte, 16> random{};
  state.deployment().random().fill(random);
  return std::string(prefix) + crypto::base64url_encode(random);
}

// The record and answer of a stored act: 201, its id, and what is now in force.
struct Act {
  std::string id;
  std::string_view state;
  policy::PurposeIndex purpose = policy::kUnknownIndex;
  std::string detail;
  std::optional<bool> in_force;
};

Result<Recordable> stored(LoopState& state, const Call& call, const SubjectId& subject,
                          const Act& act) {
  const policy::PolicySet& set = call.policy->set();
  const auto tag = read_path::subject_tag(state.environment().audit_key, call.record_id, subject);
  audit::RecordFields record;
  record.id = call.record_id;
  record.time = call.now;
  record.type = audit::RecordType::kConsent;
  record.decision = "allow";
  record.app = call.principal->app;
  record.credential = call.principal->credential;
  record.policy = set.version();
  record.policy_digest = call.policy->digest();
  record.request_id = call.request_id;
  record.subject_tag = tag;
  record.detail = act.detail;
  if (act.purpose < set.purposes().size()) {
    record.purpose = set.purposes()[act.purpose].name;
  }
  Recordable recordable;
  FIELDGATE_CHECK_OK(audit::write_record(recordable.line, record));
  std::string body = "{\"id\":\"" + act.id + "\",\"state\":\"" + std::string(act.state) + '"';
  if (act.in_force) {
    body += *act.in_force ? ",\"in_force\":true" : ",\"in_force\":false";
  }
  recordable.answer = {201, std::move(body)};
  return recordable;
}

// A consent as asked for, checked against the policy; nothing about a person yet.
struct ConsentRequest {
  store::ConsentRecord record;
  read_path::PersonReference person;
};

Result<ConsentStatus> consent_state(const boost::json::object& body) {
  FIELDGATE_TRY(const std::string_view word, read_path::text_member(body, "state"));
  if (word == "given") {
    return ConsentStatus::kGiven;
  }
  if (word == "refused") {
    return ConsentStatus::kRefused;
  }
  if (word == "withdrawn") {
    return ConsentStatus::kWithdrawn;
  }
  return invalid("`state` must be given, refused or withdrawn");
}

Result<void> read_notice(const Call& call, policy::PurposeIndex purpose,
                         const boost::json::object& body, store::ConsentRecord& record) {
  const boost::json::value* value = body.if_contains("notice");
  if (value == nullptr || !value->is_object()) {
    return invalid("`notice` must be an object with `version` and `language`: the text shown");
  }
  const boost::json::object& notice = value->get_object();
  FIELDGATE_CHECK_OK(read_path::only_members(notice, {"version", "language"}));
  FIELDGATE_TRY(const std::string_view version, read_path::text_member(notice, "version"));
  FIELDGATE_TRY(const std::string_view language, read_path::text_member(notice, "language"));
  const auto* shown = call.policy->notice(purpose, version, language);
  if (shown == nullptr) {
    return invalid("`notice` names no text of this purpose; see `consent_texts` in the policy");
  }
  record.text_version = shown->version;
  record.language = shown->language;
  record.notice_sha256 = shown->sha256;
  return ok();
}

Result<void> read_level(store::Names& names, const policy::Purpose& purpose,
                        const boost::json::object& body, store::ConsentRecord& record) {
  if (!body.contains("level")) {
    return ok();  // the lowest
  }
  FIELDGATE_TRY(const std::string_view level, read_path::text_member(body, "level"));
  const auto known = std::find_if(purpose.levels.begin(), purpose.levels.end(),
                                  [&](const policy::Level& l) { return l.name == level; });
  if (known == purpose.levels.end()) {
    return invalid("`level` is not a level of this purpose");
  }
  FIELDGATE_TRY(record.level, names.intern(level));
  return ok();
}

Result<ConsentRequest> read_consent(LoopState& state, const Call& call,
                                    policy::PurposeIndex purpose_index,
                                    const boost::json::object& body) {
  FIELDGATE_CHECK_OK(
      read_path::only_members(body, {"identifier", "subject", "purpose", "state", "level", "notice",
                                     "method", "explicit", "collected_at", "guardian"}));
  const policy::Purpose& purpose = call.policy->set().purposes()[purpose_index];
  if (purpose.basis != policy::Basis::kConsent) {
    return invalid("this purpose does not rest on consent, so there is none to record");
  }
  store::Names& names = state.deployment().store().names();
  ConsentRequest request;
  store::ConsentRecord& record = request.record;
  FIELDGATE_TRY(request.person, read_path::parse_person_reference(body));
  FIELDGATE_TRY(record.status, consent_state(body));
  FIELDGATE_CHECK_OK(read_level(names, purpose, body, record));
  FIELDGATE_CHECK_OK(read_notice(call, purpose_index, body, record));
  FIELDGATE_TRY(const std::string_view method, read_path::text_member(body, "method"));
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return invalid(
        "`method` must be one of toggle, checkbox, button, signed-form, spoken, "
        "email-confirmation");
  }
  FIELDGATE_TRY(record.is_explicit, boolean_member(body, "explicit"));
  FIELDGATE_TRY(record.by_guardian, boolean_member(body, "guardian"));
  if (record.status == ConsentStatus::kGiven && purpose.art9 == "explicit-consent" &&
      !record.is_explicit) {
    return invalid(
        "this purpose uses special categories of data: `explicit` must be true "
        "(GDPR 9(2)(a))");
  }
  FIELDGATE_TRY(record.collected_at, collected_at(body, call.now));
  record.received_at = call.now;
  record.purpose = call.policy->name_of_purpose(purpose_index);
  FIELDGATE_TRY(record.method, names.intern(method));
  FIELDGATE_TRY(record.app, names.intern(call.principal->app));
  record.id = ledger_id(state, "cns_");
  return request;
}

// Answers a refusal: recorded, like every refused request of an app.
void refuse(LoopState& state, http::Exchange& exchange, const Call& call, const Refusal& refusal) {
  auto recordable = read_path::record(state.environment(), call, refusal);
  if (recordable.has_error()) {
    answer_error(exchange, recordable.error());
    return;
  }
  record_and_answer(state, exchange, std::move(*recordable));
}

// Names the person, or has answered already.
std::optional<PersonKey> named(LoopState& state, http::Exchange& exchange, const Call& call,
                               policy::PurposeIndex purpose,
                               std::span<const policy::PurposeIndex> purposes,
                               const read_path::PersonReference& person) {
  auto key =
      name_person(state.environment(), *call.policy, read_path::acting_app(call), purposes, person);
  if (key.has_value()) {
    return *key;
  }
  if (key.error().code == ErrorCode::kNotFound) {
    refuse(state, exchange, call, no_such_person(purpose));
  } else {
    answer_error(exchange, key.error());
  }
  return std::nullopt;
}

// The part of objections and restrictions that is the same: who, raised or withdrawn, when.
struct RightRequest {
  read_path::PersonReference person;
  bool raised = true;
  UtcTime at{};
};

Result<RightRequest> read_right(const boost::json::object& body, UtcTime now) {
  RightRequest request;
  FIELDGATE_TRY(request.person, read_path::parse_person_reference(body));
  FIELDGATE_TRY(const std::string_view word, read_path::text_member(body, "state"));
  if (word != "raised" && word != "withdrawn") {
    return invalid("`state` must be raised or withdrawn");
  }
  request.raised = word == "raised";
  FIELDGATE_TRY(request.at, collected_at(body, now));
  return request;
}

// The app's purposes: a pseudonym of any of them may name the person.
std::vector<policy::PurposeIndex> purposes_of(const Call& call) {
  const policy::AppIndex app = read_path::acting_app(call);
  return app == policy::kUnknownIndex ? std::vector<policy::PurposeIndex>{}
                                      : call.policy->set().apps()[app].purposes;
}

using Append = std::function<Result<Act>(store::Transaction&, const SubjectId&)>;

// Finds the person in the transaction, appends to the ledger, and prepares record and answer.
void append_and_answer(LoopState& state, http::Exchange& exchange, const Call& call,
                       const PersonKey& key, policy::PurposeIndex purpose, Append append) {
  // The request's own buffers are gone by the time the writer runs; the call keeps its id.
  auto kept = std::make_shared<Call>(call);
  kept->request_id = kept->record_id;
  write_and_answer(
      state, exchange,
      [&state, kept, key, purpose,
       append = std::move(append)](store::Transaction& transaction) -> Result<Recordable> {
        FIELDGATE_TRY(const store::ProfilePtr person, find_person(transaction, key));
        if (person == nullptr) {
          return read_path::record(state.environment(), *kept, no_such_person(purpose));
        }
        FIELDGATE_TRY(const Act act, append(transaction, person->subject()));
        return stored(state, *kept, person->subject(), act);
      });
}

std::string_view state_word(bool raised) {
  return raised ? "raised" : "withdrawn";
}

}  // namespace

void post_consent(LoopState& state, http::Exchange& exchange) {
  const auto body = parse_object(exchange);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const Call call = start_call(state, exchange);
  const auto purpose_name = read_path::text_member(body->get_object(), "purpose");
  if (purpose_name.has_error()) {
    answer_error(exchange, purpose_name.error());
    return;
  }
  const auto claim = claim_purpose(call, *purpose_name);
  if (claim.has_error()) {
    refuse(state, exchange, call, claim.error());
    return;
  }
  const policy::PurposeIndex purpose = claim->second;
  auto request = read_consent(state, call, purpose, body->get_object());
  if (request.has_error()) {
    answer_error(exchange, request.error());
    return;
  }
  const auto key = named(state, exchange, call, purpose, std::span(&purpose, 1), request->person);
  if (!key) {
    return;
  }
  append_and_answer(
      state, exchange, call, *key, purpose,
      [purpose, record = std::move(request->record)](store::Transaction& transaction,
                                                     const SubjectId& subject) -> Result<Act> {
        store::ConsentRecord entry = record;
        entry.subject = subject;
        FIELDGATE_CHECK_OK(transaction.append_consent(entry));
        const std::string_view word = policy::consent_status_name(entry.status);
        return Act{entry.id, word, purpose,
                   "consent " + std::string(word) + (entry.by_guardian ? " by a guardian" : ""),
                   entry.in_force};
      });
}

void post_objection(LoopState& state, http::Exchange& exchange) {
  const auto body = parse_object(exchange);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const boost::json::object& object = body->get_object();
  const Call call = start_call(state, exchange);
  const auto known = read_path::only_members(
      object, {"identifier", "subject", "purpose", "state", "collected_at"});
  const auto purpose_name = read_path::text_member(object, "purpose");
  const auto request = read_right(object, call.now);
  if (known.has_error() || purpose_name.has_error() || request.has_error()) {
    answer_error(exchange, known.has_error()          ? known.error()
                           : purpose_name.has_error() ? purpose_name.error()
                                                      : request.error());
    return;
  }
  policy::PurposeIndex purpose = policy::kUnknownIndex;
  std::vector<policy::PurposeIndex> domains = purposes_of(call);
  if (*purpose_name != kDirectMarketingWord) {
    const auto claim = claim_purpose(call, *purpose_name);
    if (claim.has_error()) {
      refuse(state, exchange, call, claim.error());
      return;
    }
    purpose = claim->second;
    domains = {purpose};
  }
  store::Names& names = state.deployment().store().names();
  const auto name = names.intern(*purpose_name);
  const auto app = names.intern(call.principal->app);
  if (name.has_error() || app.has_error()) {
    answer_error(exchange, name.has_error() ? name.error() : app.error());
    return;
  }
  const auto key = named(state, exchange, call, purpose, domains, request->person);
  if (!key) {
    return;
  }
  store::ObjectionRecord record;
  record.id = ledger_id(state, "obj_");
  record.purpose = *name;
  record.app = *app;
  record.status =
      request->raised ? policy::ObjectionStatus::kRaised : policy::ObjectionStatus::kWithdrawn;
  record.collected_at = request->at;
  record.received_at = call.now;
  append_and_answer(
      state, exchange, call, *key, purpose,
      [purpose, record](store::Transaction& transaction, const SubjectId& subject) -> Result<Act> {
        store::ObjectionRecord entry = record;
        entry.subject = subject;
        FIELDGATE_CHECK_OK(transaction.append_objection(entry));
        const std::string_view word = state_word(entry.status == policy::ObjectionStatus::kRaised);
        return Act{entry.id, word, purpose, "objection " + std::string(word), std::nullopt};
      });
}

void post_restriction(LoopState& state, http::Exchange& exchange) {
  const auto body = parse_object(exchange);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const boost::json::object& object = body->get_object();
  const Call call = start_call(state, exchange);
  const auto known =
      read_path::only_members(object, {"identifier", "subject", "state", "collected_at"});
  const auto request = read_right(object, call.now);
  if (known.has_error() || request.has_error()) {
    answer_error(exchange, known.has_error() ? known.error() : request.error());
    return;
  }
  const auto app = state.deployment().store().names().intern(call.principal->app);
  if (app.has_error()) {
    answer_error(exchange, app.error());
    return;
  }
  const auto key =
      named(state, exchange, call, policy::kUnknownIndex, purposes_of(call), request->person);
  if (!key) {
    return;
  }
  store::RestrictionRecord record;
  record.id = ledger_id(state, "rst_");
  record.raised = request->raised;
  record.app = *app;
  record.collected_at = request->at;
  record.received_at = call.now;
  append_and_answer(
      state, exchange, call, *key, policy::kUnknownIndex,
      [record](store::Transaction& transaction, const SubjectId& subject) -> Result<Act> {
        store::RestrictionRecord entry = record;
        entry.subject = subject;
        FIELDGATE_CHECK_OK(transaction.append_restriction(entry));
        const std::string_view word = state_word(entry.raised);
        return Act{entry.id, word, policy::kUnknownIndex, "restriction " + std::string(word),
                   std::nullopt};
      });
}

}  // namespace fieldgate::api
