#include "policy/review/markup.h"
#include "policy/review/purpose_page.h"

#include <fieldgate/base/markup.h>
#include <fieldgate/policy/show.h>

namespace fieldgate::policy {

namespace {

std::vector<PurposePage> pages_of(const CompiledPolicy& policy, PurposeIndex only) {
  std::vector<PurposePage> pages;
  for (std::size_t i = 0; i < policy.purposes_.size(); ++i) {
    const auto index = static_cast<PurposeIndex>(i);
    if (only == kUnknownIndex || only == index) {
      pages.push_back(purpose_page(policy, index));
    }
  }
  return pages;
}

std::string heading_of(const CompiledPolicy& policy) {
  const std::string& name = policy.controller_.name;
  return (name.empty() ? "Policy " : name + ": policy ") + policy.version_;
}

void table_markdown(const PageTable& table, std::string_view empty, std::string& out) {
  out += "\n**" + markdown_text(table.caption) + "**\n\n";
  if (table.rows.empty()) {
    out += std::string(empty) + '\n';
    return;
  }
  const auto row = [&out](const std::vector<std::string>& cells) {
    out += '|';
    for (const std::string& cell : cells) {
      out += ' ' + markdown_text(cell) + " |";
    }
    out += '\n';
  };
  row(table.head);
  out += '|';
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    out += " --- |";
  }
  out += '\n';
  for (const auto& cells : table.rows) {
    row(cells);
  }
}

void table_html(const PageTable& table, std::string_view empty, std::string& out) {
  if (table.rows.empty()) {
    out += "<h3>" + xml_text(table.caption) + "</h3>\n<p>" + std::string(empty) + "</p>\n";
    return;
  }
  out += "<table>\n<caption>" + xml_text(table.caption) + "</caption>\n<thead><tr>";
  for (const std::string& cell : table.head) {
    out += "<th scope=\"col\">" + xml_text(cell) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& cells : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      // A narrow window shows a row as a block, each cell under the name of its column.
      out += i == 0 ? "<th scope=\"row\">" : "<td data-column=\"" + xml_text(table.head[i]) + "\">";
      out += xml_text(cells[i]) + (i == 0 ? "</th>" : "</td>");
    }
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n";
}

constexpr std::string_view kNoFields = "No field is given for it.";
constexpr std::string_view kNoApps = "No app may ask for it.";

constexpr std::string_view kStyle =
    "body{font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:46rem;"
    "margin:2rem auto;padding:0 1rem}"
    "h1,h2,dd{overflow-wrap:anywhere}th,td{overflow-wrap:break-word}h1{font-size:1.6rem}h2{font-"
    "size:1.35rem;margin:2.5rem "
    "0 0}"
    "code{font-family:ui-monospace,monospace}.name{color:#595959;margin:0}"
    "dl{display:grid;grid-template-columns:14rem minmax(0,1fr);gap:.3rem 1rem}dt{font-weight:600}"
    "dd{margin:0}.law{color:#595959;white-space:nowrap}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
    "border-bottom:1px solid #c8c8c8}tbody th{font-weight:400}"
    "@media screen and "
    "(max-width:48rem){dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:.6rem}"
    "nav ul{padding-left:1.2rem}table,caption,tbody,tr,th,td{display:block}"
    "thead{position:absolute;left:-999rem}tr{border-bottom:1px solid #c8c8c8;padding:.4rem 0}"
    "th,td{border:0;padding:0}tbody th{font-weight:600}"
    "td::before{content:attr(data-column) \": \";color:#595959}}"
    "@media print{section+section{break-before:page}nav{display:none}}";

}  // namespace

std::string show_markdown(const PolicySet& policy, PurposeIndex only) {
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return {};
  }
  std::string out = "# " + markdown_text(heading_of(*compiled)) + '\n';
  for (const PurposePage& page : pages_of(*compiled, only)) {
    out += "\n## " + markdown_text(page.title) + "\n\nPurpose `" + page.name + "`.\n\n";
    for (const PageFact& fact : page.facts) {
      out += "- **" + fact.label + ":** " + markdown_text(fact.text) +
             (fact.because.empty() ? "" : " (" + fact.because + ")") + '\n';
    }
    table_markdown(page.fields, kNoFields, out);
    table_markdown(page.apps, kNoApps, out);
  }
  return out;
}

std::string show_html(const PolicySet& policy, PurposeIndex only) {
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return {};
  }
  const std::string heading = xml_text(heading_of(*compiled));
  const std::vector<PurposePage> pages = pages_of(*compiled, only);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      heading + "</title>\n<style>" + std::string(kStyle) +
      "</style>\n</head>\n<body>\n<main>\n<h1>" + heading + "</h1>\n";
  if (pages.size() > 1) {
    out += "<nav aria-label=\"Purposes\"><ul>\n";
    for (const PurposePage& page : pages) {
      out += "<li><a href=\"#" + xml_text(page.name) + "\">" + xml_text(page.title) + "</a></li>\n";
    }
    out += "</ul></nav>\n";
  }
  for (const PurposePage& page : pages) {
    const std::string name = xml_text(page.name);
    out += "<section id=\"" + name + "\" aria-labelledby=\"h-" + name + "\">\n<h2 id=\"h-" + name +
           "\">" + xml_text(page.title) + "</h2>\n<p class=\"name\">Purpose <code>" + name +
           "</code></p>\n<dl>\n";
    for (const PageFact& fact : page.facts) {
      out += "<dt>" + xml_text(fact.label) + "</dt><dd>" + xml_text(fact.text);
      if (!fact.because.empty()) {
        out += " <span class=\"law\">" + xml_text(fact.because) + "</span>";
      }
      out += "</dd>\n";
    }
    out += "</dl>\n";
    table_html(page.fields, kNoFields, out);
    table_html(page.apps, kNoApps, out);
    out += "</section>\n";
  }
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace fieldgate::policy
