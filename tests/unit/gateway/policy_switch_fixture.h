// A policy switch over a memory store, whose log, binding and clock the tests hold.
#pragma once

#include "gateway/durable_file.h"
#include "gateway/policies/policy_switch.h"
#include "gateway/store/memory/memory_store.h"
#include "tests/unit/gateway/policy_test_files.h"
#include "tests/unit/gateway/test_keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace fieldgate::policies {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] UtcTime now() const override { return kSigned; }
};

struct Recorded {
  std::string digest;
  std::string detail;
};

class PolicySwitchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { keys_ = std::make_unique<TestKeys>(); }
  static void TearDownTestSuite() { keys_.reset(); }

  void use_folder(const Files& files) {
    config_.policy_directory = folder_.path() / "policy";
    std::filesystem::remove_all(config_.policy_directory);
    write_files(config_.policy_directory, files);
  }
  void use_bundle(const Bundle& bundle) {
    config_.policy_bundle = folder_.path() / "policy.bundle";
    config_.policy_signers = trusted_signers();
    config_.production = true;
    std::ofstream(config_.policy_bundle, std::ios::binary) << write_bundle(bundle);
  }
  Result<void> open(Opening opening = Opening::kTake) {
    switch_.reset();
    PolicySwitch::Services services{
        [this](const Content& content) {
          if (bind_throws_) {
            throw std::runtime_error("out of luck");
          }
          return read_path::BoundPolicy::bind(content, store_->names(), *keys_->keyring);
        },
        [this](const Origin& named, const std::string& detail) -> Result<void> {
          if (!log_writable_) {
            return make_error(ErrorCode::kUnavailable, "the disk is full");
          }
          // A record comes before the change that it tells of.
          in_force_when_recorded_ = switch_ ? in_force() : "";
          records_.push_back({named.digest, detail});
          if (given_up_) {
            // The commit thread makes it durable all the same, and then the disk is full.
            given_up_ = false;
            log_writable_ = false;
            return make_error(ErrorCode::kUnavailable, "a commit takes too long");
          }
          return ok();
        },
        [this](const std::string& said) { said_.push_back(said); }, clock_};
    FIELDGATE_TRY(switch_,
                  PolicySwitch::open(config_, folder_.path() / "state", services, opening));
    return ok();
  }
  [[nodiscard]] std::string in_force() const {
    const auto bound = switch_->in_force().get();
    return bound == nullptr ? "" : std::string(bound->set().version());
  }
  // Reads see the same policy as the status and the state on disk.
  void expect_in_force(const std::string& version) {
    EXPECT_EQ(in_force(), version);
    EXPECT_EQ(switch_->status().in_force.version, version);
    EXPECT_EQ(switch_->status().in_force.digest, switch_->in_force().get()->digest());
  }
  std::string refusal() {
    const auto taken = switch_->take("at a signal");
    return taken.has_error() ? taken.error().message : "";
  }

  [[nodiscard]] std::filesystem::path state() const { return folder_.path() / "state/state.json"; }
  [[nodiscard]] bool keeps(const Files& files) const {
    return std::filesystem::exists(folder_.path() / "state" / (digest_of(files) + ".json"));
  }
  void open_two_versions() {
    use_bundle(approved_bundle(small_policy("1"), 1));
    ASSERT_TRUE(open().has_value());
    use_bundle(approved_bundle(small_policy("2"), 2));
    ASSERT_EQ(refusal(), "");
  }

  static inline std::unique_ptr<TestKeys> keys_;
  TestFolder folder_;
  config::Config config_;
  FixedClock clock_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  bool log_writable_ = true;
  bool given_up_ = false;
  bool bind_throws_ = false;
  std::vector<Recorded> records_;
  std::string in_force_when_recorded_;
  std::vector<std::string> said_;
  std::unique_ptr<PolicySwitch> switch_;  // last: it uses the others
};

}  // namespace fieldgate::policies
