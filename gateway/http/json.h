// Strict JSON (RFC 8259) for request bodies and NDJSON lines.
#pragma once

#include <fieldgate/base/result.h>

#include <boost/json/value.hpp>

#include <string_view>

namespace fieldgate::http {

/// Deepest nesting of a body.
inline constexpr std::size_t kMaxJsonDepth = 32;

/// Parses one JSON text into `storage`. Refuses with `kInvalid` and the byte offset: bad syntax, a
/// byte order mark, invalid UTF-8, lone surrogates, U+0000 anywhere in a string, duplicate keys,
/// numbers that are not finite or lose precision as an integer or a double, nesting beyond the
/// limit.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text,
                                                    boost::json::storage_ptr storage = {});

}  // namespace fieldgate::http
