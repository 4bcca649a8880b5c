#include "gateway/import/country_names.h"

#include <unicode/locid.h>
#include <unicode/uloc.h>
#include <unicode/unistr.h>

#include <array>
#include <unordered_map>
#include <utility>

namespace fieldgate::importing {

namespace {

/// A longer text is no country's name.
constexpr std::size_t kMaxNameBytes = 128;

// Names that people write and that CLDR's English names lack.
constexpr std::array<std::pair<const char*, const char*>, 22> kOtherNames{{
    {"UK", "GB"},
    {"Great Britain", "GB"},
    {"United States of America", "US"},
    {"Czech Republic", "CZ"},
    {"Republic of Ireland", "IE"},
    {"The Netherlands", "NL"},
    {"Holland", "NL"},
    {"Russian Federation", "RU"},
    {"Viet Nam", "VN"},
    {"Turkey", "TR"},
    {"Türkiye", "TR"},
    {"Republic of Korea", "KR"},
    {"Korea, Republic of", "KR"},
    {"Ivory Coast", "CI"},
    {"Cape Verde", "CV"},
    {"Swaziland", "SZ"},
    {"Macedonia", "MK"},
    {"Hong Kong", "HK"},
    {"Macau", "MO"},
    {"Burma", "MM"},
    {"Palestine", "PS"},
    {"Kosovo", "XK"},
}};

std::string folded(const icu::UnicodeString& name) {
  icu::UnicodeString copy = name;
  copy.findAndReplace(icu::UnicodeString::fromUTF8("&"), icu::UnicodeString::fromUTF8("and"));
  std::string key;
  copy.trim().foldCase().toUTF8String(key);
  return key;
}

using CodeByName = std::unordered_map<std::string, std::string>;

CodeByName all_names() {
  CodeByName codes;
  for (const char* const* code = uloc_getISOCountries(); *code != nullptr; ++code) {
    const icu::Locale place("", *code);
    icu::UnicodeString name;
    place.getDisplayCountry(icu::Locale::getEnglish(), name);
    codes.emplace(folded(name), *code);
    codes.emplace(folded(icu::UnicodeString::fromUTF8(*code)), *code);
    codes.emplace(folded(icu::UnicodeString::fromUTF8(place.getISO3Country())), *code);
  }
  for (const auto& [name, code] : kOtherNames) {
    codes.emplace(folded(icu::UnicodeString::fromUTF8(name)), code);
  }
  return codes;
}

}  // namespace

std::optional<std::string> country_code_of(std::string_view name) {
  static const CodeByName codes = all_names();
  if (name.size() > kMaxNameBytes) {
    return std::nullopt;
  }
  const auto found = codes.find(folded(
      icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<int>(name.size())))));
  if (found == codes.end()) {
    return std::nullopt;
  }
  return found->second;
}

}  // namespace fieldgate::importing
