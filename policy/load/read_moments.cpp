#include "policy/load/draft.h"
#include "policy/load/time_zone.h"

namespace fieldgate::policy {

namespace {

constexpr int kMinutesPerDay = 24 * 60;

// "07:00"; 24:00 only as an end.
std::optional<int> parse_minute(std::string_view text, bool is_end) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
    if (text[at] < '0' || text[at] > '9') {
      return std::nullopt;
    }
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > kMinutesPerDay ||
      (hour * 60 + minute == kMinutesPerDay && !is_end)) {
    return std::nullopt;
  }
  return hour * 60 + minute;
}

std::optional<std::uint16_t> zone_index(Draft& draft, const PlacedText& where,
                                        const std::string& id) {
  const auto known = draft.zone_indexes.find(id);
  if (known != draft.zone_indexes.end()) {
    return known->second;
  }
  auto zone = load_zone(id);
  if (!zone) {
    draft.read.unknown(where.where, "unknown-zone", "time zone", id, zone_names());
    return std::nullopt;
  }
  const auto index = static_cast<std::uint16_t>(draft.policy.zones_.size());
  draft.policy.zones_.push_back(std::move(*zone));
  draft.zone_indexes.emplace(id, index);
  return index;
}

void read_hours(Draft& draft, const NodeRef& node, Moment& moment) {
  for (const PlacedText& word : draft.read.read_words(node, "`hours`")) {
    const std::string& text = word.text;
    const std::size_t space = text.find(' ');
    const std::string_view span = std::string_view(text).substr(0, space);
    const auto start = parse_minute(span.substr(0, 5), false);
    const bool has_end = span.size() == 11 && span[5] == '-';
    const auto end = has_end ? parse_minute(span.substr(6), true) : std::nullopt;
    if (!start || !end || *start == *end || space == std::string::npos) {
      draft.read.error(word.where, "bad-hours", "`hours` must be a span and a time zone",
                       "for example \"07:00-22:00 Europe/Dublin\"");
      continue;
    }
    const auto zone = zone_index(draft, word, text.substr(space + 1));
    if (zone) {
      moment.hours.push_back({*zone, static_cast<std::uint16_t>(*start),
                              static_cast<std::uint16_t>(*end % kMinutesPerDay)});
    }
  }
}

void read_list(Draft& draft, const NodeRef& moment, std::string_view key,
               std::vector<std::string>& out) {
  const NodeRef node = moment.find(key);
  if (!node) {
    return;
  }
  const std::string what = "`" + std::string(key) + "`";
  const std::vector<PlacedText> words = draft.read.read_words(node, what);
  if (words.empty() && node.is_list() && node.node->items.empty()) {
    draft.read.error(node.place(), "empty-list", what + " must name at least one word");
  }
  for (const PlacedText& word : words) {
    if (key == "country" && !parse_country(word.text)) {
      draft.read.error(word.where, "bad-country",
                       "a country must be a code of two capital letters such as IE", {},
                       "ISO 3166-1");
    }
    out.push_back(word.text);
  }
}

}  // namespace

std::optional<std::uint16_t> read_moment(Draft& draft, const NodeRef& node, std::string name) {
  static const std::vector<std::string> kKeys{"says",  "hours",  "channel", "country",
                                              "place", "device", "event"};
  Moment moment;
  moment.name = std::move(name);
  moment.where = node.place();
  if (draft.read.check_keys(node, "a moment", kKeys)) {
    if (node.node->entries.empty()) {
      draft.read.error(node.place(), "empty-map", "the moment names no condition");
    }
    if (const NodeRef says = node.find("says")) {
      moment.says = draft.read.read_text(says, "`says`").value_or("");
    }
    if (const NodeRef hours = node.find("hours")) {
      read_hours(draft, hours, moment);
    }
    read_list(draft, node, "channel", moment.channels);
    read_list(draft, node, "country", moment.countries);
    read_list(draft, node, "place", moment.places);
    read_list(draft, node, "device", moment.devices);
    read_list(draft, node, "event", moment.events);
  }
  if (draft.policy.moments_.size() >= kUnknownIndex) {
    draft.read.error(node.place(), "too-many", "the policy has too many moments");
    return std::nullopt;
  }
  draft.policy.moments_.push_back(std::move(moment));
  return static_cast<std::uint16_t>(draft.policy.moments_.size() - 1);
}

void read_moments(Draft& draft) {
  for (const EntryRef& entry : draft.sections.moments) {
    (void)read_moment(draft, entry.value, entry.name());
  }
}

}  // namespace fieldgate::policy
