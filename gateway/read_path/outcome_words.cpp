#include "gateway/read_path/outcome_words.h"

namespace fieldgate::read_path {

std::string_view transform_word(policy::TransformKind kind) {
  switch (kind) {
    case policy::TransformKind::kShow:
      return "show";
    case policy::TransformKind::kMaskLast4:
      return "mask:last-4";
    case policy::TransformKind::kYear:
      return "generalise:year";
    case policy::TransformKind::kBand10:
      return "generalise:band-10";
    case policy::TransformKind::kPrefix2:
      return "generalise:prefix-2";
    case policy::TransformKind::kCity:
      return "generalise:city";
    case policy::TransformKind::kCountry:
      return "generalise:country";
    case policy::TransformKind::kPseudonymise:
      return "pseudonymise";
    case policy::TransformKind::kRound2:
      return "round:2";
  }
  return "withheld";
}

std::string_view basis_word(policy::Basis basis) {
  switch (basis) {
    case policy::Basis::kConsent:
      return "consent";
    case policy::Basis::kContract:
      return "contract";
    case policy::Basis::kLegalObligation:
      return "legal-obligation";
    case policy::Basis::kVitalInterest:
      return "vital-interest";
    case policy::Basis::kPublicTask:
      return "public-task";
    case policy::Basis::kLegitimateInterest:
      return "legitimate-interest";
  }
  return {};
}

}  // namespace fieldgate::read_path
