#include "gateway/replay/people_keys.h"

#include <fieldgate/crypto/encoding.h>

#include <array>
#include <utility>

namespace fieldgate::replay {

namespace {

struct ObstacleWords {
  std::string_view name;
  std::string_view says;
};
constexpr std::array<ObstacleWords, kObstacles> kWords{{
    {"sealed", "the key ring is not at hand, and the sealed part decides"},
    {"other-keys", "made under another key ring"},
    {"erased", "the person's key is destroyed"},
    {"damaged-part", "the sealed part does not open"},
    {"no-inputs", "the record does not hold what was decided from"},
    {"not-named", "the purpose or a field was unknown then, and the record does not name it"},
    {"person-not-looked-up", "the read ended before anybody was looked up"},
    {"facts-not-recorded", "age and country did not matter then, and do under this policy"},
    {"failed-then", "an error ended the read"},
}};

using Opened = std::variant<read_path::DecisionInputs, Obstacle>;

}  // namespace

std::string_view obstacle_name(Obstacle obstacle) {
  return kWords[static_cast<std::size_t>(obstacle)].name;
}

std::string_view obstacle_says(Obstacle obstacle) {
  return kWords[static_cast<std::size_t>(obstacle)].says;
}

std::optional<SubjectId> PeopleKeys::subject_of(const RecordedRead& read) const {
  const auto tag = crypto::base64_decode(read.tag);
  return tag ? audit_key_.open_tag(read.id, *tag) : std::nullopt;
}

PeopleKeys::Person& PeopleKeys::meet(const SubjectId& subject) {
  const auto [at, fresh] = people_.try_emplace(subject);
  if (fresh) {
    at->second.number = static_cast<PersonNumber>(people_.size() - 1);
  }
  return at->second;
}

Result<Opened> PeopleKeys::open(const RecordedRead& read, const std::optional<SubjectId>& subject) {
  if (read.sealed.empty()) {
    return Opened(Obstacle::kNoInputs);
  }
  if (!subject) {
    return Opened(Obstacle::kOtherKeys);
  }
  Person& person = meet(*subject);
  store::ProfilePtr profile;
  ByteView wrapped = person.wrapped_key;
  if (person.key == Key::kNotLookedUp) {
    FIELDGATE_TRY(profile, reader_.load(*subject));
    wrapped = profile == nullptr ? ByteView() : profile->wrapped_key();
    if (wrapped.empty()) {
      person.key = Key::kDestroyed;
    } else if (kept_ < kMostKeptKeys) {
      person.wrapped_key.assign(wrapped.begin(), wrapped.end());
      person.key = Key::kKept;
      ++kept_;
    }
  }
  if (wrapped.empty()) {
    return Opened(Obstacle::kErased);
  }
  const auto sealed = crypto::base64_decode(read.sealed);
  const auto key = keyring_.unwrap_subject_key(*subject, wrapped);
  if (!sealed || key.has_error()) {
    return Opened(Obstacle::kDamagedPart);
  }
  const auto header = crypto::read_sealed_header(*sealed);
  if (header.has_value() && header->key_version != key->version) {
    return Opened(Obstacle::kErased);
  }
  const auto content =
      crypto::open_record_part(*key, {keyring_.tenant(), *subject, read.id}, *sealed);
  if (content.has_error()) {
    return Opened(Obstacle::kDamagedPart);
  }
  auto inputs = read_path::decode_decision_inputs(content->reveal(), read.time);
  if (inputs.has_error()) {
    return Opened(Obstacle::kDamagedPart);
  }
  return Opened(std::move(*inputs));
}

}  // namespace fieldgate::replay
