// The policy in force changes whole, recorded, or not at all.
#include "tests/unit/gateway/policy_switch_fixture.h"

namespace fieldgate::policies {
namespace {

namespace fs = std::filesystem;

TEST_F(PolicySwitchTest, AChangeIsRecordedBeforeItTakesPlace) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  expect_in_force("1");
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].digest, digest_of(small_policy("1")));
  EXPECT_EQ(records_[0].detail, "policy 1 (" + digest_of(small_policy("1")) +
                                    ") in force at the start, before it none; from a folder, "
                                    "unsigned");
  use_folder(small_policy("2"));
  EXPECT_EQ(refusal(), "");
  expect_in_force("2");
  EXPECT_EQ(in_force_when_recorded_, "1");
  EXPECT_EQ(records_.back().digest, digest_of(small_policy("2")));
  EXPECT_NE(records_.back().detail.find("before it 1 (" + digest_of(small_policy("1"))),
            std::string::npos);
  // The same again is no change, and no record.
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(records_.size(), 2U);
  EXPECT_EQ(switch_->status().changes, 2U);
}

TEST_F(PolicySwitchTest, ResumingLooksAtNothingNewAndChangesNothing) {
  open_two_versions();
  const std::size_t records = records_.size();
  const std::string before = *read_whole(state(), kMaxBundleBytes);
  // Neither a broken policy nor a new one.
  for (const std::string& text :
       {std::string("nonsense"), write_bundle(approved_bundle(small_policy("3"), 3))}) {
    std::ofstream(config_.policy_bundle, std::ios::binary) << text;
    ASSERT_TRUE(open(Opening::kResume).has_value());
    expect_in_force("2");
    EXPECT_EQ(switch_->status().history.size(), 2U);
    EXPECT_EQ(records_.size(), records);
    EXPECT_EQ(*read_whole(state(), kMaxBundleBytes), before);
  }
  ASSERT_TRUE(switch_->roll_back("").has_value());
  expect_in_force("1");
}

TEST_F(PolicySwitchTest, ResumingBeforeTheFirstStartPutsNothingInForce) {
  use_bundle(approved_bundle(small_policy("1"), 7));
  ASSERT_TRUE(open(Opening::kResume).has_value());
  EXPECT_EQ(in_force(), "1") << "commands are judged by it";
  EXPECT_TRUE(switch_->status().history.empty());
  EXPECT_TRUE(records_.empty());
  EXPECT_FALSE(fs::exists(state()));
  EXPECT_FALSE(keeps(small_policy("1")));
}

TEST_F(PolicySwitchTest, AKeptPolicyWhoseSignerLeftNamesTheWayOut) {
  open_two_versions();
  ASSERT_TRUE(switch_->roll_back("").has_value());
  config_.policy_signers[1].approver = false;
  config_.policy_signers.push_back({"Eve Lind", key_of(kEve).public_key(), false, true});
  Bundle next = signed_bundle(small_policy("2"), 2);
  ASSERT_TRUE(approve_bundle(next, kSigned, "Eve Lind", key_of(kEve)).has_value());
  std::ofstream(config_.policy_bundle, std::ios::binary) << write_bundle(next);
  for (const Opening opening : {Opening::kTake, Opening::kResume}) {
    const auto opened = open(opening);
    ASSERT_TRUE(opened.has_error());
    EXPECT_NE(opened.error().message.find("a new bundle with a sequence above 2"),
              std::string::npos)
        << opened.error().message;
  }
  next = signed_bundle(small_policy("3"), 3);
  ASSERT_TRUE(approve_bundle(next, kSigned, "Eve Lind", key_of(kEve)).has_value());
  std::ofstream(config_.policy_bundle, std::ios::binary) << write_bundle(next);
  ASSERT_TRUE(open().has_value());
  expect_in_force("3");
}

