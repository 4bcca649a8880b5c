// The files of a log directory, for reading.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fieldgate::audit {

inline constexpr const char* kCheckpointFile = "checkpoint";
inline constexpr const char* kVerifierKeyFile = "log.vkey";
inline constexpr const char* kLockFile = "lock";
/// A segment in the making; holds no record.
inline constexpr const char* kSpareFile = "next.tmp";

/// First indexes of the segments in the directory, rising.
[[nodiscard]] Result<std::vector<std::uint64_t>> list_segments(
    const std::filesystem::path& directory);

/// Reads at most `limit` bytes from the front of a file. `kNotFound` when there is none,
/// `kUnavailable` when it cannot be read.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t limit);
[[nodiscard]] Result<std::uint64_t> file_bytes(const std::filesystem::path& path);

}  // namespace fieldgate::audit
