// Collects the values of one row, checks them, and gives the row or its one error.
#pragma once

#include "gateway/import/mapping.h"
#include "gateway/import/person_row.h"
#include "gateway/import/row_source.h"

#include <fieldgate/base/result.h>
#include <fieldgate/policy/model.h>

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::importing {

/// Reads an RFC 3339 time, or a date, which begins at 00:00 UTC.
[[nodiscard]] std::optional<UtcTime> parse_moment(std::string_view text);
[[nodiscard]] bool is_source(std::string_view text);
[[nodiscard]] std::vector<std::string> field_names(const policy::PolicySet& policy);
/// The name in backticks with a space before it when it looks like a name somebody gave to a
/// column; else empty, for it may be a value that stands in the wrong place.
[[nodiscard]] std::string quoted_name(std::string_view name);

/// One value as it stands in a file: a CSV cell, or a JSON value.
struct Cell {
  std::string_view text;
  const boost::json::value* json = nullptr;
  /// An empty cell, null and "" are no value.
  [[nodiscard]] bool absent() const;
};

class RowBuilder {
 public:
  RowBuilder(const policy::PolicySet& policy, const ImportDefaults& defaults, std::size_t line)
      : policy_(policy), region_(defaults.country), now_(defaults.now), line_(line) {}

  /// Adds what a cell holds; absent cells are left out. The country must come before the phone
  /// numbers that it helps to read. A value that is not valid is a fault, or is dropped.
  void add_identifier(IdentifierType type, const Cell& cell, bool drop_invalid = false);
  void add_field(FieldIndex field, const Cell& cell, const ValueOrigin& origin,
                 const std::string& source, UtcTime collected_at);

  /// The source, or the time of collection, that a cell states; what is given in its absence.
  [[nodiscard]] std::string source_of(const Cell& cell, const std::string& otherwise);
  [[nodiscard]] UtcTime moment_of(const Cell& cell, UtcTime otherwise);

  void fault(std::string field, std::string message);
  /// Nothing that is found now would be told: a reader may stop looking.
  [[nodiscard]] bool has_told_enough() const { return more_faults_; }

  /// The row; or nothing, and `error` is filled. The builder is then spent.
  [[nodiscard]] std::optional<PersonRow> finish(RowError& error);
  [[nodiscard]] const std::vector<RowError>& dropped() const { return dropped_; }

 private:
  void refuse(const std::string& field, const std::string& message, bool drop);
  // A column that is both an identifier and a field is normalised once: phone numbers are slow.
  const Result<std::string>& normalised(IdentifierType type, const std::string& text);
  [[nodiscard]] Result<std::string> encoded(const policy::Field& field, const Cell& cell,
                                            ValueOrigin::Form form);

  const policy::PolicySet& policy_;
  std::string region_;
  UtcTime now_;
  std::size_t line_;
  PersonRow row_;
  std::optional<RowError> error_;
  std::vector<std::string> faulty_;  // what error_ tells of
  bool more_faults_ = false;         // and there are others
  std::vector<RowError> dropped_;
  struct Normalised {
    IdentifierType type;
    std::string text;
    Result<std::string> outcome;
  };
  std::vector<Normalised> normalised_;
};

}  // namespace fieldgate::importing
