// A change of policy that breaks off leaves the old one, in the log too.
#include "tests/unit/gateway/policy_switch_fixture.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace {

// How many syncs of folders go well, and how many fail then; a disk does not fail on demand.
int good_folder_syncs = 0;
int bad_folder_syncs = 0;

}  // namespace

// Takes the place of the C library's.
extern "C" int fsync(int descriptor) {
  struct stat status{};
  if (bad_folder_syncs > 0 && ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode) &&
      good_folder_syncs-- <= 0) {
    --bad_folder_syncs;
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace fieldgate::policies {
namespace {

namespace fs = std::filesystem;

class PolicyChangeBrokenOff : public PolicySwitchTest {
 protected:
  void SetUp() override { good_folder_syncs = bad_folder_syncs = 0; }
  // The last record says that this version is in force, and that another is not.
  void expect_corrected(const std::string& version) {
    EXPECT_EQ(records_.back().digest, digest_of(small_policy(version)));
    EXPECT_NE(records_.back().detail.find("broke off; policy " + version + " ("), std::string::npos)
        << records_.back().detail;
    EXPECT_FALSE(is_prepared(state()));
    expect_in_force(version);
    const std::size_t records = records_.size();
    switch_->settle();
    EXPECT_EQ(records_.size(), records) << "once";
  }
};

TEST_F(PolicyChangeBrokenOff, WhatCannotBeRecordedDoesNotTakePlace) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  use_folder(small_policy("2"));
  log_writable_ = false;
  EXPECT_NE(refusal().find("cannot be recorded, so it does not take place: the disk is full"),
            std::string::npos);
  expect_in_force("1");
  EXPECT_TRUE(is_prepared(state())) << "the log may still come to tell of it";
  log_writable_ = true;
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(is_prepared(state()));
  expect_in_force("2");
  log_writable_ = false;
  EXPECT_TRUE(switch_->roll_back("").has_error());
  expect_in_force("2");
  log_writable_ = true;
  ASSERT_TRUE(open().has_value());
  expect_in_force("2");
}

TEST_F(PolicyChangeBrokenOff, ARecordThatWasGivenUpOnIsCorrectedOnceThatCanBe) {
  open_two_versions();
  use_bundle(approved_bundle(small_policy("3"), 3));
  given_up_ = true;
  EXPECT_NE(refusal().find("a commit takes too long"), std::string::npos);
  EXPECT_NE(records_.back().detail.find("policy 3 ("), std::string::npos) << "the log tells of it";
  switch_->settle();
  EXPECT_TRUE(is_prepared(state()));
  EXPECT_EQ(switch_->roll_back("").error().code, ErrorCode::kUnavailable) << "nothing else begins";
  log_writable_ = true;
  switch_->settle();
  expect_corrected("2");
  EXPECT_FALSE(keeps(small_policy("3")));
  // A rollback alike, and the next change corrects as well.
  given_up_ = true;
  EXPECT_TRUE(switch_->roll_back("").has_error());
  log_writable_ = true;
  switch_->settle();
  expect_corrected("2");
  EXPECT_TRUE(keeps(small_policy("1"))) << "of the history";
  EXPECT_EQ(refusal(), "");
  expect_in_force("3");
}

TEST_F(PolicyChangeBrokenOff, ARecordThatWasGivenUpOnIsCorrectedAtTheNextStart) {
  for (const Opening opening : {Opening::kTake, Opening::kResume}) {
    open_two_versions();
    given_up_ = true;
    EXPECT_TRUE(switch_->roll_back("").has_error());
    log_writable_ = true;
    ASSERT_TRUE(open(opening).has_value());
    expect_in_force("2");
    EXPECT_TRUE(records_.back().detail.starts_with("a change of policy was cut off; policy 2 ("));
    EXPECT_FALSE(is_prepared(state()));
    switch_.reset();
    fs::remove_all(folder_.path() / "state");
  }
}

TEST_F(PolicyChangeBrokenOff, AStateThatCannotBePutInPlaceAfterTheRecordIsCorrected) {
  open_two_versions();
  const std::string before = *read_whole(state(), kMaxBundleBytes);
  // Nothing can be renamed to where a folder is.
  fs::remove(state());
  fs::create_directory(state());
  use_bundle(approved_bundle(small_policy("3"), 3));
  EXPECT_NE(refusal(), "");
  EXPECT_TRUE(records_.back().detail.starts_with("a policy was refused"));
  records_.pop_back();
  expect_corrected("2");
  EXPECT_FALSE(keeps(small_policy("3")));
  EXPECT_TRUE(switch_->roll_back("").has_error());
  expect_corrected("2");
  fs::remove(state());
  std::ofstream(state(), std::ios::binary) << before;
  EXPECT_EQ(refusal(), "");
  expect_in_force("3");
}

TEST_F(PolicyChangeBrokenOff, AStateThatIsInPlaceAndNotSyncedIsPutBack) {
  open_two_versions();
  const std::string before = *read_whole(state(), kMaxBundleBytes);
  good_folder_syncs = 0;
  bad_folder_syncs = 1;
  EXPECT_TRUE(switch_->roll_back("").has_error());
  EXPECT_EQ(bad_folder_syncs, 0);
  expect_corrected("2");
  EXPECT_EQ(*read_whole(state(), kMaxBundleBytes), before);
  // The document of a change is synced first; and putting the state back can fail as well.
  use_bundle(approved_bundle(small_policy("3"), 3));
  good_folder_syncs = 1;
  bad_folder_syncs = 2;
  EXPECT_NE(refusal(), "");
  EXPECT_EQ(bad_folder_syncs, 0);
  expect_in_force("2");
  EXPECT_TRUE(keeps(small_policy("3"))) << "the state on disk may name it";
  switch_->settle();
  expect_corrected("2");
  EXPECT_EQ(*read_whole(state(), kMaxBundleBytes), before);
  EXPECT_FALSE(keeps(small_policy("3")));
}

TEST_F(PolicyChangeBrokenOff, WhatIsThrownOnTheWayIsARefusal) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  use_folder(small_policy("2"));
  bind_throws_ = true;
  EXPECT_NE(refusal().find("out of luck"), std::string::npos);
  EXPECT_EQ(switch_->status().refusals, 1U);
  bind_throws_ = false;
  EXPECT_EQ(refusal(), "");
  expect_in_force("2");
}

TEST_F(PolicyChangeBrokenOff, AChangeThatWasCutOffIsToldAtTheNextStart) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  switch_.reset();
  // As if the process had ended between the record and the new state.
  ASSERT_TRUE(prepare_file(folder_.path() / "state/state.json", "{}").has_value());
  ASSERT_TRUE(open().has_value());
  expect_in_force("1");
  EXPECT_TRUE(records_.back().detail.starts_with("a change of policy was cut off; policy 1 ("));
  EXPECT_FALSE(is_prepared(folder_.path() / "state/state.json"));
}

}  // namespace
}  // namespace fieldgate::policies
