// Files that are written whole or not at all.
#pragma once

#include <fieldgate/base/result.h>

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace fieldgate {

/// Who may read what is written: its owner alone, or, of what holds no secrets, everybody.
inline constexpr mode_t kForOwner = 0600;
inline constexpr mode_t kForAll = 0644;

/// Writes and syncs `FILE.new` beside the file; a reader of `file` sees nothing of it. One that was
/// left there is removed first; a link is not followed.
[[nodiscard]] Result<void> prepare_file(const std::filesystem::path& file, std::string_view text,
                                        mode_t mode = kForOwner);
/// Puts what was prepared in the file's place, and syncs the folder.
[[nodiscard]] Result<void> commit_file(const std::filesystem::path& file);
/// Takes back what was prepared; whether anything is.
void discard_prepared(const std::filesystem::path& file);
[[nodiscard]] bool is_prepared(const std::filesystem::path& file);
/// Prepares and commits.
[[nodiscard]] Result<void> write_durably(const std::filesystem::path& file, std::string_view text,
                                         mode_t mode = kForOwner);

/// Reads a regular file whole. `kNotFound` when there is none, `kTooLarge` beyond `most_bytes`.
[[nodiscard]] Result<std::string> read_whole(const std::filesystem::path& file,
                                             std::size_t most_bytes);

}  // namespace fieldgate
