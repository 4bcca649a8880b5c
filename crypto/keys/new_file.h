// Files of keys: written once, whole or not at all, and never over another.
#pragma once

#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>

#include <filesystem>
#include <string_view>

namespace fieldgate::crypto {

/// Writes a temporary file of mode 0600 beside `path`, syncs it, gives it the name and syncs the
/// folder. `kConflict` when a file of that name is there, which stays as it is; `kUnavailable` when
/// the system refuses. `what` is how messages name it: "keyring". `random` names the temporary.
[[nodiscard]] Result<void> write_new_file(const std::filesystem::path& path, std::string_view what,
                                          std::string_view text, Random& random);

}  // namespace fieldgate::crypto
