// What every adapter answers alike: which identifiers may be shared, and the errors of the ports.
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>

namespace fieldgate::store {

/// Families and offices share a phone; an address or an account id is one person's.
[[nodiscard]] inline bool leads_to_one_person(IdentifierType type) {
  return type != IdentifierType::kPhone;
}

[[nodiscard]] inline Error link_taken() {
  return make_error(ErrorCode::kConflict, "an identifier already leads to another person",
                    "identifier-taken");
}
[[nodiscard]] inline Error person_exists() {
  return make_error(ErrorCode::kConflict, "the person already exists", "person-exists");
}
[[nodiscard]] inline Error person_unknown() {
  return make_error(ErrorCode::kNotFound, "no such person", "no-such-person");
}
[[nodiscard]] inline Error key_missing() {
  return make_error(ErrorCode::kInvalid, "a new person needs a wrapped key", "key-missing");
}
[[nodiscard]] inline Error record_exists() {
  return make_error(ErrorCode::kConflict, "a ledger record with this id exists", "record-exists");
}
[[nodiscard]] inline Error prefix_taken() {
  return make_error(ErrorCode::kConflict, "a credential with this prefix exists", "prefix-taken");
}
[[nodiscard]] inline Error credential_unknown() {
  return make_error(ErrorCode::kNotFound, "no credential has this prefix", "no-such-credential");
}
[[nodiscard]] inline Error transaction_over() {
  return make_error(ErrorCode::kInternal, "the transaction has ended", "transaction-over");
}

}  // namespace fieldgate::store
