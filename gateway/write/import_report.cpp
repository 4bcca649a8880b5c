#include "gateway/write/import_report.h"

#include "gateway/http/problem.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fieldgate::write {

namespace {

void append_problems(std::string& json, const ProblemList& problems) {
  json += '[';
  bool first = true;
  for (const importing::RowError& problem : problems.listed()) {
    json += first ? "{\"line\":" : ",{\"line\":";
    first = false;
    json += std::to_string(problem.line) + ",\"field\":";
    http::append_json_string(json, problem.field);
    json += ",\"message\":";
    http::append_json_string(json, problem.message);
    json += '}';
  }
  json += ']';
}

}  // namespace

void ProblemList::add(importing::RowError problem) {
  ++size_;
  if (listed_.size() < kMaxListedProblems) {
    listed_.push_back(std::move(problem));
  }
}

void ProblemList::merge(const ProblemList& other) {
  if (other.size_ == 0) {
    return;
  }
  size_ += other.size_;
  std::vector<importing::RowError> both;
  both.reserve(listed_.size() + other.listed_.size());
  std::merge(
      std::make_move_iterator(listed_.begin()), std::make_move_iterator(listed_.end()),
      other.listed_.begin(), other.listed_.end(), std::back_inserter(both),
      [](const importing::RowError& a, const importing::RowError& b) { return a.line < b.line; });
  both.resize(std::min(both.size(), kMaxListedProblems));
  listed_ = std::move(both);
}

std::string open_report_json(const ImportReport& report) {
  std::string json = "{\"imported\":" + std::to_string(report.imported) +
                     ",\"updated\":" + std::to_string(report.updated) + ",\"rejected\":";
  append_problems(json, report.rejected);
  json += ",\"dropped\":";
  append_problems(json, report.dropped);
  json += ",\"problems_not_listed\":{\"rejected\":" + std::to_string(report.rejected.not_listed()) +
          ",\"dropped\":" + std::to_string(report.dropped.not_listed()) + '}';
  return json;
}

}  // namespace fieldgate::write
