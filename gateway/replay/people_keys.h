// Whom a record is about and what its sealed part holds, for whoever has the key ring.
#pragma once

#include "gateway/read_path/decision_inputs.h"
#include "gateway/replay/recorded_read.h"

#include <fieldgate/crypto/audit_key.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/store/profile_store.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace fieldgate::replay {

/// Why a recorded read cannot be decided again. A closed list (docs/policy-language.md, "Replay").
enum class Obstacle : std::uint8_t {
  kSealed,             ///< the key ring is not at hand
  kOtherKeys,          ///< made under another key ring
  kErased,             ///< the person's key is destroyed
  kDamagedPart,        ///< the sealed part does not open, or is not well-formed
  kNoInputs,           ///< the record holds no sealed part
  kNotNamed,           ///< the purpose or a field was unknown then, and is not named
  kPersonNotLookedUp,  ///< the read ended before anybody was looked up
  kFactsNotRecorded,   ///< age and country did not matter then, and do now
  kFailedThen,         ///< an error ended the read
};
inline constexpr std::size_t kObstacles = 9;
[[nodiscard]] std::string_view obstacle_name(Obstacle obstacle);
[[nodiscard]] std::string_view obstacle_says(Obstacle obstacle);

/// A person as a number: 0 for the first that was met.
using PersonNumber = std::uint32_t;

/// Wrapped keys kept, so that a person is looked up once; whoever comes later is looked up again.
inline constexpr std::size_t kMostKeptKeys = 250'000;

/// Used by one thread. Everything given to it outlives it.
class PeopleKeys {
 public:
  PeopleKeys(const crypto::Keyring& keyring, const crypto::AuditKey& audit_key,
             store::Reader& reader)
      : keyring_(keyring), audit_key_(audit_key), reader_(reader) {}

  /// Whom the record is about; nothing when it names nobody, or its tag was made under another key.
  [[nodiscard]] std::optional<SubjectId> subject_of(const RecordedRead& read) const;
  [[nodiscard]] PersonNumber number_of(const SubjectId& subject) { return meet(subject).number; }
  /// Opens the sealed part; `subject` is what `subject_of` gave. `kErased`, `kOtherKeys`,
  /// `kDamagedPart` or `kNoInputs` when it cannot; an error when the store cannot answer.
  [[nodiscard]] Result<std::variant<read_path::DecisionInputs, Obstacle>> open(
      const RecordedRead& read, const std::optional<SubjectId>& subject);
  /// People met so far.
  [[nodiscard]] std::size_t people() const { return people_.size(); }

 private:
  enum class Key : std::uint8_t { kNotLookedUp, kKept, kDestroyed };
  struct Person {
    PersonNumber number = 0;
    Key key = Key::kNotLookedUp;  ///< also of one who was looked up and whose key is not kept
    Bytes wrapped_key;            ///< while it is kept
  };
  Person& meet(const SubjectId& subject);

  const crypto::Keyring& keyring_;
  const crypto::AuditKey& audit_key_;
  store::Reader& reader_;
  std::unordered_map<SubjectId, Person> people_;
  std::size_t kept_ = 0;
};

}  // namespace fieldgate::replay
