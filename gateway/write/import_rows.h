// Writing many people: rows from a reader, in transactions of many, every bad row reported.
#pragma once

#include "gateway/import/row_source.h"
#include "gateway/write/upsert.h"
#include "gateway/write/write_queue.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace fieldgate::write {

struct ImportReport {
  std::uint64_t imported = 0;                 ///< new people
  std::uint64_t updated = 0;                  ///< known people
  std::vector<importing::RowError> rejected;  ///< in order of line
  std::vector<importing::RowError> dropped;   ///< values that a mapping allows to be left out
};

/// Rows of one transaction of an import that runs beside live traffic: short enough that a
/// withdrawal does not wait long behind it.
inline constexpr std::size_t kRowsBesideTraffic = 500;
/// Rows of one transaction when nothing else is served.
inline constexpr std::size_t kRowsAlone = 10'000;

/// Writes rows that a reader found good. A row that cannot be written (its identifiers belong to
/// two people) is rejected by line; the others of its transaction are written.
[[nodiscard]] Result<void> write_rows(const Sealing& sealing, const read_path::BoundPolicy& policy,
                                      store::Transaction& transaction,
                                      const std::vector<importing::PersonRow>& rows,
                                      ImportReport& report);

/// Collects rows and errors of a reader until they are taken.
class RowBuffer final : public importing::RowSink {
 public:
  [[nodiscard]] Result<void> on_row(importing::PersonRow row) override;
  void on_error(importing::RowError error) override;
  void on_dropped(importing::RowError note) override;

  std::vector<importing::PersonRow> rows;
  std::vector<importing::RowError> errors;
  std::vector<importing::RowError> dropped;
};

/// Reads a whole stream through `source` (which feeds `buffer`) and writes it in transactions of
/// `rows_per_transaction`, on the writer thread. `progress` is told the rows so far after each.
/// An error that is no row's stops the import; what was committed before it stays.
struct ImportRun {
  WriteQueue& writer;
  Sealing sealing;
  std::shared_ptr<const read_path::BoundPolicy> policy;
  std::size_t rows_per_transaction = kRowsAlone;
  std::function<void(std::uint64_t rows)> progress;
  /// Asked after each transaction; true ends the import with `kUnavailable`. May be empty.
  std::function<bool()> stopping;
};
/// `report` tells what is durable, also beside an error.
[[nodiscard]] Result<void> import_stream(const ImportRun& run, std::istream& in,
                                         importing::RowSource& source, RowBuffer& buffer,
                                         ImportReport& report);

/// The report as JSON: {"imported", "updated", "rejected": [{"line", "field", "message"}],
/// "dropped": [likewise]} without its last brace, so that an answer can add its proof.
[[nodiscard]] std::string open_report_json(const ImportReport& report);

}  // namespace fieldgate::write