TEST_F(PolicySwitchTest, ABrokenPolicyLeavesTheOldOneAndIsToldUntilItIsMended) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  use_folder(small_policy("2", "shoe_size"));
  EXPECT_NE(refusal().find("has errors, first policy.yaml:"), std::string::npos);
  expect_in_force("1");
  const PolicyStatus status = switch_->status();
  EXPECT_NE(status.refused.find("has errors"), std::string::npos);
  EXPECT_EQ(status.refused_at, kSigned);
  EXPECT_EQ(status.refusals, 1U);
  // The record names the policy that stays.
  EXPECT_EQ(records_.back().digest, digest_of(small_policy("1")));
  EXPECT_TRUE(records_.back().detail.starts_with("a policy was refused at a signal: "));
  EXPECT_NE(said_.back().find("shoe_size"), std::string::npos);
  use_folder(small_policy("1"));
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(switch_->status().refused, "");
  EXPECT_EQ(records_.size(), 2U) << "the old one stayed all the time";
}

TEST_F(PolicySwitchTest, AStartWithABrokenPolicyIsRefusedAndRecorded) {
  use_folder(small_policy("1", "shoe_size"));
  EXPECT_TRUE(open().has_error());
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].digest, "");
}

TEST_F(PolicySwitchTest, ProductionTakesApprovedBundlesAlone) {
  use_folder(small_policy("1"));
  config_.production = true;
  auto opened = open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_NE(opened.error().message.find("give `policy_bundle`"), std::string::npos);
  use_bundle(signed_bundle(small_policy("1"), 1));
  opened = open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_NE(opened.error().message.find("nobody has approved the bundle"), std::string::npos);
  use_bundle(approved_bundle(small_policy("1"), 1));
  ASSERT_TRUE(open().has_value());
  expect_in_force("1");
  EXPECT_EQ(switch_->status().in_force.author, "Ada Brandt");
  EXPECT_EQ(switch_->status().in_force.approver, "Grace Okafor");
  EXPECT_NE(records_.back().detail.find("; sequence 1, author Ada Brandt, approver Grace Okafor"),
            std::string::npos);
}

TEST_F(PolicySwitchTest, ABundleOutsideProductionIsVerifiedAllTheSame) {
  use_bundle(signed_bundle(small_policy("1"), 1));
  config_.production = false;
  EXPECT_TRUE(open().has_error());
}

TEST_F(PolicySwitchTest, AnOldBundleDoesNotComeBackUnseen) {
  use_bundle(approved_bundle(small_policy("1"), 1));
  ASSERT_TRUE(open().has_value());
  use_bundle(approved_bundle(small_policy("2"), 2));
  EXPECT_EQ(refusal(), "");
  use_bundle(approved_bundle(small_policy("1"), 1));
  EXPECT_NE(refusal().find("has sequence 1, and 2 was in force already"), std::string::npos);
  expect_in_force("2");
  use_bundle(approved_bundle(small_policy("3"), 2));
  EXPECT_NE(refusal().find("has sequence 2, and 2 was in force already"), std::string::npos);
  // Nor after a rollback, nor after a restart.
  ASSERT_TRUE(switch_->roll_back("").has_value());
  expect_in_force("1");
  EXPECT_NE(refusal(), "");
  EXPECT_TRUE(open().has_error());
  use_bundle(approved_bundle(small_policy("3"), 3));
  ASSERT_TRUE(open().has_value());
  expect_in_force("3");
}

