#include "gateway/api/consents.h"

#include "gateway/api/person_key.h"
#include "gateway/auth/role.h"
#include "gateway/http/json.h"
#include "gateway/http/problem.h"
#include "gateway/write/ledger_acts.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace fieldgate::api {

namespace {

using read_path::Call;
using read_path::Recordable;
using read_path::Refusal;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

Result<boost::json::value> parse_object(const http::Exchange& exchange) {
  FIELDGATE_TRY(auto body, http::parse_json(exchange.request().body));
  if (!body.is_object()) {
    return invalid("the body must be a JSON object");
  }
  return body;
}

Result<write::ActReader> act_reader(LoopState& state, const Call& call) {
  FIELDGATE_TRY(const store::NameId app,
                state.deployment().store().names().intern(call.principal->app));
  return write::ActReader(state.deployment().sealing(), *call.policy, call.now, app);
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
  const auto tag = state.environment().audit_key.tag(call.record_id, subject);
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
  ConsentRequest request;
  FIELDGATE_TRY(request.person, read_path::parse_person_reference(body));
  FIELDGATE_TRY(const write::ActReader reader, act_reader(state, call));
  FIELDGATE_TRY(request.record, reader.consent(body, purpose_index, write::ActOrigin::kToday));
  if (request.record.status == policy::ConsentStatus::kGiven &&
      purpose.art9 == "explicit-consent" && !request.record.is_explicit) {
    return invalid(
        "this purpose uses special categories of data: `explicit` must be true "
        "(GDPR 9(2)(a))");
  }
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

// An objection or a restriction as asked for; nothing about a person yet.
template <class Record>
struct RightRequest {
  Record record;
  read_path::PersonReference person;
};

Result<RightRequest<store::ObjectionRecord>> read_objection(LoopState& state, const Call& call,
                                                            const boost::json::object& body) {
  FIELDGATE_CHECK_OK(
      read_path::only_members(body, {"identifier", "subject", "purpose", "state", "collected_at"}));
  RightRequest<store::ObjectionRecord> request;
  FIELDGATE_TRY(request.person, read_path::parse_person_reference(body));
  FIELDGATE_TRY(const write::ActReader reader, act_reader(state, call));
  FIELDGATE_TRY(const UtcTime at, reader.collected_at(body));
  FIELDGATE_TRY(request.record, reader.objection(body, at));
  return request;
}

Result<RightRequest<store::RestrictionRecord>> read_restriction(LoopState& state, const Call& call,
                                                                const boost::json::object& body) {
  FIELDGATE_CHECK_OK(
      read_path::only_members(body, {"identifier", "subject", "state", "collected_at"}));
  RightRequest<store::RestrictionRecord> request;
  FIELDGATE_TRY(request.person, read_path::parse_person_reference(body));
  FIELDGATE_TRY(const write::ActReader reader, act_reader(state, call));
  FIELDGATE_TRY(const UtcTime at, reader.collected_at(body));
  FIELDGATE_TRY(request.record, reader.restriction(body, at));
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

}  // namespace

void post_consent(LoopState& state, http::Exchange& exchange) {
  const auto body = parse_object(exchange);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const auto started = start_call_as(state, exchange, auth::kConsentRole);
  if (started.has_error()) {
    answer_error(exchange, started.error());
    return;
  }
  const Call& call = *started;
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
  const auto started = start_call_as(state, exchange, auth::kConsentRole);
  if (started.has_error()) {
    answer_error(exchange, started.error());
    return;
  }
  const Call& call = *started;
  auto request = read_objection(state, call, object);
  const auto purpose_name = read_path::text_member(object, "purpose");
  if (request.has_error() || purpose_name.has_error()) {
    answer_error(exchange, request.has_error() ? request.error() : purpose_name.error());
    return;
  }
  policy::PurposeIndex purpose = policy::kUnknownIndex;
  std::vector<policy::PurposeIndex> domains = purposes_of(call);
  if (*purpose_name != policy::kDirectMarketingName) {
    const auto claim = claim_purpose(call, *purpose_name);
    if (claim.has_error()) {
      refuse(state, exchange, call, claim.error());
      return;
    }
    purpose = claim->second;
    domains = {purpose};
  }
  // Only now: a name that is kept stays in the store's dictionary for ever.
  const auto name = state.deployment().store().names().intern(*purpose_name);
  if (name.has_error()) {
    answer_error(exchange, name.error());
    return;
  }
  request->record.purpose = *name;
  const auto key = named(state, exchange, call, purpose, domains, request->person);
  if (!key) {
    return;
  }
  append_and_answer(state, exchange, call, *key, purpose,
                    [purpose, record = request->record](store::Transaction& transaction,
                                                        const SubjectId& subject) -> Result<Act> {
                      store::ObjectionRecord entry = record;
                      entry.subject = subject;
                      FIELDGATE_CHECK_OK(transaction.append_objection(entry));
                      const std::string_view word =
                          write::raised_word(entry.status == policy::ObjectionStatus::kRaised);
                      return Act{entry.id, word, purpose, "objection " + std::string(word),
                                 std::nullopt};
                    });
}

void post_restriction(LoopState& state, http::Exchange& exchange) {
  const auto body = parse_object(exchange);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const boost::json::object& object = body->get_object();
  const auto started = start_call_as(state, exchange, auth::kConsentRole);
  if (started.has_error()) {
    answer_error(exchange, started.error());
    return;
  }
  const Call& call = *started;
  const auto request = read_restriction(state, call, object);
  if (request.has_error()) {
    answer_error(exchange, request.error());
    return;
  }
  const auto key =
      named(state, exchange, call, policy::kUnknownIndex, purposes_of(call), request->person);
  if (!key) {
    return;
  }
  append_and_answer(state, exchange, call, *key, policy::kUnknownIndex,
                    [record = request->record](store::Transaction& transaction,
                                               const SubjectId& subject) -> Result<Act> {
                      store::RestrictionRecord entry = record;
                      entry.subject = subject;
                      FIELDGATE_CHECK_OK(transaction.append_restriction(entry));
                      const std::string_view word = write::raised_word(entry.raised);
                      return Act{entry.id, word, policy::kUnknownIndex,
                                 "restriction " + std::string(word), std::nullopt};
                    });
}

}  // namespace fieldgate::api
