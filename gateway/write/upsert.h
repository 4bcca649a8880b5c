// Writes one person: finds or creates them by their identifiers, seals what is new.
#pragma once

#include "gateway/import/person_row.h"
#include "gateway/read_path/bound_policy.h"

#include <fieldgate/base/random.h>
#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/store/profile_store.h>

namespace fieldgate::write {

struct Sealing {
  const crypto::Keyring& keyring;
  const crypto::BlindIndexer& indexer;
  store::Names& names;
  Random& random;
};

struct Upserted {
  SubjectId subject;
  bool created = false;
  FieldSet written;  ///< the row's fields, but for those whose stored value was collected later
};

/// Names that sources may fill of the store's dictionary; the rest stays free for policies. A row
/// with a new source beyond it is refused.
inline constexpr std::size_t kMaxNamesForSources = 32'000;

/// Creates or updates the person that the row's identifiers lead to.
///
/// - e-mail addresses and account ids lead to one person; when they lead to two, `kConflict`;
/// - a phone number alone never merges two people: a row that has only phone numbers makes a new
///   person, and is `kConflict` when one of the numbers is known;
/// - every identifier of the row, and every new value of a direct identifier field, is linked; what
///   was linked before stays, and so do the master id and all pseudonyms;
/// - a value is replaced unless the stored one was collected later.
///
/// Nothing is durable before the transaction's commit.
[[nodiscard]] Result<Upserted> upsert_person(const Sealing& sealing,
                                             const read_path::BoundPolicy& policy,
                                             store::Transaction& transaction,
                                             const importing::PersonRow& row);

}  // namespace fieldgate::write