TEST_F(PolicySwitchTest, AnotherApproverOfTheSameBundleIsRecordedAndKept) {
  Bundle bundle = approved_bundle(small_policy("1"), 1);
  use_bundle(bundle);
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE(approve_bundle(bundle, kSigned, "Eve Lind", key_of(kEve)).has_value());
  use_bundle(bundle);
  EXPECT_NE(refusal().find("`Eve Lind` is not among"), std::string::npos);
  // Grace leaves, and Eve vouches for what is in force.
  config_.policy_signers[1] = {"Eve Lind", key_of(kEve).public_key(), false, true};
  EXPECT_EQ(refusal(), "");
  expect_in_force("1");
  EXPECT_NE(records_.back().detail.find("in force at a signal with another approval, before it 1"),
            std::string::npos);
  EXPECT_NE(records_.back().detail.find("approver Eve Lind"), std::string::npos);
  EXPECT_EQ(switch_->status().in_force.approver, "Eve Lind");
  EXPECT_EQ(switch_->status().history.size(), 1U);
  const std::size_t records = records_.size();
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(records_.size(), records) << "once";
  ASSERT_TRUE(open(Opening::kResume).has_value()) << "the archive holds Eve's approval";
}

TEST_F(PolicySwitchTest, ALaterApprovalByTheSamePersonIsNoChange) {
  Bundle bundle = approved_bundle(small_policy("1"), 1);
  use_bundle(bundle);
  ASSERT_TRUE(open().has_value());
  const UtcTime later = kSigned + std::chrono::hours(1);
  ASSERT_TRUE(approve_bundle(bundle, later, "Grace Okafor", key_of(kGrace)).has_value());
  use_bundle(bundle);
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(records_.size(), 1U);
}

TEST_F(PolicySwitchTest, ARollbackHoldsUntilSomethingNewComes) {
  for (int version = 1; version <= 3; ++version) {
    use_bundle(approved_bundle(small_policy(std::to_string(version)),
                               static_cast<std::uint64_t>(version)));
    ASSERT_TRUE(switch_ ? refusal().empty() : open().has_value());
  }
  const auto back = switch_->roll_back("");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->was.version, "3");
  EXPECT_EQ(back->is.version, "2");
  expect_in_force("2");
  EXPECT_NE(records_.back().detail.find("in force by rollback, before it 3 ("), std::string::npos);
  EXPECT_TRUE(switch_->status().rolled_back);
  EXPECT_EQ(refusal(), "") << "the bundle is the one from which it went back";
  expect_in_force("2");
  ASSERT_TRUE(open().has_value());
  expect_in_force("2");
  EXPECT_TRUE(switch_->status().rolled_back);
  // Once more goes further back, and no further than there is.
  ASSERT_TRUE(switch_->roll_back("").has_value());
  expect_in_force("1");
  EXPECT_EQ(switch_->roll_back("").error().code, ErrorCode::kNotFound);
  // By digest, forward too: what the bundle gives is then in force again.
  ASSERT_TRUE(switch_->roll_back(digest_of(small_policy("3")).substr(0, 8)).has_value());
  expect_in_force("3");
  EXPECT_FALSE(switch_->status().rolled_back);
  EXPECT_EQ(switch_->roll_back(digest_of(small_policy("3"))).error().code, ErrorCode::kConflict);
  EXPECT_EQ(switch_->roll_back(digest_of(small_policy("2")).substr(0, 7)).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(switch_->roll_back(digest_of(small_policy("9"))).error().code, ErrorCode::kNotFound);
  // The next one is above all that were, and going back from it leads to the one before it.
  ASSERT_TRUE(switch_->roll_back(digest_of(small_policy("1"))).has_value());
  use_bundle(approved_bundle(small_policy("4"), 4));
  EXPECT_EQ(refusal(), "");
  expect_in_force("4");
  ASSERT_TRUE(switch_->roll_back("").has_value());
  expect_in_force("1");
}

TEST_F(PolicySwitchTest, AFolderCanBeRolledBackToo) {
  use_folder(small_policy("1"));
  ASSERT_TRUE(open().has_value());
  use_folder(small_policy("2"));
  EXPECT_EQ(refusal(), "");
  ASSERT_TRUE(switch_->roll_back("").has_value());
  expect_in_force("1");
  ASSERT_TRUE(open().has_value());
  expect_in_force("1");
  use_folder(small_policy("3"));
  EXPECT_EQ(refusal(), "");
  expect_in_force("3");
  // Not where bundles alone count.
  use_bundle(approved_bundle(small_policy("4"), 1));
  ASSERT_TRUE(open().has_value());
  expect_in_force("4");
  const auto refused = switch_->roll_back("");
  ASSERT_TRUE(refused.has_error());
  EXPECT_NE(refused.error().message.find("takes approved bundles alone"), std::string::npos);
  expect_in_force("4");
}

