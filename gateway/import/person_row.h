// One person as read from a file or a request: checked against the policy, not yet sealed.
#pragma once

#include <fieldgate/base/field_set.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::importing {

/// Limits of one row, each refused one beyond.
inline constexpr std::size_t kMaxRowBytes = 1024UL * 1024;
inline constexpr std::size_t kMaxColumns = 1024;
inline constexpr std::size_t kMaxIdentifiersPerPerson = 16;
/// Faults of one row that its error tells; it says when there are more.
inline constexpr std::size_t kMaxFaultsTold = 16;
/// A source is a word of letters, digits and `-_.:/`: it is kept in clear.
inline constexpr std::size_t kMaxSourceBytes = 64;
/// How far a `collected_at` may lie ahead of the clock.
inline constexpr std::chrono::minutes kMaxClockSkew{5};

struct PersonIdentifier {
  IdentifierType type = IdentifierType::kEmail;
  std::string normalised;  ///< by crypto::normalise_identifier
  friend bool operator==(const PersonIdentifier&, const PersonIdentifier&) = default;
};

struct PersonField {
  FieldIndex field = 0;   ///< in the policy that the row was checked against
  std::string plaintext;  ///< canonical, as values::encode_value gives it
  std::string source;
  UtcTime collected_at{};
};

/// At least one identifier; each field at most once.
struct PersonRow {
  std::size_t line = 0;  ///< physical line on which the row begins, 1-based
  std::vector<PersonIdentifier> identifiers;
  std::vector<PersonField> fields;
};

/// Why a row, or a whole file, was refused. Holds no personal data. A row with several faults gives
/// one error, which names the first fault's field and tells up to `kMaxFaultsTold` of them.
struct RowError {
  std::size_t line = 0;  ///< physical line on which the row begins; 1 for the header
  std::string field;     ///< column, field or identifier; may be empty
  std::string message;
};

/// What a reader of rows hands its findings to, in order of line.
class RowSink {
 public:
  virtual ~RowSink() = default;
  /// Takes a good row. An error ends the import: the source's `feed` or `finish` returns it.
  [[nodiscard]] virtual Result<void> on_row(PersonRow row) = 0;
  virtual void on_error(RowError error) = 0;
  /// A value that a mapping allows to be dropped was not valid; its row goes on without it.
  // By value: sinks keep it. NOLINTNEXTLINE(performance-unnecessary-value-param)
  virtual void on_dropped(RowError /*note*/) {}
};

}  // namespace fieldgate::importing
