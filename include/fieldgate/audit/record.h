// One audit record: a JSON line whose stored bytes are the leaf (docs/audit-format.md).
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fieldgate::audit {

/// The longest record, without its newline; one byte more is refused before anything is written.
inline constexpr std::size_t kMaxRecordBytes = 65'535;
/// Written into each record as "v".
inline constexpr int kRecordVersion = 1;

enum class RecordType : std::uint8_t {
  kRead,
  kDeny,
  kSearch,
  kExport,
  kErase,
  kConsent,
  kKey,
  kPolicy,
  kAdmin,
  kRecovery,
  kWrite,
};
[[nodiscard]] std::string_view record_type_name(RecordType type);

/// What happened to one field: the transform it was shown through, that transform after `decided:`
/// where nothing was shown, or the reason code.
struct FieldOutcome {
  std::string_view field;
  std::string_view outcome;
};

/// What is recorded; views only, valid during the call. Never a value of a field, an identifier, an
/// address or a key. Empty members are left out of the line.
struct RecordFields {
  std::string_view id;  ///< unique per record
  UtcTime time{};
  RecordType type = RecordType::kRead;
  std::string_view door;      ///< "evaluation": only asked, nothing was returned; empty otherwise
  std::string_view decision;  ///< "allow", "partial", "deny"
  std::string_view code;      ///< reason code of a deny
  std::string_view app;
  std::string_view about_app;   ///< of an evaluation: the app asked about, where it is another
  std::string_view credential;  ///< the public prefix of the API key
  std::string_view purpose;
  std::string_view basis;
  std::string_view policy;         ///< version
  std::string_view policy_digest;  ///< lower-case hex SHA-256
  std::string_view request_id;     ///< the answer's X-Request-ID
  ByteView subject_tag;            ///< differs per record; keyed by the tenant's audit key
  ByteView sealed;                 ///< what only the person's key opens
  std::span<const FieldOutcome> fields;
  std::string_view detail;  ///< of an admin or recovery record: a plain sentence
};

/// Appends the JSON line, without newline, to `out`. Members stand in a fixed order; all text is
/// escaped; invalid UTF-8 becomes U+FFFD. `kTooLarge` beyond `kMaxRecordBytes`, and `out` is as
/// before.
[[nodiscard]] Result<void> write_record(std::string& out, const RecordFields& record);

}  // namespace fieldgate::audit
