// One person as stored: an immutable snapshot, sealed values only.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/time.h>
#include <fieldgate/policy/engine.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::store {

/// A name (field, purpose, level, text version, source, language, method, app) as a small number
/// that the store gave it once and for all. Policies come and go; these stay.
using NameId = std::uint16_t;
inline constexpr NameId kNoName = 0;
inline constexpr std::size_t kMaxNames = 65'000;

/// One sealed value. `sealed` points into the snapshot.
struct StoredField {
  NameId field = kNoName;
  NameId source = kNoName;
  std::uint8_t type = 0;  ///< crypto::ValueType
  std::uint64_t value_version = 0;
  UtcTime collected_at{};
  ByteView sealed;
};

/// The current state of consent to one purpose, by the person or by a guardian.
struct StoredConsent {
  NameId purpose = kNoName;
  NameId level = kNoName;  ///< kNoName: the lowest
  NameId text_version = kNoName;
  policy::ConsentStatus status = policy::ConsentStatus::kUnknown;
  bool is_explicit = false;
  bool by_guardian = false;
  UtcTime at{};
  std::optional<UtcTime> last_refusal;
};

struct StoredObjection {
  NameId purpose = kNoName;  ///< the name "direct-marketing" stands for all of it
  policy::ObjectionStatus status = policy::ObjectionStatus::kRaised;
  UtcTime at{};
};

/// Immutable and thread-safe. One contiguous allocation holds the sealed bytes.
class Profile {
 public:
  virtual ~Profile() = default;
  [[nodiscard]] virtual const SubjectId& subject() const = 0;
  [[nodiscard]] virtual ByteView wrapped_key() const = 0;  ///< as in keys.db; empty: destroyed
  [[nodiscard]] virtual ByteView facts() const = 0;        ///< sealed decision facts; may be empty
  [[nodiscard]] virtual std::uint64_t facts_version() const = 0;
  [[nodiscard]] virtual std::span<const StoredField> fields() const = 0;  ///< by rising NameId
  [[nodiscard]] virtual std::span<const StoredConsent> consents() const = 0;
  [[nodiscard]] virtual std::span<const StoredObjection> objections() const = 0;
  [[nodiscard]] virtual std::optional<UtcTime> restricted_since() const = 0;
  /// Bytes of memory that this snapshot costs, for the hot set's bound.
  [[nodiscard]] virtual std::size_t memory_bytes() const = 0;
};
using ProfilePtr = std::shared_ptr<const Profile>;

}  // namespace fieldgate::store
