#include "gateway/web/docs_page.h"

#include "gateway/http/json.h"
#include "gateway/web/example_text.h"

#include <fieldgate/base/markup.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <kainjow/mustache.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

namespace fieldgate::web {

namespace {

namespace json = boost::json;
using kainjow::mustache::data;

/// Schemas with a table of their own: elsewhere they are linked, not repeated.
constexpr std::array<std::string_view, 6> kLinked = {"Audit",      "Reason",  "ReadRequest",
                                                     "ReadAnswer", "Problem", "RecordedProblem"};
constexpr std::array<std::string_view, 4> kSharedParts = {"Audit", "Reason", "RecordedProblem",
                                                          "Problem"};

bool is_linked(std::string_view schema) {
  return std::find(kLinked.begin(), kLinked.end(), schema) != kLinked.end();
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// Escapes; what stands between backticks becomes code.
std::string to_html(std::string_view text) {
  std::string out;
  bool code = false;
  for (const char c : text) {
    if (c == '`') {
      out += code ? "</code>" : "<code>";
      code = !code;
    } else {
      append_xml(out, c);
    }
  }
  return code ? out + "</code>" : out;
}

std::string code_html(std::string_view word) {
  return to_html('`' + std::string(word) + '`');
}

data paragraphs(std::string_view text) {
  data list{data::type::list};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    list << data("html", to_html(text.substr(0, end)));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return list;
}

std::string anchor_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    out += (lower >= 'a' && lower <= 'z') ? lower : '-';
  }
  return out;
}

// Throws what Boost.JSON throws when the document lacks something; `render_docs_page` catches it.
class PageModel {
 public:
  explicit PageModel(const json::object& document) : document_(document) {}

  data build() {
    const json::object& info = document_.at("info").as_object();
    data page;
    page.set("title", text_of(info, "title"));
    page.set("version", text_of(info, "version"));
    page.set("lead", text_of(info, "summary"));
    page.set("about", paragraphs(text_of(info, "description")));
    page.set("credentials", credentials());
    page.set("sections", sections());
    page.set("parts", shared_parts());
    page.set("reasons", reasons());
    page.set("limits", limits());
    return page;
  }

 private:
  struct Resolved {
    std::string name;  ///< of a schema that is referred to
    const json::object* object;
    std::string says;  ///< a reference's own words come before those of what it refers to
  };

  Resolved resolve(const json::object& node) const {
    const std::string reference = text_of(node, "$ref");
    if (reference.empty()) {
      return {{}, &node, text_of(node, "description")};
    }
    if (!reference.starts_with("#/")) {
      throw std::invalid_argument("a reference leads out of the document");
    }
    const json::object* within = &document_;
    std::string_view rest = std::string_view(reference).substr(2);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      within = &within->at(rest.substr(0, end)).as_object();
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const std::string own = text_of(node, "description");
    return {reference.substr(reference.rfind('/') + 1), within,
            own.empty() ? text_of(*within, "description") : own};
  }

  std::string type_html(const json::object& node) const {
    const Resolved schema = resolve(node);
    if (is_linked(schema.name)) {
      return "<a href=\"#schema-" + anchor_of(schema.name) + "\">" + to_html(schema.name) + "</a>";
    }
    if (schema.name == "ReasonCode") {
      return "<a href=\"#reasons\">reason code</a>";
    }
    for (const std::string_view choice : {"anyOf", "oneOf"}) {
      const json::value* options = schema.object->if_contains(choice);
      if (options != nullptr && !schema.object->contains("type")) {
        std::string out;
        for (const json::value& option : options->as_array()) {
          out += (out.empty() ? "" : " or ") + type_html(option.as_object());
        }
        return out;
      }
    }
    const std::string type = text_of(*schema.object, "type");
    if (type == "array") {
      return "list of " + type_html(schema.object->at("items").as_object());
    }
    const std::string format = text_of(*schema.object, "format");
    if (format == "date-time") {
      return "time";
    }
    return format == "date" ? format : type;
  }

  static std::string values_html(const json::object& schema) {
    const json::value* values = schema.if_contains("enum");
    if (values == nullptr || schema.contains("x-reasons")) {
      return {};
    }
    std::string out;
    for (const json::value& value : values->as_array()) {
      out += (out.empty() ? " One of " : ", ") + code_html(value.as_string());
    }
    return out + '.';
  }

