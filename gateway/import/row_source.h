// Readers of people from CSV and NDJSON: fed with pieces of text, they give rows to a sink.
#pragma once

#include "gateway/import/mapping.h"
#include "gateway/import/person_row.h"

#include <fieldgate/policy/model.h>

#include <istream>
#include <memory>
#include <string>
#include <string_view>

namespace fieldgate::importing {

/// What a row takes over where neither the file nor the mapping says otherwise.
struct ImportDefaults {
  UtcTime now{};        ///< `collected_at`
  std::string country;  ///< region of phone numbers, ISO 3166-1 alpha-2; may be empty
  std::string source = "import";
};

/// A reader that is fed with pieces of any size. Every bad row is reported with its line and
/// contributes nothing; the rows after it are read. Not thread-safe. After an error, or `finish`,
/// it must not be fed again.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// Reads on. An error is the sink's, or says that the file as a whole is refused (`kInvalid`,
  /// detail code "file-refused"; the sink got each reason before).
  [[nodiscard]] virtual Result<void> feed(std::string_view piece) = 0;
  /// The text has ended: reads the last row.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

/// CSV (RFC 4180, UTF-8 with or without byte order mark) with a header line. Without a mapping the
/// columns are named like fields and identifiers ("email", "phone", "account_id": a column that is
/// both gives both); "collected_at" and "source" apply to the whole row. `sink` and `policy`
/// outlive the source.
[[nodiscard]] std::unique_ptr<RowSource> make_csv_source(const policy::PolicySet& policy,
                                                         const Mapping* mapping,
                                                         ImportDefaults defaults, RowSink& sink);

/// NDJSON: one object a line, of the form of PATCH /v1/profiles, or a flat one whose members are
/// named like the columns of a CSV file (with or without a mapping).
[[nodiscard]] std::unique_ptr<RowSource> make_ndjson_source(const policy::PolicySet& policy,
                                                            const Mapping* mapping,
                                                            ImportDefaults defaults, RowSink& sink);

/// Reads a stream to its end through a source; `kUnavailable` when reading fails.
[[nodiscard]] Result<void> read_all(std::istream& in, RowSource& source);

}  // namespace fieldgate::importing
