// Whom a write is about: found again inside the writer's transaction.
#pragma once

#include "gateway/api/loop_state.h"
#include "gateway/read_path/read_request.h"

#include <fieldgate/store/profile_store.h>

#include <span>
#include <variant>

namespace fieldgate::api {

struct IdentifierKey {
  IdentifierType type;
  BlindIndex index;
};
using PersonKey = std::variant<SubjectId, IdentifierKey>;

/// Normalises an identifier, or reverses a pseudonym made for this app and one of `purposes` (or
/// for its writes). `kInvalid` when it is malformed, `kNotFound` for a foreign pseudonym.
[[nodiscard]] Result<PersonKey> name_person(const read_path::Environment& environment,
                                            const read_path::BoundPolicy& policy,
                                            policy::AppIndex app,
                                            std::span<const policy::PurposeIndex> purposes,
                                            const read_path::PersonReference& person);

/// The person, or null; an erased one counts as none.
template <class Reads>
[[nodiscard]] Result<store::ProfilePtr> find_person(Reads& reads, const PersonKey& key) {
  const auto* identifier = std::get_if<IdentifierKey>(&key);
  FIELDGATE_TRY(store::ProfilePtr found, identifier != nullptr
                                             ? reads.find(identifier->type, identifier->index)
                                             : reads.load(std::get<SubjectId>(key)));
  if (found != nullptr && found->wrapped_key().empty()) {
    return store::ProfilePtr{};
  }
  return found;
}

/// The refusal of a write about nobody; the same words as a read's.
[[nodiscard]] read_path::Refusal no_such_person(policy::PurposeIndex purpose);

/// The claim of a write to a granted purpose: which app, which purpose, or the refusal.
[[nodiscard]] read_path::Step<std::pair<policy::AppIndex, policy::PurposeIndex>> claim_purpose(
    const read_path::Call& call, std::string_view purpose);

}  // namespace fieldgate::api
