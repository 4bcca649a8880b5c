// The audit log as an outsider reads it: from docs/audit-format.md alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::test {

/// Every record line in the log's segments, in order of their indexes.
[[nodiscard]] std::vector<std::string> stored_records(const std::filesystem::path& log);
/// Base64 of SHA-256(0x00 || record).
[[nodiscard]] std::string leaf_of(std::string_view record);

/// The bytes of a segment that hold something: header, frames, commits.
struct UsedBytes {
  std::filesystem::path file;
  std::uint64_t size = 0;
};
[[nodiscard]] std::vector<UsedBytes> used_bytes(const std::filesystem::path& log);

}  // namespace fieldgate::test
