#include "gateway/import/flat_row.h"
#include "gateway/import/row_builder.h"
#include "gateway/import/row_source.h"

#include <csv.h>
#include <algorithm>
#include <unordered_map>

namespace fieldgate::importing {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libcsv's parser, begun anew after each fault in the syntax.
class CsvParser {
 public:
  explicit CsvParser(char delimiter) : delimiter_(delimiter) { begin(); }
  ~CsvParser() { csv_free(&parser_); }
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;

  void restart() {
    csv_free(&parser_);
    begin();
  }
  csv_parser* get() { return &parser_; }

 private:
  void begin() {
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
  }
  csv_parser parser_{};
  char delimiter_;
};

class CsvSource final : public RowSource {
 public:
  CsvSource(const policy::PolicySet& policy, const Mapping* mapping, ImportDefaults defaults,
            RowSink& sink)
      : policy_(policy),
        given_mapping_(mapping),
        defaults_(std::move(defaults)),
        sink_(sink),
        parser_(mapping != nullptr ? mapping->delimiter : ',') {}

  Result<void> feed(std::string_view piece) override {
    if (!started_) {
      start_.append(piece);
      if (start_.size() < kByteOrderMark.size()) {
        return ok();
      }
      FIELDGATE_CHECK_OK(start());
      const std::string held = std::move(start_);
      return feed_lines(std::string_view(held).substr(
          held.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0));
    }
    return feed_lines(piece);
  }

  Result<void> finish() override {
    if (!started_) {
      FIELDGATE_CHECK_OK(start());
      FIELDGATE_CHECK_OK(feed_lines(std::exchange(start_, {})));
    }
    if (state_ == State::kReading) {
      if (csv_fini(parser_.get(), &on_cell, &on_row_end, this) != 0) {
        refuse_row(
            "the quote that opens a cell in this row is never closed; the rest of the file "
            "was not read");
      }
    } else if (state_ == State::kTooLong) {
      refuse_too_long();
    }
    if (!failure_ && !header_read_) {
      sink_.on_error({1, {}, "the file is empty: it has no header line"});
      refuse_file();
    }
    return failure_ ? Result<void>(*failure_) : ok();
  }

 private:
  enum class State {
    kReading,
    kSkippingLine,  // after a fault in the syntax: on to the next line
    kTooLong,       // in a row beyond the limit: on to its end
  };

  Result<void> start() {
    started_ = true;
    const bool utf16 = start_.starts_with("\xFF\xFE") || start_.starts_with("\xFE\xFF");
    if (utf16) {
      sink_.on_error({1, {}, "the file is UTF-16; save it as UTF-8"});
      refuse_file();
      return *failure_;
    }
    return ok();
  }

  // Cuts at line ends, so that each row's physical line is known: libcsv does not tell.
  Result<void> feed_lines(std::string_view text) {
    while (!text.empty() && !failure_) {
      const std::size_t end = text.find_first_of("\r\n");
      const bool complete = end != std::string_view::npos;
      feed_segment(text.substr(0, complete ? end + 1 : text.size()), complete);
      text.remove_prefix(complete ? end + 1 : text.size());
    }
    return failure_ ? Result<void>(*failure_) : ok();
  }

  void feed_segment(std::string_view segment, bool complete) {
    if (state_ != State::kSkippingLine) {
      quotes_ += static_cast<std::size_t>(std::count(segment.begin(), segment.end(), '"'));
      row_bytes_ += segment.size();
    }
    if (state_ == State::kReading && row_bytes_ > kMaxRowBytes) {
      state_ = State::kTooLong;
      parser_.restart();
      cells_ = 0;
    }
    if (state_ == State::kReading && csv_parse(parser_.get(), segment.data(), segment.size(),
                                               &on_cell, &on_row_end, this) != segment.size()) {
      refuse_row(csv_error(parser_.get()) == CSV_EPARSE
                     ? "a quote stands where none may: cells with quotes are put in quotes, and "
                       "the quotes in them doubled" +
                           until_line()
                     : std::string("the row cannot be read"));
      state_ = State::kSkippingLine;
    }
    if (!complete) {
      after_carriage_return_ = false;
      return;
    }
    // A line end belongs to the cell while a quote is open.
    const bool row_ends = state_ == State::kSkippingLine || quotes_ % 2 == 0;
    if (row_ends && state_ == State::kTooLong) {
      refuse_too_long();
    }
    const bool second_half = segment == "\n" && after_carriage_return_;
    line_ += second_half ? 0 : 1;
    after_carriage_return_ = segment.back() == '\r';
    if (row_ends) {
      state_ = State::kReading;
      row_line_ = line_;
      row_bytes_ = 0;
      quotes_ = 0;
    }
  }

  std::string until_line() const {
    return line_ == row_line_ ? std::string()
                              : "; lines " + std::to_string(row_line_) + " to " +
                                    std::to_string(line_) + " were not read";
  }

  void refuse_too_long() {
    sink_.on_error({row_line_,
                    {},
                    "the row is longer than " + std::to_string(kMaxRowBytes) +
                        " bytes; is a quote left open" + until_line()});
    if (!header_read_) {
      refuse_file();
    }
  }

  // A row that is no CSV: nothing of it is kept.
  void refuse_row(std::string message) {
    sink_.on_error({row_line_, {}, std::move(message)});
    parser_.restart();
    cells_ = 0;
    if (!header_read_) {
      refuse_file();
    }
  }

  void refuse_file() {
    failure_ = make_error(ErrorCode::kInvalid, "the file is refused: nothing was read from it",
                          "file-refused");
  }