TEST_F(PolicySwitchTest, WhatTheArchiveKeptIsVerifiedAgain) {
  use_bundle(approved_bundle(small_policy("1"), 1));
  ASSERT_TRUE(open().has_value());
  use_bundle(approved_bundle(small_policy("2"), 2));
  EXPECT_EQ(refusal(), "");
  const fs::path kept = folder_.path() / "state" / (digest_of(small_policy("1")) + ".json");
  const std::string whole = *read_whole(kept, kMaxBundleBytes);
  const auto with = [&](const std::string& text) {
    std::ofstream(kept, std::ios::binary) << text;
    return switch_->roll_back("").has_value();
  };
  EXPECT_FALSE(with(whole.substr(0, whole.size() / 2)));
  EXPECT_FALSE(with(write_bundle(signed_bundle(small_policy("1"), 1)))) << "not approved";
  EXPECT_FALSE(with(write_bundle(approved_bundle(small_policy("3"), 1)))) << "another policy";
  expect_in_force("2");
  // Somebody whose key is no longer trusted: their old bundles are not either.
  std::ofstream(kept, std::ios::binary) << whole;
  config_.policy_signers[1].approver = false;
  EXPECT_TRUE(switch_->roll_back("").has_error());
  config_.policy_signers[1].approver = true;
  EXPECT_TRUE(switch_->roll_back("").has_value());
}

TEST_F(PolicySwitchTest, TheHistoryIsBounded) {
  for (std::size_t version = 1; version <= kMaxHistory + 1; ++version) {
    if (version == kMaxHistory + 1) {
      EXPECT_EQ(switch_->status().history.size(), kMaxHistory);
      EXPECT_EQ(switch_->status().history.front().version, "1");
    }
    use_folder(small_policy(std::to_string(version)));
    ASSERT_TRUE(switch_ ? refusal().empty() : open().has_value());
  }
  EXPECT_EQ(switch_->status().history.size(), kMaxHistory);
  EXPECT_EQ(switch_->status().history.front().version, "2");
  const auto documents = std::distance(fs::directory_iterator(folder_.path() / "state"), {});
  EXPECT_EQ(static_cast<std::size_t>(documents), kMaxHistory + 1) << "and the state";
}

TEST_F(PolicySwitchTest, ADamagedStateIsNotForgotten) {
  use_bundle(approved_bundle(small_policy("1"), 1));
  ASSERT_TRUE(open().has_value());
  switch_.reset();
  const fs::path state = folder_.path() / "state/state.json";
  const std::string whole = *read_whole(state, kMaxBundleBytes);
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("{}"), std::string("[]"),
        whole.substr(0, whole.find("\"in_force\"")) + "\"in_force\":\"x\"" +
            whole.substr(whole.find(",\"source\""))}) {
    std::ofstream(state, std::ios::binary) << text;
    const auto opened = open();
    ASSERT_TRUE(opened.has_error()) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << text;
  }
  std::ofstream(state, std::ios::binary) << whole;
  EXPECT_TRUE(open().has_value());
}

TEST_F(PolicySwitchTest, AStateThatIsMissingIsNoFirstStart) {
  open_two_versions();
  fs::remove(state());
  const auto opened = open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find("put it back from a copy"), std::string::npos);
  // One document is what a first change leaves that was cut off.
  fs::remove(folder_.path() / "state" / (digest_of(small_policy("1")) + ".json"));
  EXPECT_TRUE(open().has_value());
}

}  // namespace
}  // namespace fieldgate::policies
