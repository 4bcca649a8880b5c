// A policy while it is being read: names first, then bodies, so that a fault in one place does not
// make every reference to it look wrong.
#pragma once

#include "policy/load/node_reader.h"
#include "policy/model/compiled_policy.h"

#include <map>
#include <string>
#include <vector>

namespace fieldgate::policy {

/// The top level of all files, merged.
struct Sections {
  NodeRef version;
  NodeRef controller;
  NodeRef minors;
  Place minors_where;
  std::vector<EntryRef> fields;
  std::vector<EntryRef> purposes;
  std::vector<EntryRef> recipients;
  std::vector<EntryRef> apps;
  std::vector<EntryRef> moments;
  std::vector<EntryRef> consent_texts;
  std::vector<NodeRef> invariants;
  std::vector<NodeRef> tests;
};

struct Draft {
  CompiledPolicy& policy;
  NodeReader& read;
  Sections sections;
  std::vector<bool> faulty_purposes;  ///< whose levels and texts are not to be relied on
  std::map<std::string, std::uint16_t> zone_indexes;
  std::map<std::string, Place> consent_users;  ///< consent text -> the purpose line that uses it
};

/// Merges the top levels; reports unknown and repeated keys.
void merge_sections(Draft& draft, const std::vector<NodeRef>& roots);
/// Gives every named thing its index.
void register_names(Draft& draft);

void read_controller(Draft& draft);
/// The words under an optional key: plain ones, or terms of the Data Privacy Vocabulary.
[[nodiscard]] std::vector<std::string> read_terms(Draft& draft, const NodeRef& map,
                                                  std::string_view key, TermKind kind);
void read_fields(Draft& draft);
void read_recipients(Draft& draft);
void read_consent_texts(Draft& draft);
void read_moments(Draft& draft);
/// A moment written in place; its index.
std::optional<std::uint16_t> read_moment(Draft& draft, const NodeRef& node, std::string name);
void read_purposes(Draft& draft);
void read_apps(Draft& draft);
void read_minors(Draft& draft);
void read_invariants(Draft& draft);
void read_tests(Draft& draft);

/// The names in a table, for suggestions.
[[nodiscard]] std::vector<std::string> known_names(const NameTable& table);
/// Looks a word up; reports it as `unknown-<kind>` when it is not there.
[[nodiscard]] std::uint16_t resolve(Draft& draft, const NameTable& table, std::string_view kind,
                                    const PlacedText& word);

}  // namespace fieldgate::policy
