// What the audit log shows of each purpose: who read which field, on which basis, and when last.
#pragma once

#include "gateway/replay/recorded_read.h"

#include <cstdint>
#include <map>
#include <string>

namespace fieldgate::replay {

struct Sighting {
  std::uint64_t reads = 0;
  UtcTime last{};
};
using Sightings = std::map<std::string, Sighting, std::less<>>;

/// Reads that released something; what was only asked for was received by nobody.
struct ObservedPurpose {
  Sighting answered;
  Sightings apps;
  Sightings fields;  ///< released, in whatever form
  Sightings bases;
  std::uint64_t refused = 0;
};

struct ObservedLog {
  LogSeen seen;
  std::map<std::string, ObservedPurpose, std::less<>> purposes;
};

/// Reads the public part of every record; needs no key. Errors as `for_each_read`.
[[nodiscard]] Result<ObservedLog> observe_log(const std::filesystem::path& log,
                                              const std::function<void(std::uint64_t)>& progress);

}  // namespace fieldgate::replay
