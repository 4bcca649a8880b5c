#include "gateway/web/example_text.h"

#include "gateway/http/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>

namespace fieldgate::web {

namespace {

namespace json = boost::json;

constexpr std::size_t kLineWidth = 76;

std::string quoted(std::string_view text) {
  std::string out;
  http::append_json_string(out, text);
  return out;
}

std::string on_one_line(const json::value& value) {
  if (const auto* object = value.if_object()) {
    std::string out = "{";
    for (const auto& member : *object) {
      out +=
          (out.size() > 1 ? ", " : "") + quoted(member.key()) + ": " + on_one_line(member.value());
    }
    return out + '}';
  }
  if (const auto* array = value.if_array()) {
    std::string out = "[";
    for (const json::value& item : *array) {
      out += (out.size() > 1 ? ", " : "") + on_one_line(item);
    }
    return out + ']';
  }
  return json::serialize(value);
}

void append_pretty(std::string& out, const json::value& value, std::size_t indent,
                   std::size_t before) {
  std::string line = on_one_line(value);
  if (before + line.size() <= kLineWidth || (!value.is_object() && !value.is_array())) {
    out += line;
    return;
  }
  const std::string margin(indent + 2, ' ');
  bool first = true;
  if (const auto* object = value.if_object()) {
    out += '{';
    for (const auto& member : *object) {
      const std::string name = quoted(member.key()) + ": ";
      out += (first ? "\n" : ",\n") + margin + name;
      append_pretty(out, member.value(), indent + 2, margin.size() + name.size() + 1);
      first = false;
    }
  } else {
    out += '[';
    for (const json::value& item : value.get_array()) {
      out += (first ? "\n" : ",\n") + margin;
      append_pretty(out, item, indent + 2, margin.size() + 1);
      first = false;
    }
  }
  out += '\n' + std::string(indent, ' ') + (value.is_object() ? '}' : ']');
}

// Fills "{name}" in the path, and gathers what goes into the query.
void take_parameters(const json::object& operation, std::string& path, std::string& query) {
  const json::value* parameters = operation.if_contains("parameters");
  if (parameters == nullptr || !parameters->is_array()) {
    return;
  }
  for (const json::value& entry : parameters->get_array()) {
    const json::object& parameter = entry.as_object();
    const std::string name(parameter.at("name").as_string());
    const json::value* example = parameter.if_contains("example");
    if (example == nullptr) {
      continue;  // one that this request does without
    }
    const std::string text =
        example->is_string() ? std::string(example->get_string()) : json::serialize(*example);
    if (parameter.at("in").as_string() == "path") {
      const std::size_t at = path.find('{' + name + '}');
      if (at != std::string::npos) {
        path.replace(at, name.size() + 2, text);
      }
    } else {
      query += " \\\n  --data-urlencode '" + name + '=' + text + '\'';
    }
  }
}

std::string credential(const json::object& operation) {
  const json::value* variable = operation.if_contains("x-demo-key");
  const json::value* security = operation.if_contains("security");
  if (variable == nullptr || security == nullptr || security->as_array().empty()) {
    return {};
  }
  const std::string name(variable->as_string());
  if (security->as_array().front().as_object().contains("basic")) {
    return " \\\n  -u \"$" + name + ":\"";
  }
  return " \\\n  -H \"Authorization: Bearer $" + name + '"';
}

std::string request_body(const json::object& operation) {
  const json::value* body = operation.if_contains("requestBody");
  if (body == nullptr) {
    return {};
  }
  const auto& [media, content] = *body->as_object().at("content").as_object().begin();
  std::string out = " \\\n  -H 'Content-Type: " + std::string(media) + '\'';
  const json::value& example = content.as_object().at("example");
  if (example.is_string()) {
    return out + " \\\n  --data-binary '" + std::string(example.get_string()) + '\'';
  }
  return out + " \\\n  -d '" + pretty_json(example) + '\'';
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string out;
  append_pretty(out, value, 0, 0);
  return out;
}

std::string curl_command(std::string_view method, std::string_view path,
                         const json::object& operation) {
  std::string target(path);
  std::string query;
  take_parameters(operation, target, query);
  std::string out = "curl -s ";
  if (method == "PATCH") {
    out += "-X PATCH ";
  }
  if (!query.empty()) {
    out += "-G ";
  }
  return out + "\"$FIELDGATE_URL" + target + '"' + credential(operation) + query +
         request_body(operation);
}

}  // namespace fieldgate::web
