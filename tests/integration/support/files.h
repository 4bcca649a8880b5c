// Folders and files of a test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::test {

/// A folder of its own, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view text);
/// Replaces the only occurrence of `from`; fails the test when there is none or more.
void replace_in_file(const std::filesystem::path& file, const std::string& from,
                     const std::string& to);
/// Every regular file below a folder.
[[nodiscard]] std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

/// A file system mounted below a test's folder, in a mount namespace of this process alone.
class Mount {
 public:
  ~Mount();
  Mount() = default;
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  /// False when this process may not mount.
  [[nodiscard]] bool memory(const std::filesystem::path& at, std::size_t bytes);
  /// Shows `at` to this process and its children as read-only.
  [[nodiscard]] bool read_only(const std::filesystem::path& at);

 private:
  std::filesystem::path at_;
};

}  // namespace fieldgate::test
