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

}  // namespace fieldgate::read_path
