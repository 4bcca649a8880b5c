// The consent ledger: append-only records, and the current state that they fold into.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/store/profile.h>

#include <string>

namespace fieldgate::store {

/// What the ledger keeps of one act (decision rule 11): who, what, when, how, and the exact text.
struct ConsentRecord {
  std::string id;  ///< "cns_" and base64url of 16 random bytes
  SubjectId subject;
  NameId purpose = kNoName;
  policy::ConsentStatus status = policy::ConsentStatus::kUnknown;
  NameId level = kNoName;
  NameId text_version = kNoName;
  NameId language = kNoName;
  Hash32 notice_sha256{};  ///< of the bytes of the notice shown
  NameId method = kNoName;
  NameId app = kNoName;  ///< the actor
  bool is_explicit = false;
  bool by_guardian = false;
  UtcTime collected_at{};
  UtcTime received_at{};
  bool in_force = false;  ///< it changed the state when it arrived
};

struct ObjectionRecord {
  std::string id;  ///< "obj_…"
  SubjectId subject;
  NameId purpose = kNoName;  ///< or the name "direct-marketing"
  policy::ObjectionStatus status = policy::ObjectionStatus::kRaised;
  NameId app = kNoName;
  UtcTime collected_at{};
  UtcTime received_at{};
};

struct RestrictionRecord {
  std::string id;  ///< "rst_…"
  SubjectId subject;
  bool raised = true;  ///< false: lifted
  NameId app = kNoName;
  UtcTime collected_at{};
  UtcTime received_at{};
};

/// The ledger's half of a transaction. Each call appends and updates the current state, which is
/// folded with `policy::apply_consent_event`. `kNotFound` when the person is unknown.
class ConsentWrites {
 public:
  virtual ~ConsentWrites() = default;
  /// Sets `record.in_force`.
  [[nodiscard]] virtual Result<void> append_consent(ConsentRecord& record) = 0;
  /// A `raised` opens or renews the objection, a `withdrawn` ends it.
  [[nodiscard]] virtual Result<void> append_objection(const ObjectionRecord& record) = 0;
  [[nodiscard]] virtual Result<void> append_restriction(const RestrictionRecord& record) = 0;
};

}  // namespace fieldgate::store
