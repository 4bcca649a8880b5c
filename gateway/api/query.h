// Query strings: name=value pairs, percent-decoded, each at most once.
#pragma once

#include <fieldgate/base/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::api {

/// Parses "a=1&b=2"; '+' is a space (WHATWG URL, application/x-www-form-urlencoded). A repeated or
/// malformed parameter, or one that is not in `known`, is `kInvalid`: a parameter that one reader
/// takes first and another last is an attack.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_query(
    std::string_view query, std::initializer_list<std::string_view> known);

/// Reads the parameter `limit`: a number from 1 to `most`.
[[nodiscard]] Result<std::size_t> parse_limit(std::string_view text, std::size_t most);

}  // namespace fieldgate::api
