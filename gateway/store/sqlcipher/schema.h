// The two database files: where they lie, what tables they hold, and whether this release may
// touch them.
#pragma once

#include <fieldgate/base/result.h>

#include "gateway/store/sqlcipher/database.h"
#include "gateway/store/sqlcipher/sqlcipher_store.h"

namespace fieldgate::store::sqlcipher {

/// The schema that this release reads and writes, kept in `user_version` of both databases.
inline constexpr std::int64_t kSchemaVersion = 1;

inline constexpr const char* kProfilesFile = "profiles.db";
inline constexpr const char* kKeysFile = "keys.db";

/// The writer's connections.
struct Databases {
  Database profiles;
  Database keys;
};

/// Opens both for writing and makes what `options.create` asks for.
[[nodiscard]] Result<Databases> open_databases(const SqlcipherOptions& options);

}  // namespace fieldgate::store::sqlcipher
