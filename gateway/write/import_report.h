// What became of an import: how many people, and which rows were not taken.
#pragma once

#include "gateway/import/person_row.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fieldgate::write {

/// Rejected rows that a report lists, and dropped values likewise; what is beyond it is counted.
inline constexpr std::size_t kMaxListedProblems = 1000;

/// The first problems of an import by line, and how many there are in all.
class ProblemList {
 public:
  /// Adds one; those of one list come in order of line.
  void add(importing::RowError problem);
  /// Takes in another list's, and keeps the first of both.
  void merge(const ProblemList& other);
  [[nodiscard]] const std::vector<importing::RowError>& listed() const { return listed_; }
  /// All of them, listed or not.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t not_listed() const { return size_ - listed_.size(); }

 private:
  std::vector<importing::RowError> listed_;
  std::uint64_t size_ = 0;
};

struct ImportReport {
  std::uint64_t imported = 0;  ///< new people
  std::uint64_t updated = 0;   ///< known people
  ProblemList rejected;        ///< rows that were not written
  ProblemList dropped;         ///< values that a mapping allows to be left out
};

/// The report as JSON: {"imported", "updated", "rejected": [{"line", "field", "message"}],
/// "dropped": [likewise], "problems_not_listed": {"rejected", "dropped"}} without its last brace,
/// so that an answer can add its proof.
[[nodiscard]] std::string open_report_json(const ImportReport& report);

}  // namespace fieldgate::write