  static void on_cell(void* text, std::size_t size, void* self) {
    auto& source = *static_cast<CsvSource*>(self);
    if (source.cells_ < kMaxColumns) {
      if (source.cells_ == source.row_.size()) {
        source.row_.emplace_back();
      }
      source.row_[source.cells_].assign(
          size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(text), size));
    }
    ++source.cells_;
  }

  static void on_row_end(int /*terminator*/, void* self) {
    auto& source = *static_cast<CsvSource*>(self);
    if (!source.failure_) {
      source.header_read_ ? source.read_row() : source.read_header();
    }
    source.cells_ = 0;
  }

  void read_header() {
    header_read_ = true;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(cells_, kMaxColumns); ++i) {
      const std::string& cell = row_[i];
      const std::size_t first = cell.find_first_not_of(" \t");
      names.push_back(first == std::string::npos
                          ? std::string()
                          : cell.substr(first, cell.find_last_not_of(" \t") - first + 1));
    }
    column_count_ = names.size();
    mapping_ = given_mapping_ != nullptr ? *given_mapping_ : mapping_by_name(policy_, names);
    if (!check_header(names)) {
      refuse_file();
      return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      columns_.emplace(names[i], i);
    }
  }

  bool check_header(const std::vector<std::string>& names) {
    const std::vector<std::string> known =
        given_mapping_ != nullptr ? columns_of(mapping_) : names_without_mapping(policy_);
    const auto is_known = [&](const std::string& name) {
      return std::find(known.begin(), known.end(), name) != known.end();
    };
    if (cells_ > kMaxColumns) {
      return bad_header({}, "the file has more than " + std::to_string(kMaxColumns) + " columns");
    }
    // Without any known column this is hardly a header: what stands in it may be personal data.
    if (std::none_of(names.begin(), names.end(), is_known)) {
      return bad_header({},
                        "no column of the first line is known; has the file a header line, and "
                        "is it separated by `" +
                            std::string(1, mapping_.delimiter) + "`");
    }
    bool good = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      const std::string column = "column " + std::to_string(i + 1);
      if (!is_known(name)) {
        const std::string near = nearest_word(name, known);
        good = bad_header(quoted_name(name).empty() ? column : name,
                          column + " has the unknown name" + quoted_name(name) +
                              (near.empty() ? "" : "; did you mean `" + near + "`"));
      } else if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), name) !=
                 names.begin() + static_cast<std::ptrdiff_t>(i)) {
        good = bad_header(excerpt(name), column + " has the name of an earlier one");
      }
    }
    for (const std::string& name : given_mapping_ != nullptr ? known : std::vector<std::string>()) {
      const bool ignored = std::find(mapping_.ignored.begin(), mapping_.ignored.end(), name) !=
                           mapping_.ignored.end();
      if (!ignored && std::find(names.begin(), names.end(), name) == names.end()) {
        good = bad_header(excerpt(name), "the mapping names a column that the file does not have");
      }
    }
    if (mapping_.identifiers.empty()) {
      good = bad_header({}, "no column is an identifier: email, phone or account_id");
    }
    return good;
  }

  bool bad_header(std::string field, std::string message) {
    sink_.on_error({row_line_, std::move(field), std::move(message)});
    return false;
  }

  void read_row() {
    if (cells_ != column_count_) {
      sink_.on_error({row_line_,
                      {},
                      "the row has " + std::to_string(cells_) + " columns and the header " +
                          std::to_string(column_count_)});
      return;
    }
    RowBuilder builder(policy_, defaults_, row_line_);
    read_flat_row(builder, policy_, mapping_, defaults_,
                  [this](const std::string& column) { return Cell{row_[columns_.at(column)]}; });
    RowError error;
    auto row = builder.finish(error);
    if (!row) {
      sink_.on_error(std::move(error));
      return;
    }
    for (const RowError& note : builder.dropped()) {
      sink_.on_dropped(note);
    }
    auto taken = sink_.on_row(std::move(*row));
    if (taken.has_error()) {
      failure_ = std::move(taken).error();
    }
  }

  const policy::PolicySet& policy_;
  const Mapping* given_mapping_;
  const ImportDefaults defaults_;
  RowSink& sink_;
  CsvParser parser_;
  Mapping mapping_;
  std::unordered_map<std::string, std::size_t> columns_;
  std::size_t column_count_ = 0;

  std::string start_;  // the first bytes, until a byte order mark can be told
  bool started_ = false;
  bool header_read_ = false;
  std::optional<Error> failure_;

  State state_ = State::kReading;
  std::size_t line_ = 1;      // the physical line that is being read
  std::size_t row_line_ = 1;  // and the one on which its row began
  bool after_carriage_return_ = false;
  std::size_t row_bytes_ = 0;
  std::size_t quotes_ = 0;        // of the row so far: an odd number is an open quote
  std::vector<std::string> row_;  // reused; the first cells_ of it count
  std::size_t cells_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> make_csv_source(const policy::PolicySet& policy, const Mapping* mapping,
                                           ImportDefaults defaults, RowSink& sink) {
  return std::make_unique<CsvSource>(policy, mapping, std::move(defaults), sink);
}

Result<void> read_all(std::istream& in, RowSource& source) {
  constexpr std::size_t kPieceBytes = 64UL * 1024;
  std::string piece(kPieceBytes, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    FIELDGATE_CHECK_OK(
        source.feed(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount()))));
  }
  if (in.bad()) {
    return make_error(ErrorCode::kUnavailable, "the file could not be read to its end");
  }
  return source.finish();
}

}  // namespace fieldgate::importing
