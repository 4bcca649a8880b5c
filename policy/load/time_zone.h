// Time zones as tables, made once at load.
#pragma once

#include "policy/model/moment.h"

#include <optional>
#include <string>
#include <vector>

namespace fieldgate::policy {

/// The table of an IANA zone such as "Europe/Dublin"; nothing when there is no such zone.
[[nodiscard]] std::optional<ZoneTable> load_zone(const std::string& id);
/// All zone names, for suggestions.
[[nodiscard]] std::vector<std::string> zone_names();

}  // namespace fieldgate::policy
