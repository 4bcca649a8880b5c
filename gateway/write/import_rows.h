// Writing many people: rows from a reader, in transactions of many, every bad row reported.
#pragma once

#include "gateway/import/row_source.h"
#include "gateway/write/import_report.h"
#include "gateway/write/upsert.h"
#include "gateway/write/write_queue.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace fieldgate::write {

/// Rows of one transaction of an import that runs beside live traffic: short enough that a
/// withdrawal does not wait long behind it.
inline constexpr std::size_t kRowsBesideTraffic = 500;
/// Rows of one transaction when nothing else is served.
inline constexpr std::size_t kRowsAlone = 10'000;
/// Bytes of rows that wait for their transaction, however few they are.
inline constexpr std::size_t kMaxRowBytesHeld = 8UL * 1024 * 1024;

/// Writes rows that a reader found good. A row that cannot be written (its identifiers belong to
/// two people) is rejected by line; the others of its transaction are written.
[[nodiscard]] Result<void> write_rows(const Sealing& sealing, const read_path::BoundPolicy& policy,
                                      store::Transaction& transaction,
                                      const std::vector<importing::PersonRow>& rows,
                                      ImportReport& report);

/// What a row takes in memory, nearly.
[[nodiscard]] std::size_t bytes_held(const importing::PersonRow& row);

/// Collects rows and errors of a reader until they are taken.
class RowBuffer final : public importing::RowSink {
 public:
  [[nodiscard]] Result<void> on_row(importing::PersonRow row) override;
  void on_error(importing::RowError error) override;
  void on_dropped(importing::RowError note) override;

  [[nodiscard]] const std::vector<importing::PersonRow>& rows() const { return rows_; }
  /// Whether a transaction is due: so many rows, or `kMaxRowBytesHeld`, are here.
  [[nodiscard]] bool is_due(std::size_t rows_per_transaction) const {
    return rows_.size() >= rows_per_transaction || bytes_ >= kMaxRowBytesHeld;
  }
  [[nodiscard]] std::vector<importing::PersonRow> take_rows();

  ProblemList errors;
  ProblemList dropped;

 private:
  std::vector<importing::PersonRow> rows_;
  std::size_t bytes_ = 0;
};

/// Reads a whole stream through `source` (which feeds `buffer`) and writes it in transactions of
/// `rows_per_transaction`, or of `kMaxRowBytesHeld`, on the writer thread. `progress` is told the
/// rows so far after each. An error that is no row's stops the import; what was committed before it
/// stays.
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

}  // namespace fieldgate::write