  static bool names(const json::object& schema, std::string_view list, std::string_view member) {
    const json::value* required = schema.if_contains(list);
    if (required == nullptr) {
      return false;
    }
    for (const json::value& entry : required->as_array()) {
      if (entry.is_string() ? entry.get_string() == member
                            : names(entry.as_object(), "required", member)) {
        return true;
      }
    }
    return false;
  }

  void add_member(data& rows, const std::string& name, const json::object& node,
                  std::string_view needed) const {
    const Resolved schema = resolve(node);
    data row;
    row.set("name", name);
    row.set("type", type_html(node));
    row.set("needed", std::string(needed));
    row.set("says", to_html(schema.says) + values_html(*schema.object));
    rows << row;
    if (!is_linked(schema.name)) {
      add_members(rows, *schema.object, name + '.');
    }
  }

  void add_members(data& rows, const json::object& schema, const std::string& prefix) const {
    if (const json::value* properties = schema.if_contains("properties")) {
      for (const auto& property : properties->as_object()) {
        const std::string_view needed = names(schema, "required", property.key()) ? "yes"
                                        : names(schema, "oneOf", property.key())  ? "one of the two"
                                                                                  : "no";
        add_member(rows, prefix + std::string(property.key()), property.value().as_object(),
                   needed);
      }
    }
    const json::value* others = schema.if_contains("additionalProperties");
    if (others != nullptr && others->is_object()) {
      const Resolved each = resolve(others->get_object());
      if (each.object->contains("properties") && !is_linked(each.name)) {
        add_members(rows, *each.object, prefix + "*.");
      } else {
        add_member(rows, prefix + '*', others->get_object(), "no");
      }
    }
    const json::value* items = schema.if_contains("items");
    if (items != nullptr && items->is_object()) {
      const Resolved each = resolve(items->get_object());
      if (!is_linked(each.name)) {
        add_members(rows, *each.object, prefix.substr(0, prefix.size() - 1) + "[].");
      }
    }
  }

  data table(const Resolved& schema, const std::string& caption, bool request) const {
    data rows{data::type::list};
    add_members(rows, *schema.object, {});
    return table_of(rows, caption, request ? "Needed" : "Always",
                    is_linked(schema.name) ? "schema-" + anchor_of(schema.name) : std::string());
  }

  static data table_of(const data& rows, const std::string& caption, const std::string& needed_word,
                       const std::string& anchor) {
    data out;
    out.set("caption", caption);
    out.set("needed_word", needed_word);
    out.set("has_anchor", !anchor.empty());
    out.set("anchor", anchor);
    out.set("members", rows);
    return out;
  }

  data credentials() const {
    data list{data::type::list};
    for (const auto& scheme :
         document_.at("components").as_object().at("securitySchemes").as_object()) {
      list << data("html", to_html(text_of(scheme.value().as_object(), "description")));
    }
    return list;
  }

  data sections() const {
    data list{data::type::list};
    for (const json::value& entry : document_.at("tags").as_array()) {
      const std::string name = text_of(entry.as_object(), "name");
      data section;
      section.set("section_name", name);
      section.set("section_anchor", anchor_of(name));
      section.set("section_says", to_html(text_of(entry.as_object(), "description")));
      data operations{data::type::list};
      for (const auto& path : document_.at("paths").as_object()) {
        for (const auto& operation : path.value().as_object()) {
          const json::object& described = operation.value().as_object();
          if (described.at("tags").as_array().front().as_string() == name) {
            operations << operation_data(operation.key(), path.key(), described);
          }
        }
      }
      section.set("operations", operations);
      list << section;
    }
    return list;
  }

  data operation_data(std::string_view method_word, std::string_view path,
                      const json::object& operation) const {
    std::string method(method_word);
    std::transform(method.begin(), method.end(), method.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    });
    data out;
    out.set("method", method);
    out.set("path", std::string(path));
    out.set("anchor", anchor_of(text_of(operation, "operationId")));
    out.set("summary", text_of(operation, "summary"));
    out.set("paragraphs", paragraphs(text_of(operation, "description")));
    out.set("access", access_html(operation));
    out.set("curl", curl_command(method, path, operation));
    data tables{data::type::list};
    if (const json::value* parameters = operation.if_contains("parameters")) {
      tables << parameter_table(parameters->as_array());
    }
    if (const json::value* body = operation.if_contains("requestBody")) {
      const json::object& content =
          body->as_object().at("content").as_object().begin()->value().as_object();
      const Resolved schema = resolve(content.at("schema").as_object());
      if (schema.object->contains("properties")) {
        tables << table(schema, "Members of the request", true);
      }
    }
    out.set("request_tables", tables);
    add_answers(out, operation.at("responses").as_object());
    return out;
  }

