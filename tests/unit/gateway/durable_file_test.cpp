// Files are written whole, for those who may read them, and through nobody's link.
#include "gateway/durable_file.h"

#include "tests/unit/gateway/policy_test_files.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace fieldgate {
namespace {

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status{};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

TEST(DurableFile, IsReadableByItsOwnerOrByAll) {
  const policies::TestFolder folder;
  const auto file = folder.path() / "file";
  ASSERT_TRUE(write_durably(file, "secret").has_value());
  EXPECT_EQ(mode_of(file), 0600U);
  ASSERT_TRUE(write_durably(file, "shared", kForAll).has_value());
  EXPECT_EQ(mode_of(file), 0644U);
  EXPECT_EQ(*read_whole(file, 100), "shared");
}

TEST(DurableFile, FollowsNoLinkThatLiesInTheWay) {
  const policies::TestFolder folder;
  const auto file = folder.path() / "file";
  const auto other = folder.path() / "other";
  std::ofstream(other) << "untouched";
  std::filesystem::create_symlink(other, folder.path() / "file.new");
  ASSERT_TRUE(write_durably(file, "text").has_value());
  EXPECT_EQ(*read_whole(other, 100), "untouched");
  EXPECT_EQ(*read_whole(file, 100), "text");
  EXPECT_FALSE(std::filesystem::is_symlink(file));
  // What a process left that was killed is no obstacle.
  std::ofstream(folder.path() / "file.new") << "half";
  ASSERT_TRUE(write_durably(file, "again").has_value());
  EXPECT_EQ(*read_whole(file, 100), "again");
}

}  // namespace
}  // namespace fieldgate
