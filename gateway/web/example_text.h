// Examples of the OpenAPI document as people read and paste them.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace fieldgate::web {

/// JSON with an indent of two; what fits on a line stays on it.
[[nodiscard]] std::string pretty_json(const boost::json::value& value);

/// A shell command that makes the operation's request out of its examples. The address stands in
/// `$FIELDGATE_URL` and the key in the variable that `x-demo-key` names.
[[nodiscard]] std::string curl_command(std::string_view method, std::string_view path,
                                       const boost::json::object& operation);

}  // namespace fieldgate::web
