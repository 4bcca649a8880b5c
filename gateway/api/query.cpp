#include "gateway/api/query.h"

#include "gateway/http/target.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fieldgate::api {

namespace {

// '+' is a space in a query, and a percent-encoded plus is not.
std::optional<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  std::string out;
  if (!http::percent_decode(spaced, out)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_query(
    std::string_view query, std::initializer_list<std::string_view> known) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    auto value =
        decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
    const bool repeated = std::any_of(pairs.begin(), pairs.end(),
                                      [&](const auto& seen) { return seen.first == name; });
    if (!value || repeated || std::find(known.begin(), known.end(), name) == known.end()) {
      std::string words;
      for (const std::string_view word : known) {
        words += (words.empty() ? "`" : ", `") + std::string(word) + '`';
      }
      return make_error(ErrorCode::kInvalid,
                        "the query takes " + words + ", each at most once and well-formed");
    }
    pairs.emplace_back(name, std::move(*value));
  }
  return pairs;
}

Result<std::size_t> parse_limit(std::string_view text, std::size_t most) {
  std::size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, limit);
  if (failure != std::errc{} || rest != end || limit == 0 || limit > most) {
    return make_error(ErrorCode::kInvalid,
                      "`limit` must be a number from 1 to " + std::to_string(most));
  }
  return limit;
}

}  // namespace fieldgate::api
