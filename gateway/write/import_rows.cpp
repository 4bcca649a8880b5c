#include "gateway/write/import_rows.h"

#include "gateway/http/problem.h"

#include <algorithm>
#include <array>
#include <istream>

namespace fieldgate::write {

namespace {

constexpr std::size_t kReadBytes = 64UL * 1024;

bool is_the_rows_fault(ErrorCode code) {
  return code == ErrorCode::kConflict || code == ErrorCode::kInvalid ||
         code == ErrorCode::kTooLarge;
}

void append_row_errors(std::string& json, const std::vector<importing::RowError>& errors) {
  json += '[';
  bool first = true;
  for (const importing::RowError& error : errors) {
    json += first ? "{\"line\":" : ",{\"line\":";
    first = false;
    json += std::to_string(error.line) + ",\"field\":";
    http::append_json_string(json, error.field);
    json += ",\"message\":";
    http::append_json_string(json, error.message);
    json += '}';
  }
  json += ']';
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
      report.rejected.push_back({row.line, {}, done.error().message});
    } else {
      return done.error();
    }
  }
  return ok();
}

Result<void> RowBuffer::on_row(importing::PersonRow row) {
  rows.push_back(std::move(row));
  return ok();
}

void RowBuffer::on_error(importing::RowError error) {
  errors.push_back(std::move(error));
}

void RowBuffer::on_dropped(importing::RowError note) {
  dropped.push_back(std::move(note));
}

Result<void> import_stream(const ImportRun& run, std::istream& in, importing::RowSource& source,
                           RowBuffer& buffer, ImportReport& report) {
  std::uint64_t rows = 0;
  const auto flush = [&]() -> Result<void> {
    ImportReport part;  // a second run of the work starts afresh
    FIELDGATE_CHECK_OK(run.writer.run([&](store::Transaction& transaction) {
      part = {};
      return write_rows(run.sealing, *run.policy, transaction, buffer.rows, part);
    }));
    report.imported += part.imported;
    report.updated += part.updated;
    report.rejected.insert(report.rejected.end(), part.rejected.begin(), part.rejected.end());
    rows += buffer.rows.size();
    buffer.rows.clear();
    if (run.progress) {
      run.progress(rows);
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
    if (buffer.rows.size() >= run.rows_per_transaction) {
      FIELDGATE_CHECK_OK(flush());
    }
  }
  if (in.bad()) {
    return make_error(ErrorCode::kUnavailable, "the file cannot be read to its end");
  }
  if (read.has_value()) {
    read = source.finish();
  }
  if (!buffer.rows.empty()) {
    FIELDGATE_CHECK_OK(flush());
  }
  // A refused file is a report as well: each reason has its line.
  if (read.has_error() && read.error().detail_code != "file-refused") {
    return read.error();
  }
  report.rejected.insert(report.rejected.end(), buffer.errors.begin(), buffer.errors.end());
  std::stable_sort(report.rejected.begin(), report.rejected.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  report.dropped = std::move(buffer.dropped);
  return ok();
}

std::string open_report_json(const ImportReport& report) {
  std::string json = "{\"imported\":" + std::to_string(report.imported) +
                     ",\"updated\":" + std::to_string(report.updated) + ",\"rejected\":";
  append_row_errors(json, report.rejected);
  json += ",\"dropped\":";
  append_row_errors(json, report.dropped);
  return json;
}

}  // namespace fieldgate::write
