// Files that change are noticed once they rest.
#include "gateway/policies/watch.h"

#include "tests/unit/gateway/policy_test_files.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>

namespace fieldgate::policies {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

class PolicyWatch : public ::testing::Test {
 protected:
  void watch(const fs::path& target) {
    auto started = Watch::start(target, {[this] {
                                           const std::lock_guard lock(mutex_);
                                           ++calls_;
                                           called_.notify_all();
                                         },
                                         [](const std::string& said) { FAIL() << said; }});
    ASSERT_TRUE(started.has_value()) << started.error().message;
    watch_ = std::move(*started);
  }
  // True once it has been called again since this was last asked.
  bool noticed() {
    std::unique_lock lock(mutex_);
    const bool again =
        called_.wait_for(lock, std::chrono::seconds(30), [this] { return calls_ > seen_; });
    seen_ = calls_;
    return again;
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  static void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }

  TestFolder folder_;
  std::mutex mutex_;
  std::condition_variable called_;
  int calls_ = 0;
  int seen_ = 0;
  std::unique_ptr<Watch> watch_;
};

TEST_F(PolicyWatch, EveryKindOfChangeInAFolderIsNoticed) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directories(policy / "notices");
  watch(policy);
  write(policy / "a.yaml", "a");
  EXPECT_TRUE(noticed()) << "written";
  write(policy / ".a.yaml.swp", "b");
  EXPECT_TRUE(noticed());
  fs::rename(policy / ".a.yaml.swp", policy / "a.yaml");
  EXPECT_TRUE(noticed()) << "renamed, as editors do";
  write(policy / "notices" / "n.md", "n");
  EXPECT_TRUE(noticed()) << "below";
  fs::create_directory(policy / "more");
  EXPECT_TRUE(noticed());
  write(policy / "more" / "n.md", "n");
  EXPECT_TRUE(noticed()) << "in a new folder";
  fs::remove(policy / "a.yaml");
  EXPECT_TRUE(noticed()) << "removed";
}

TEST_F(PolicyWatch, AFolderThatIsReplacedAsAWholeIsFollowed) {
  const fs::path first = folder_.path() / "v1";
  const fs::path second = folder_.path() / "v2";
  fs::create_directory(first);
  fs::create_directory(second);
  const fs::path link = folder_.path() / "policy";
  fs::create_directory_symlink(first, link);
  watch(link);
  fs::create_directory_symlink(second, folder_.path() / "next");
  fs::rename(folder_.path() / "next", link);
  EXPECT_TRUE(noticed()) << "the link was turned";
  write(second / "a.yaml", "a");
  EXPECT_TRUE(noticed()) << "where it leads now";
  fs::remove(link);
  EXPECT_TRUE(noticed());
  fs::create_directory(link);
  EXPECT_TRUE(noticed()) << "a folder in its place";
  write(link / "a.yaml", "a");
  EXPECT_TRUE(noticed());
}

TEST_F(PolicyWatch, AFileIsFollowedThroughRenames) {
  const fs::path bundle = folder_.path() / "policy.bundle";
  watch(bundle);
  write(bundle, "1");
  EXPECT_TRUE(noticed()) << "it was not there before";
  write(folder_.path() / "next", "2");
  fs::rename(folder_.path() / "next", bundle);
  EXPECT_TRUE(noticed());
  fs::remove(bundle);
  EXPECT_TRUE(noticed());
}

TEST_F(PolicyWatch, WhatIsStillOpenForWritingIsWaitedFor) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directory(policy);
  write(policy / "a.yaml", "old");
  watch(policy);
  const int half = ::open((policy / "a.yaml").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  ASSERT_GE(half, 0);
  ASSERT_EQ(::write(half, "ha", 2), 2);
  // Longer than the quiet time, with the other half missing.
  const auto until = steady_clock::now() + 3 * kQuiet;
  write(policy / "b.yaml", "b");
  {
    std::unique_lock lock(mutex_);
    EXPECT_FALSE(called_.wait_until(lock, until, [this] { return calls_ > 0; }));
  }
  ASSERT_EQ(::write(half, "lf", 2), 2);
  ::close(half);
  EXPECT_TRUE(noticed());
  EXPECT_EQ(calls(), 1) << "both files are one change";
}

TEST_F(PolicyWatch, AnEditorThatKeepsItsSwapFileOpenHoldsNothingUp) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directory(policy);
  write(policy / ".a.yaml.swp", "s");
  watch(policy);
  const int swap = ::open((policy / ".a.yaml.swp").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(swap, 0);
  const auto start = steady_clock::now();
  ASSERT_EQ(::write(swap, "s", 1), 1);
  write(policy / "a.yaml", "saved");
  ASSERT_EQ(::write(swap, "s", 1), 1);
  EXPECT_TRUE(noticed());
  EXPECT_LT(steady_clock::now() - start, kMaxOpen) << "it was not waited for";
  ::close(swap);
}

