// The types that pass from stage to stage: each stage takes what the one before returns.
#pragma once

#include "gateway/auth/principal.h"
#include "gateway/http/exchange.h"
#include "gateway/read_path/bound_policy.h"
#include "gateway/read_path/read_request.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/record.h>
#include <fieldgate/base/random.h>
#include <fieldgate/crypto/audit_key.h>
#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile_store.h>

#include <boost/system/result.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::read_path {

/// What the stages of one loop share. Everything is owned elsewhere and outlives the loop. The
/// reader is the loop's own; the rest is thread-safe.
struct Environment {
  const crypto::Keyring& keyring;
  const crypto::BlindIndexer& indexer;
  store::Reader& reader;
  const PolicyInForce& policy;
  const Clock& clock;
  const crypto::AuditKey& audit_key;  ///< tags of subjects in records
  Random& random;                     ///< nonces of sealed parts
  std::string_view default_region;    ///< for phone numbers without a country code
};

/// One read by one app: the same for a single read, each of a batch, and the Segment-shaped door.
struct Call {
  std::shared_ptr<const auth::Principal> principal;
  std::shared_ptr<const BoundPolicy> policy;  ///< one snapshot for all its stages
  std::string record_id;                      ///< unique per read
  std::string_view request_id;                ///< the answer's X-Request-ID
  UtcTime now{};
  /// In an evaluation: the app that the question is about. The caller has been found to be that
  /// app, or one that may ask about others.
  std::optional<policy::AppIndex> about_app;
};

/// The app that the call acts as; a credential with a role of its own (the officer's) acts as none.
[[nodiscard]] inline policy::AppIndex acting_app(const Call& call) {
  if (call.about_app) {
    return *call.about_app;
  }
  return call.principal->role.empty() ? call.policy->set().app(call.principal->app)
                                      : policy::kUnknownIndex;
}

/// Why a read ends early. It is still recorded and answered like any other, save a malformed one,
/// which is only counted.
struct Refusal {
  unsigned status = 403;
  policy::ReasonCode code = policy::ReasonCode::kCannotDecide;
  std::string detail;  ///< a sentence; no personal data
  policy::PurposeIndex purpose = policy::kUnknownIndex;
  std::optional<SubjectId> subject;
  bool malformed = false;
  Bytes inputs = {};  ///< the decision's, sealed for the record; empty when there was none
};

[[noreturn]] void throw_exception_from_error(const Refusal& refusal,
                                             const boost::source_location& where);

template <class T>
using Step = boost::system::result<T, Refusal>;

/// After `authenticate`: the app may claim this purpose, and every field it asks for exists.
struct Claim {
  policy::Question question;
  const crypto::PseudonymDomain* pseudonyms = nullptr;  ///< owned by the snapshot
};

/// After `resolve_subject`: there is such a person.
struct Found {
  Claim claim;
  store::ProfilePtr profile;
};

/// After `decide`: something may be released. The key opens only what the permit names.
struct Permitted {
  Found found;
  policy::Decision decision;
  Permit permit;
  crypto::SubjectKey key;
  Bytes inputs;  ///< the decision's, sealed for the record
};

/// Where an evaluation ends: what a read would release, without the permit and the key, so that no
/// field can be opened from it.
struct Decided {
  Claim claim;
  SubjectId subject;
  policy::Decision decision;
  Bytes inputs;  ///< the decision's, sealed for the record
};

/// After `fetch_fields`: the sealed values of the permitted fields, views into the profile.
struct SealedFields {
  Permitted permitted;
  std::vector<std::pair<FieldIndex, const store::StoredField*>> values;  ///< by FieldIndex
};

/// After `open_fields`: the key is gone, the values are in clear, each wiped when it dies.
struct Opened {
  Claim claim;
  store::ProfilePtr profile;
  policy::Decision decision;
  Bytes inputs;
  std::vector<std::pair<FieldIndex, SecretBytes>> values;
};

/// After `transform`: every field's outcome is final; only the audit index is missing.
struct Shaped {
  Claim claim;
  SubjectId subject;
  policy::Decision decision;
  Bytes inputs;
  std::string fields_json;  ///< `{"first_name":"Ada"}`
};

/// An answer that lacks its proof: `finish` adds the receipt and closes the object.
struct Answer {
  unsigned status = 200;
  std::string open_body;      ///< a JSON object without its last braces
  unsigned open_objects = 1;  ///< how many braces; the receipt goes into the innermost object
  [[nodiscard]] bool is_problem() const { return status >= 400; }
};

/// After `record`: what is to be made durable, and what is to be said once it is.
struct Recordable {
  std::string line;  ///< the audit record
  Answer answer;
};

/// As `Recordable`, of an evaluation.
struct Evaluated {
  bool permitted = false;  ///< what `decision` says
  Recordable recordable;
};

// --- the stages, one file each, in the order of pipeline.cpp -------------------------------------
[[nodiscard]] Step<Claim> authenticate(const Call& call, const ReadRequest& request);
[[nodiscard]] Step<Found> resolve_subject(Environment& environment, const Call& call, Claim claim,
                                          const ReadRequest& request);
[[nodiscard]] Step<Permitted> decide(Environment& environment, const Call& call, Found found,
                                     const ReadRequest& request);
[[nodiscard]] SealedFields fetch_fields(const BoundPolicy& policy, Permitted permitted);
[[nodiscard]] Step<Opened> open_fields(Environment& environment, const BoundPolicy& policy,
                                       SealedFields sealed);
[[nodiscard]] Step<Shaped> transform(const BoundPolicy& policy, Opened opened);
[[nodiscard]] Result<Recordable> record(Environment& environment, const Call& call, Shaped shaped);
[[nodiscard]] Result<Recordable> record(Environment& environment, const Call& call,
                                        const Refusal& refusal);
[[nodiscard]] Result<Evaluated> record_evaluation(Environment& environment, const Call& call,
                                                  Decided decided);
[[nodiscard]] Result<Evaluated> record_evaluation(Environment& environment, const Call& call,
                                                  const Refusal& refusal);
/// Completes the answer. There is no way to a body without a receipt.
[[nodiscard]] std::string respond(Answer answer, const audit::Receipt& receipt);

}  // namespace fieldgate::read_path