  static std::string access_html(const json::object& operation) {
    if (operation.at("security").as_array().empty()) {
      return "No key is needed.";
    }
    const bool basic = operation.at("security").as_array().front().as_object().contains("basic");
    const std::string role = text_of(operation, "x-role");
    return std::string(basic ? "Needs a key, by HTTP Basic." : "Needs a key.") +
           (role.empty() ? "" : to_html(" Role: `" + role + "`."));
  }

  data parameter_table(const json::array& parameters) const {
    data rows{data::type::list};
    for (const json::value& entry : parameters) {
      const json::object& parameter = entry.as_object();
      const json::value* required = parameter.if_contains("required");
      data row;
      row.set("name", text_of(parameter, "name"));
      row.set("type", type_html(parameter.at("schema").as_object()));
      row.set("needed", required != nullptr && required->as_bool() ? "yes" : "no");
      row.set("says", to_html("In the " + text_of(parameter, "in") + ". " +
                              text_of(parameter, "description")));
      rows << row;
    }
    return table_of(rows, "Parameters", "Needed", {});
  }

  void add_answers(data& operation, const json::object& responses) const {
    data answers{data::type::list};
    data tables{data::type::list};
    data examples{data::type::list};
    for (const auto& response : responses) {
      const Resolved answer = resolve(response.value().as_object());
      const std::string status(response.key());
      data row;
      row.set("status", status == "default" ? std::string("other") : status);
      row.set("says", to_html(answer.says));
      answers << row;
      if (status.front() != '2') {
        continue;
      }
      const json::object& content =
          answer.object->at("content").as_object().begin()->value().as_object();
      const Resolved schema = resolve(content.at("schema").as_object());
      if (schema.object->contains("properties")) {
        tables << table(schema, "Members of the answer", false);
      }
      if (const json::value* example = content.if_contains("example")) {
        data shown;
        shown.set("example_status", status);
        shown.set("example", pretty_json(*example));
        examples << shown;
      }
    }
    operation.set("answers", answers);
    operation.set("answer_tables", tables);
    operation.set("examples", examples);
  }

  data shared_parts() const {
    data list{data::type::list};
    const json::object& schemas = document_.at("components").as_object().at("schemas").as_object();
    for (const std::string_view name : kSharedParts) {
      const json::object& schema = schemas.at(name).as_object();
      data part = table({std::string(name), &schema, {}}, "Members of " + std::string(name), false);
      part.set("part_name", std::string(name));
      part.set("part_says", to_html(text_of(schema, "description")));
      list << part;
    }
    return list;
  }

  data reasons() const {
    data list{data::type::list};
    const json::object& schemas = document_.at("components").as_object().at("schemas").as_object();
    for (const json::value& entry :
         schemas.at("ReasonCode").as_object().at("x-reasons").as_array()) {
      const json::object& reason = entry.as_object();
      data row;
      for (const std::string_view member : {"code", "because", "status"}) {
        row.set(std::string(member), text_of(reason, member));
      }
      row.set("says", to_html(text_of(reason, "says")));
      list << row;
    }
    return list;
  }

  data limits() const {
    data list{data::type::list};
    for (const json::value& entry : document_.at("x-limits").as_array()) {
      const json::object& limit = entry.as_object();
      data row;
      row.set("what", to_html(text_of(limit, "what")));
      row.set("limit", text_of(limit, "limit"));
      row.set("beyond", text_of(limit, "beyond"));
      list << row;
    }
    return list;
  }

  const json::object& document_;
};

}  // namespace

Result<std::string> render_docs_page(std::string_view openapi_json, std::string_view page_template,
                                     std::string_view table_template) {
  FIELDGATE_TRY(const json::value document, http::parse_json(openapi_json));
  kainjow::mustache::mustache page{std::string(page_template)};
  if (!page.is_valid()) {
    return make_error(ErrorCode::kInvalid, "the template is malformed: " + page.error_message());
  }
  try {
    data model = PageModel(document.as_object()).build();
    const std::string table(table_template);
    model.set("table", kainjow::mustache::partial([table] { return table; }));
    return page.render(model);
  } catch (const std::exception& fault) {
    return make_error(ErrorCode::kInvalid,
                      std::string("the openapi document lacks a part: ") + fault.what());
  }
}

}  // namespace fieldgate::web
