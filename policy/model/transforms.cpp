#include "policy/model/transforms.h"

#include <array>

namespace fieldgate::policy {

namespace {

struct Entry {
  TransformKind kind;
  TransformWords words;
};
constexpr std::array<Entry, 9> kTransforms{{
    {TransformKind::kShow, {"show", ""}},
    {TransformKind::kMaskLast4, {"mask", "last-4"}},
    {TransformKind::kYear, {"generalise", "year"}},
    {TransformKind::kBand10, {"generalise", "band-10"}},
    {TransformKind::kPrefix2, {"generalise", "prefix-2"}},
    {TransformKind::kCity, {"generalise", "city"}},
    {TransformKind::kCountry, {"generalise", "country"}},
    {TransformKind::kPseudonymise, {"pseudonymise", ""}},
    {TransformKind::kRound2, {"round", "2"}},
}};

}  // namespace

bool is_finer(const Transform& a, const Transform& b) {
  if (a.kind == TransformKind::kShow) {
    return b.kind != TransformKind::kShow;
  }
  return (a.kind == TransformKind::kYear && b.kind == TransformKind::kBand10) ||
         (a.kind == TransformKind::kCity && b.kind == TransformKind::kCountry);
}

std::optional<Transform> narrower_of(const Transform& a, const Transform& b) {
  if (a == b || is_finer(b, a)) {
    return a;
  }
  if (is_finer(a, b)) {
    return b;
  }
  return std::nullopt;
}

bool transform_fits(TransformKind kind, FieldType type) {
  switch (kind) {
    case TransformKind::kShow:
    case TransformKind::kPseudonymise:
      return true;
    case TransformKind::kMaskLast4:
      return type == FieldType::kText || type == FieldType::kEmail || type == FieldType::kPhone ||
             type == FieldType::kNumber;
    case TransformKind::kYear:
    case TransformKind::kBand10:
      return type == FieldType::kDate;
    case TransformKind::kPrefix2:
      return type == FieldType::kText || type == FieldType::kEmail || type == FieldType::kPhone;
    case TransformKind::kCity:
    case TransformKind::kCountry:
      return type == FieldType::kText;
    case TransformKind::kRound2:
      return type == FieldType::kMoney || type == FieldType::kNumber;
  }
  return false;
}

TransformWords transform_words(TransformKind kind) {
  for (const Entry& entry : kTransforms) {
    if (entry.kind == kind) {
      return entry.words;
    }
  }
  return {};
}

std::string transform_form(const PolicySet& policy, const Transform& transform) {
  const TransformWords words = transform_words(transform.kind);
  if (transform.kind == TransformKind::kShow) {
    return "show";
  }
  return std::string(words.key) + ": " +
         (transform.kind == TransformKind::kPseudonymise ? policy.domains().at(transform.domain)
                                                         : std::string(words.value));
}

std::string transform_sight(const PolicySet& policy, const Transform& transform) {
  switch (transform.kind) {
    case TransformKind::kShow:
      return "the value itself";
    case TransformKind::kMaskLast4:
      return "its last four characters";
    case TransformKind::kYear:
      return "its year";
    case TransformKind::kBand10:
      return "its decade";
    case TransformKind::kPrefix2:
      return "its first two characters";
    case TransformKind::kCity:
      return "its town or city";
    case TransformKind::kCountry:
      return "its country";
    case TransformKind::kPseudonymise:
      return "a pseudonym of the domain " + policy.domains().at(transform.domain);
    case TransformKind::kRound2:
      return "its first two digits, rounded";
  }
  return {};
}

std::optional<TransformKind> parse_transform(std::string_view key, std::string_view value) {
  if (key == "pseudonymise") {
    return TransformKind::kPseudonymise;
  }
  for (const Entry& entry : kTransforms) {
    if (entry.words.key == key && entry.words.value == value) {
      return entry.kind;
    }
  }
  return std::nullopt;
}

std::vector<std::string> transform_values(std::string_view key) {
  std::vector<std::string> values;
  for (const Entry& entry : kTransforms) {
    if (entry.words.key == key) {
      values.emplace_back(entry.words.value);
    }
  }
  return values;
}

std::optional<TransformKind> parse_precision(std::string_view word) {
  for (const Entry& entry : kTransforms) {
    if (!entry.words.value.empty() && entry.words.key != "round" && entry.words.value == word) {
      return entry.kind;
    }
  }
  return word == "show" ? std::optional{TransformKind::kShow} : std::nullopt;
}

}  // namespace fieldgate::policy
