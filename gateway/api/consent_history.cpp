// GET /v1/consents: a person's ledger for one purpose, page by page, by the app that may claim that
// purpose.
#include "gateway/api/consents.h"
#include "gateway/api/person_key.h"
#include "gateway/api/query.h"
#include "gateway/auth/role.h"
#include "gateway/http/problem.h"

#include <fieldgate/crypto/encoding.h>

#include <algorithm>
#include <string>
#include <utility>

namespace fieldgate::api {

namespace {

using read_path::Call;
using read_path::Recordable;
using read_path::Refusal;

// One more is read than is listed: whether there is a next page.
static_assert(kMaxConsentsListed < store::kMaxHistoryPage);

struct HistoryQuery {
  std::string subject;
  std::string purpose;
  std::string after;  // the last id of the page before, as `next` gave it
  std::size_t limit = kDefaultConsentsListed;
};

Result<HistoryQuery> parse_history_query(std::string_view query) {
  FIELDGATE_TRY(auto pairs, parse_query(query, {"subject", "purpose", "limit", "after"}));
  HistoryQuery parsed;
  bool subject = false;
  bool purpose = false;
  for (auto& [name, value] : pairs) {
    if (name == "limit") {
      FIELDGATE_TRY(parsed.limit, parse_limit(value, kMaxConsentsListed));
    } else if (name == "after") {
      parsed.after = std::move(value);
      if (parsed.after.empty()) {
        return make_error(ErrorCode::kInvalid, "`after` must be the `next` of an earlier answer");
      }
    } else {
      (name == "subject" ? subject : purpose) = true;
      (name == "subject" ? parsed.subject : parsed.purpose) = std::move(value);
    }
  }
  if (!subject || !purpose) {
    return make_error(ErrorCode::kInvalid, "give both `subject` and `purpose` in the query");
  }
  return parsed;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"" + std::string(name) + "\":";
  http::append_json_string(out, text);
}

void append_consent(std::string& out, const store::Names& names,
                    const store::ConsentRecord& record) {
  out += "{\"id\":\"" + record.id + '"';
  append_text(out, "purpose", names.name(record.purpose));
  append_text(out, "state", policy::consent_status_name(record.status));
  if (record.level != store::kNoName) {
    append_text(out, "level", names.name(record.level));
  }
  out += ",\"notice\":{\"version\":";
  http::append_json_string(out, names.name(record.text_version));
  append_text(out, "language", names.name(record.language));
  append_text(out, "sha256", crypto::hex_encode(record.notice_sha256));
  out += '}';
  append_text(out, "method", names.name(record.method));
  append_text(out, "app", names.name(record.app));
  out += record.is_explicit ? ",\"explicit\":true" : ",\"explicit\":false";
  out += record.by_guardian ? ",\"guardian\":true" : ",\"guardian\":false";
  append_text(out, "collected_at", format_rfc3339(record.collected_at));
  append_text(out, "received_at", format_rfc3339(record.received_at));
  out += record.in_force ? ",\"in_force\":true}" : ",\"in_force\":false}";
}

// The page as the members of an answer.
read_path::Step<std::pair<SubjectId, std::string>> history(LoopState& state, const Call& call,
                                                           const HistoryQuery& query) {
  const auto claim = claim_purpose(call, query.purpose);
  if (claim.has_error()) {
    return claim.error();
  }
  const auto [app, purpose] = *claim;
  read_path::PersonReference person;
  person.pseudonym = query.subject;
  const auto key =
      name_person(state.environment(), *call.policy, app, std::span(&purpose, 1), person);
  if (key.has_error()) {
    Refusal refusal = no_such_person(purpose);
    refusal.malformed = key.error().code == ErrorCode::kInvalid;
    if (refusal.malformed) {
      refusal.detail = key.error().message;
    }
    return refusal;
  }
  store::Reader& reader = state.environment().reader;
  const auto profile = find_person(reader, *key);
  Refusal unavailable{503, policy::ReasonCode::kCannotDecide, "the consent store cannot answer now",
                      purpose, std::nullopt};
  if (profile.has_error()) {
    return unavailable;
  }
  if (*profile == nullptr) {
    return no_such_person(purpose);
  }
  const SubjectId& subject = (*profile)->subject();
  const store::NameId name = call.policy->name_of_purpose(purpose);
  if (!query.after.empty()) {
    const auto last = reader.consent_record(query.after);
    if (last.has_error()) {
      return unavailable;
    }
    if (!*last || (*last)->subject != subject || (*last)->purpose != name) {
      Refusal refusal = no_such_person(purpose);
      refusal.malformed = true;
      refusal.detail = "`after` must be the `next` of an earlier answer to the same question";
      return refusal;
    }
  }
  const auto records = reader.consent_history(subject, name, {query.after, query.limit + 1});
  if (records.has_error()) {
    return unavailable;
  }
  std::string json = "\"consents\":[";
  for (std::size_t i = 0; i < std::min(records->size(), query.limit); ++i) {
    json += i > 0 ? "," : "";
    append_consent(json, state.deployment().store().names(), (*records)[i]);
  }
  json += ']';
  if (records->size() > query.limit) {
    append_text(json, "next", (*records)[query.limit - 1].id);
  }
  return std::pair(subject, std::move(json));
}

Result<Recordable> record_history(LoopState& state, const Call& call, const SubjectId& subject,
                                  std::string_view purpose, const std::string& members) {
  const auto tag = state.environment().audit_key.tag(call.record_id, subject);
  audit::RecordFields record;
  record.id = call.record_id;
  record.time = call.now;
  record.type = audit::RecordType::kSearch;
  record.decision = "allow";
  record.app = call.principal->app;
  record.credential = call.principal->credential;
  record.purpose = purpose;
  record.policy = call.policy->set().version();
  record.policy_digest = call.policy->digest();
  record.request_id = call.request_id;
  record.subject_tag = tag;
  record.detail = "consent history";
  Recordable recordable;
  FIELDGATE_CHECK_OK(audit::write_record(recordable.line, record));
  recordable.answer = {200, '{' + members};
  return recordable;
}

}  // namespace

void get_consents(LoopState& state, http::Exchange& exchange) {
  const auto query = parse_history_query(exchange.request().query);
  if (query.has_error()) {
    answer_error(exchange, query.error());
    return;
  }
  const auto started = start_call_as(state, exchange, auth::kConsentRole);
  if (started.has_error()) {
    answer_error(exchange, started.error());
    return;
  }
  const Call& call = *started;
  const auto found = history(state, call, *query);
  if (found.has_error() && found.error().malformed) {
    answer_error(exchange, make_error(ErrorCode::kInvalid, found.error().detail));
    return;
  }
  auto recordable = found.has_error()
                        ? read_path::record(state.environment(), call, found.error())
                        : record_history(state, call, found->first, query->purpose, found->second);
  if (recordable.has_error()) {
    answer_error(exchange, recordable.error());
    return;
  }
  record_and_answer(state, exchange, std::move(*recordable));
}

}  // namespace fieldgate::api