TEST_F(PolicyWatch, AFileThatIsNeverClosedIsNotWaitedForWithoutEnd) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directory(policy);
  write(policy / "log", "l");
  watch(policy);
  const int log = ::open((policy / "log").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(log, 0);
  ASSERT_EQ(::write(log, "l", 1), 1);
  write(policy / "a.yaml", "saved");
  EXPECT_TRUE(noticed());
  // Nor one that is written on and on.
  std::unique_lock lock(mutex_);
  const int before = calls_;
  const auto patience = steady_clock::now() + std::chrono::seconds(30);
  while (calls_ == before && steady_clock::now() < patience) {
    ASSERT_EQ(::write(log, "l", 1), 1);
    called_.wait_for(lock, kQuiet / 4);
  }
  EXPECT_GT(calls_, before);
  ::close(log);
}

TEST_F(PolicyWatch, ALinkInTheMiddleOfThePathIsFollowed) {
  const fs::path shop = folder_.path() / "shop";
  fs::create_directories(shop / "v1" / "policy");
  fs::create_directories(shop / "v2" / "policy");
  fs::create_directory_symlink("v1", shop / "current");
  watch(shop / "current" / "policy");
  fs::create_directory_symlink("v2", shop / "next");
  fs::rename(shop / "next", shop / "current");
  EXPECT_TRUE(noticed()) << "the link was turned";
  write(shop / "v2" / "policy" / "a.yaml", "a");
  EXPECT_TRUE(noticed()) << "where it leads now";
}

TEST_F(PolicyWatch, AFolderAboveThatIsMovedAwayAndMadeAgainIsFollowed) {
  const fs::path shop = folder_.path() / "shop";
  const fs::path policy = shop / "etc" / "policy";
  fs::create_directories(policy);
  watch(policy);
  for (const fs::path& above : {shop / "etc", shop}) {
    fs::rename(above, folder_.path() / "away");
    EXPECT_TRUE(noticed()) << above;
    fs::create_directory(above);
    EXPECT_TRUE(noticed()) << above;
    fs::create_directories(policy);
    EXPECT_TRUE(noticed()) << above;
    write(policy / "a.yaml", "a");
    EXPECT_TRUE(noticed()) << above;
    fs::remove_all(folder_.path() / "away");
  }
}

TEST_F(PolicyWatch, WhatIsThrownDoesNotEndTheWatch) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directory(policy);
  std::string said;
  const auto started = Watch::start(policy, {[this] {
                                               const std::lock_guard lock(mutex_);
                                               ++calls_;
                                               called_.notify_all();
                                               throw std::runtime_error("out of luck");
                                             },
                                             [&](const std::string& sentence) {
                                               const std::lock_guard lock(mutex_);
                                               said = sentence;
                                             }});
  ASSERT_TRUE(started.has_value());
  write(policy / "a.yaml", "1");
  EXPECT_TRUE(noticed());
  write(policy / "a.yaml", "2");
  EXPECT_TRUE(noticed());
  const std::lock_guard lock(mutex_);
  EXPECT_NE(said.find("was not taken: out of luck"), std::string::npos) << said;
}

TEST_F(PolicyWatch, WhatLiesBeyondTheFoldersThatAreWatchedIsSaid) {
  const fs::path policy = folder_.path() / "policy";
  const auto said_with = [&](std::size_t folders) {
    for (std::size_t i = 0; i < folders; ++i) {
      fs::create_directories(policy / std::to_string(i));
    }
    std::string said;
    const auto started =
        Watch::start(policy, {[] {}, [&said](const std::string& sentence) { said += sentence; }});
    EXPECT_TRUE(started.has_value());
    return said;
  };
  EXPECT_EQ(said_with(kMaxWatchedFolders), "");
  EXPECT_NE(said_with(kMaxWatchedFolders + 1).find("send SIGHUP after one: more than 64 folders"),
            std::string::npos);
}

TEST_F(PolicyWatch, ManyChangesInARowAreOne) {
  const fs::path policy = folder_.path() / "policy";
  fs::create_directory(policy);
  watch(policy);
  for (int i = 0; i < 500; ++i) {
    write(policy / (std::to_string(i) + ".yaml"), "x");
  }
  EXPECT_TRUE(noticed());
  EXPECT_LT(calls(), 5);
}

}  // namespace
}  // namespace fieldgate::policies
