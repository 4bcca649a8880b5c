#include "policy/dpv/terms.h"

#include <fieldgate/base/diagnostic.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace fieldgate::policy {

namespace {

constexpr DpvTerm kTerms[] = {
#include "policy/dpv/terms_table.inc"
};

struct Vocabulary {
  std::string_view name;
  std::string_view iri;
};
constexpr Vocabulary kVocabularies[] = {
    {"dpv", "https://w3id.org/dpv#"},
    {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
    {"pd", "https://w3id.org/dpv/pd#"},
};

std::string written(const DpvTerm& term) {
  return std::string(term.vocabulary) + ':' + std::string(term.name);
}

}  // namespace

std::span<const DpvTerm> dpv_terms() {
  return kTerms;
}

const DpvTerm* find_dpv_term(std::string_view term) {
  const std::size_t colon = term.find(':');
  if (colon == std::string_view::npos) {
    return nullptr;
  }
  const std::pair key(term.substr(0, colon), term.substr(colon + 1));
  const auto* found = std::lower_bound(
      std::begin(kTerms), std::end(kTerms), key, [](const DpvTerm& one, const auto& wanted) {
        return std::tie(one.vocabulary, one.name) < std::tie(wanted.first, wanted.second);
      });
  return found != std::end(kTerms) && found->vocabulary == key.first && found->name == key.second
             ? found
             : nullptr;
}

std::string_view dpv_namespace(std::string_view vocabulary) {
  for (const Vocabulary& one : kVocabularies) {
    if (one.name == vocabulary) {
      return one.iri;
    }
  }
  return {};
}

std::string nearest_dpv_term(std::string_view term, TermKind kind) {
  const std::string_view name = term.substr(term.find(':') + 1);
  std::vector<std::string> names;
  for (const DpvTerm& one : kTerms) {
    if (one.kind == kind) {
      // The right name under another vocabulary is nearer than any other name.
      if (one.name == name) {
        return written(one);
      }
      names.push_back(written(one));
    }
  }
  return nearest_word(term, names);
}

std::string_view term_kind_words(TermKind kind) {
  switch (kind) {
    case TermKind::kPurpose:
      return "a purpose";
    case TermKind::kPersonalData:
      return "a category of personal data";
    case TermKind::kLegalBasis:
      return "a legal basis";
    case TermKind::kDataSubject:
      return "a category of people";
    case TermKind::kProcessing:
      return "a way of processing";
    case TermKind::kMeasure:
      return "a measure";
    case TermKind::kProperty:
      return "a property";
    case TermKind::kOther:
      return "a term";
  }
  return {};
}

}  // namespace fieldgate::policy
