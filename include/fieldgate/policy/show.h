// A policy for reading: a page for each purpose, and the matrix of apps and fields.
#pragma once

#include <fieldgate/policy/model.h>

#include <string>

namespace fieldgate::policy {

/// `only` is one purpose, or `kUnknownIndex` for all of them, in the order of the policy. What the
/// policy says is escaped, so that none of it acts as markup. Pure.
[[nodiscard]] std::string show_markdown(const PolicySet& policy, PurposeIndex only = kUnknownIndex);
/// One HTML document without script or outside resources; each purpose begins a printed page.
[[nodiscard]] std::string show_html(const PolicySet& policy, PurposeIndex only = kUnknownIndex);

/// Apps by fields as an SVG: what each app could ever see, in words and in colour, with a title, a
/// description that tells the same, and the purposes behind each cell.
[[nodiscard]] std::string show_matrix(const PolicySet& policy);

}  // namespace fieldgate::policy
