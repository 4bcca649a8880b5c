#include "gateway/replay/observed.h"

#include <algorithm>

namespace fieldgate::replay {

namespace {

void see(Sighting& sighting, UtcTime time) {
  ++sighting.reads;
  sighting.last = std::max(sighting.last, time);
}

void see(Sightings& sightings, std::string_view name, UtcTime time) {
  auto found = sightings.find(name);
  if (found == sightings.end()) {
    found = sightings.emplace(name, Sighting{}).first;
  }
  see(found->second, time);
}

}  // namespace

Result<ObservedLog> observe_log(const std::filesystem::path& log,
                                const std::function<void(std::uint64_t)>& progress) {
  ObservedLog observed;
  const auto take = [&](const RecordedRead& read) {
    if (read.purpose.empty()) {
      return;
    }
    auto found = observed.purposes.find(read.purpose);
    if (found == observed.purposes.end()) {
      found = observed.purposes.emplace(read.purpose, ObservedPurpose{}).first;
    }
    ObservedPurpose& purpose = found->second;
    if (read.denied) {
      ++purpose.refused;
      return;
    }
    see(purpose.answered, read.time);
    see(purpose.apps, read.app, read.time);
    see(purpose.bases, read.basis, read.time);
    read.for_each_field([&](std::string_view field, std::string_view outcome) {
      if (RecordedRead::is_released(outcome)) {
        see(purpose.fields, field, read.time);
      }
    });
  };
  FIELDGATE_TRY(observed.seen, for_each_read(log, {}, progress, [] { return false; }, take));
  return observed;
}

}  // namespace fieldgate::replay
