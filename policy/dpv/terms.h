// The terms of the W3C Data Privacy Vocabulary that a policy may name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fieldgate::policy {

/// The version of the vocabularies that the table was made from (policy/dpv/generate.py).
inline constexpr std::string_view kDpvVersion = "2.3";

enum class TermKind : std::uint8_t {
  kPurpose,
  kPersonalData,
  kLegalBasis,
  kDataSubject,
  kProcessing,
  kMeasure,
  kProperty,
  kOther,
};

struct DpvTerm {
  std::string_view vocabulary;  ///< "dpv", "pd", "eu-gdpr"
  std::string_view name;        ///< "DirectMarketing"
  TermKind kind;
  std::string_view broader;  ///< the name of the first broader term; may be empty
};

/// Sorted by vocabulary and name.
[[nodiscard]] std::span<const DpvTerm> dpv_terms();
/// The term that a policy writes as "dpv:DirectMarketing"; null when there is none.
[[nodiscard]] const DpvTerm* find_dpv_term(std::string_view term);
/// "https://w3id.org/dpv/pd#" of "pd"; empty for a vocabulary that the table does not have.
[[nodiscard]] std::string_view dpv_namespace(std::string_view vocabulary);
/// The term of this kind that is nearest to a misspelt one, as a policy writes it; or empty.
[[nodiscard]] std::string nearest_dpv_term(std::string_view term, TermKind kind);
/// "a purpose", "a category of personal data".
[[nodiscard]] std::string_view term_kind_words(TermKind kind);

}  // namespace fieldgate::policy
