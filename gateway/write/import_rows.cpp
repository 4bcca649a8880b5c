#include "gateway/write/import_rows.h"

#include <istream>
#include <utility>

namespace fieldgate::write {

namespace {

constexpr std::size_t kReadBytes = 64UL * 1024;

bool is_the_rows_fault(ErrorCode code) {
  return code == ErrorCode::kConflict || code == ErrorCode::kInvalid ||
         code == ErrorCode::kTooLarge;
}

}  // namespace

Result<void> write_rows(const Sealing& sealing, const read_path::BoundPolicy& policy,
                        store::Transaction& transaction,
                        const std::vector<importing::PersonRow>& rows, ImportReport& report) {
  for (const importing::PersonRow& row : rows) {
    const auto done = upsert_person(sealing, policy, transaction, row);
    if (done.has_value()) {
      ++(done->created ? report.imported : report.updated);
    } else if (is_the_rows_fault(done.error().code)) {
      report.rejected.add({row.line, {}, done.error().message});
    } else {
      return done.error();
    }
  }
  return ok();
}

std::size_t bytes_held(const importing::PersonRow& row) {
  std::size_t bytes = sizeof row;
  for (const importing::PersonIdentifier& identifier : row.identifiers) {
    bytes += sizeof identifier + identifier.normalised.size();
  }
  for (const importing::PersonField& field : row.fields) {
    bytes += sizeof field + field.plaintext.size() + field.source.size();
  }
  return bytes;
}

Result<void> RowBuffer::on_row(importing::PersonRow row) {
  bytes_ += bytes_held(row);
  rows_.push_back(std::move(row));
  return ok();
}

void RowBuffer::on_error(importing::RowError error) {
  errors.add(std::move(error));
}

void RowBuffer::on_dropped(importing::RowError note) {
  dropped.add(std::move(note));
}

std::vector<importing::PersonRow> RowBuffer::take_rows() {
  bytes_ = 0;
  return std::exchange(rows_, {});
}

Result<void> import_stream(const ImportRun& run, std::istream& in, importing::RowSource& source,
                           RowBuffer& buffer, ImportReport& report) {
  std::uint64_t rows_so_far = 0;
  const auto flush = [&]() -> Result<void> {
    const std::vector<importing::PersonRow> rows = buffer.take_rows();
    ImportReport part;  // a second run of the work starts afresh
    FIELDGATE_CHECK_OK(run.writer.run([&](store::Transaction& transaction) {
      part = {};
      return write_rows(run.sealing, *run.policy, transaction, rows, part);
    }));
    report.imported += part.imported;
    report.updated += part.updated;
    report.rejected.merge(part.rejected);
    rows_so_far += rows.size();
    if (run.progress) {
      run.progress(rows_so_far);
    }
    if (run.stopping && run.stopping()) {
      return make_error(ErrorCode::kUnavailable,
                        "the gateway is stopping; " + std::to_string(report.imported) +
                            " new and " + std::to_string(report.updated) +
                            " updated people are stored; import the file again for the rest");
    }
    return ok();
  };
  std::vector<char> piece(kReadBytes);
  Result<void> read = ok();
  while (read.has_value() && in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    read =
        in.gcount() > 0 ? source.feed({piece.data(), static_cast<std::size_t>(in.gcount())}) : ok();
    if (buffer.is_due(run.rows_per_transaction)) {
      FIELDGATE_CHECK_OK(flush());
    }
  }
  if (in.bad()) {
    return make_error(ErrorCode::kUnavailable, "the file cannot be read to its end");
  }
  if (read.has_value()) {
    read = source.finish();
  }
  if (!buffer.rows().empty()) {
    FIELDGATE_CHECK_OK(flush());
  }
  // A refused file is a report as well: each reason has its line.
  if (read.has_error() && read.error().detail_code != "file-refused") {
    return read.error();
  }
  report.rejected.merge(buffer.errors);
  report.dropped = std::move(buffer.dropped);
  return ok();
}

}  // namespace fieldgate::write
