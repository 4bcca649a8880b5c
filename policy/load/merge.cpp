#include "policy/load/draft.h"

#include <algorithm>
#include <set>

namespace fieldgate::policy {

namespace {

const std::vector<std::string> kTopKeys{"policy",     "controller", "fields", "purposes",
                                        "recipients", "apps",       "minors", "consent_texts",
                                        "moments",    "invariants", "tests"};

std::string place_words(Draft& draft, const Place& where) {
  return draft.policy.files_[where.file] + ':' + std::to_string(where.line);
}

void merge_map(Draft& draft, std::vector<EntryRef>& into, const EntryRef& section) {
  const auto entries = draft.read.read_map(section.value, "`" + section.name() + "`", true);
  if (!entries) {
    return;
  }
  for (const EntryRef& entry : *entries) {
    const auto first = std::find_if(into.begin(), into.end(), [&](const EntryRef& known) {
      return known.name() == entry.name() && known.key.file != entry.key.file;
    });
    if (first != into.end()) {
      draft.read.error(entry.key.place(), "duplicate-key",
                       "`" + entry.name() + "` is defined a second time",
                       "it stands first in " + place_words(draft, first->key.place()));
      continue;
    }
    into.push_back(entry);
  }
}

void merge_list(Draft& draft, std::vector<NodeRef>& into, const EntryRef& section) {
  if (section.value.is_null()) {
    return;
  }
  if (!section.value.is_list()) {
    draft.read.error(section.value.place(), "wrong-type",
                     "`" + section.name() + "` must be a list");
    return;
  }
  for (const YamlNode& item : section.value.node->items) {
    into.push_back(section.value.with(item));
  }
}

void merge_single(Draft& draft, NodeRef& into, const EntryRef& section) {
  if (into) {
    if (into.file == section.key.file) {
      return;  // the reader of that file has said so
    }
    draft.read.error(section.key.place(), "duplicate-key",
                     "`" + section.name() + "` is defined a second time",
                     "it stands first in " + place_words(draft, into.place()));
    return;
  }
  into = section.value;
}

// False for a section that the language does not have.
bool merge_section(Draft& draft, const EntryRef& entry, const std::string& name) {
  Sections& all = draft.sections;
  if (name == "policy") {
    merge_single(draft, all.version, entry);
  } else if (name == "controller") {
    merge_single(draft, all.controller, entry);
  } else if (name == "minors") {
    merge_single(draft, all.minors, entry);
    all.minors_where = entry.key.place();
  } else if (name == "fields") {
    merge_map(draft, all.fields, entry);
  } else if (name == "purposes") {
    merge_map(draft, all.purposes, entry);
  } else if (name == "recipients") {
    merge_map(draft, all.recipients, entry);
  } else if (name == "apps") {
    merge_map(draft, all.apps, entry);
  } else if (name == "moments") {
    merge_map(draft, all.moments, entry);
  } else if (name == "consent_texts") {
    merge_map(draft, all.consent_texts, entry);
  } else if (name == "invariants") {
    merge_list(draft, all.invariants, entry);
  } else if (name == "tests") {
    merge_list(draft, all.tests, entry);
  } else {
    return false;
  }
  return true;
}

void register_section(Draft& draft, std::vector<EntryRef>& entries, NameTable& table,
                      std::string_view what, std::size_t limit) {
  std::vector<EntryRef> kept;
  kept.reserve(entries.size());
  for (const EntryRef& entry : entries) {
    // A bad name is reported once and then taken, so that its uses do not look wrong as well.
    (void)draft.read.read_name(entry.key, what);
    if (kept.size() == limit) {
      draft.read.error(entry.key.place(), "too-many",
                       "a policy has at most " + std::to_string(limit) + ' ' + std::string(what));
      break;
    }
    if (table.emplace(entry.name(), static_cast<std::uint16_t>(kept.size())).second) {
      kept.push_back(entry);
    }
  }
  entries = std::move(kept);
}

}  // namespace

std::vector<std::string> known_names(const NameTable& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, index] : table) {
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint16_t resolve(Draft& draft, const NameTable& table, std::string_view kind,
                      const PlacedText& word) {
  const std::uint16_t index = find_name(table, word.text);
  if (index == kUnknownIndex) {
    std::string code = "unknown-" + std::string(kind);
    std::replace(code.begin(), code.end(), ' ', '-');
    draft.read.unknown(word.where, std::move(code), kind, word.text, known_names(table));
  }
  return index;
}

void merge_sections(Draft& draft, const std::vector<NodeRef>& roots) {
  std::set<std::string> present;
  for (const NodeRef& root : roots) {
    for (const auto& [key, value] : root.node->entries) {
      present.insert(key.scalar);
    }
  }
  for (const NodeRef& root : roots) {
    const auto entries = draft.read.read_map(root, "a policy file", true);
    for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
      if (merge_section(draft, entry, entry.name())) {
        continue;
      }
      draft.read.unknown(entry.key.place(), "unknown-key", "key", entry.name(), kTopKeys);
      // A misspelt section is read as what it was meant to be: its names are used elsewhere.
      const std::string meant = nearest_word(entry.name(), kTopKeys);
      if (!meant.empty() && !present.contains(meant)) {
        (void)merge_section(draft, entry, meant);
      }
    }
  }
}

void register_names(Draft& draft) {
  CompiledPolicy& policy = draft.policy;
  Sections& all = draft.sections;
  register_section(draft, all.fields, policy.field_names_, "fields", kMaxFields);
  register_section(draft, all.purposes, policy.purpose_names_, "purposes", kMaxPurposes);
  register_section(draft, all.recipients, policy.recipient_names_, "recipients", kMaxApps);
  register_section(draft, all.apps, policy.app_names_, "apps", kMaxApps);
  register_section(draft, all.consent_texts, policy.text_names_, "consent texts", kMaxPurposes);
  register_section(draft, all.moments, policy.moment_names_, "moments", kMaxPurposes);
  const auto marketing = policy.purpose_names_.find(kDirectMarketingName);
  if (marketing != policy.purpose_names_.end()) {
    draft.read.error(all.purposes[marketing->second].key.place(), "reserved-name",
                     "`direct-marketing` stands for all direct marketing and cannot be a purpose",
                     "give the purpose another name", "GDPR 21(2)-(3)");
  }
}

}  // namespace fieldgate::policy
