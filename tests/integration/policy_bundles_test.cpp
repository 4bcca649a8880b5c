// Policies come as bundles that two people sign, and change while the gateway serves.
#include "tests/integration/support/policy_people.h"
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;

class PolicyBundles : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(shop_.start_demo());
    ASSERT_EQ(shop_.stop(), 0);
    people_ = std::make_unique<PolicyPeople>(shop_);
  }
  json::object ready() {
    HttpClient operations(shop_.operations_port());
    const auto answer = operations.request("GET", "/readyz", {}, {});
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    return json::parse(answer->body).as_object();
  }
  std::string ready_state() { return std::string(ready().at("policy").at("state").as_string()); }
  // "fieldgate_NAME 1": the value as text.
  std::string metric(const std::string& name) {
    HttpClient operations(shop_.operations_port());
    const auto answer = operations.request("GET", "/metrics", {}, {});
    const std::string start = "\nfieldgate_" + name + ' ';
    const std::size_t at = answer->body.find(start);
    if (at == std::string::npos) {
      return "";
    }
    const std::size_t value = at + start.size();
    return answer->body.substr(value, answer->body.find('\n', value) - value);
  }
  std::string policy_read() {
    Api web(shop_, "web-shop");
    return web.read(read_of(email("ada@example.com"), "personalisation")).word("policy");
  }
  // The `policy` records so far, oldest first.
  std::vector<json::value> policy_records() {
    std::vector<json::value> found;
    for (const std::string& line : stored_records(shop_.log())) {
      json::value record = json::parse(line);
      if (record.at("type").as_string() == "policy") {
        found.push_back(std::move(record));
      }
    }
    return found;
  }
  Finished serve_in_vain() {
    return shop_.cli({"serve", "--config", (shop_.home() / "fieldgate.yaml").string()});
  }
  json::value command(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--config", (shop_.home() / "fieldgate.yaml").string(), "--json"});
    const Finished done = shop_.cli(arguments);
    EXPECT_EQ(done.code, 0) << done.err;
    return json::parse(done.out);
  }

  Bookshop shop_;
  std::unique_ptr<PolicyPeople> people_;
};

TEST_F(PolicyBundles, ProductionStartsWithAnApprovedBundleAlone) {
  Finished refused = serve_in_vain();
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("policy.bundle"), std::string::npos) << refused.err;
  people_->sign(people_->bundle(), 1);
  refused = serve_in_vain();
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("nobody has approved the bundle; somebody other than `Ada Brandt`"),
            std::string::npos)
      << refused.err;
  people_->approve(people_->bundle());
  const std::string good = read_file(people_->bundle());
  std::string bad = good;
  bad.replace(bad.find("birth_date"), 10, "first_name");
  write_file(people_->bundle(), bad);
  refused = serve_in_vain();
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("is not the one that was signed"), std::string::npos) << refused.err;
  write_file(people_->bundle(), good);
  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(policy_read(), "2026-11");
  EXPECT_EQ(ready().at("status").as_string(), "ready");
  EXPECT_EQ(ready_state(), "current");
  EXPECT_EQ(shop_.stop(), 0);
  const auto records = policy_records();
  const json::value& last = records.back();
  EXPECT_EQ(last.at("policy").as_string(), "2026-11");
  EXPECT_NE(last.at("detail").as_string().find("author Ada Brandt, approver Grace Okafor"),
            json::string::npos);
  shop_.expect_log_verifies();
}

TEST_F(PolicyBundles, ProductionRefusesAPlainFolderAndSaysWhere) {
  replace_setting(
      shop_.home() / "fieldgate.yaml", "policy_bundle",
      std::string(keys_can_be_locked() ? "" : "production: true\n") + "policy_directory: policy");
  const Finished refused = serve_in_vain();
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("fieldgate.yaml:"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("must come as an approved bundle"), std::string::npos) << refused.err;
}

TEST_F(PolicyBundles, ANewBundleIsTakenAndABrokenOneToldEverywhere) {
  people_->publish(1);
  ASSERT_TRUE(shop_.start_serve());
  people_->set_version("2026-11", "2026-12");
  people_->publish(2);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-12 is in force"));
  EXPECT_EQ(policy_read(), "2026-12");
  EXPECT_EQ(metric("policy_changes_total"), "2") << "at the start, and now";
  EXPECT_EQ(metric("policy_update_refused"), "0");

  const std::string whole = read_file(people_->bundle());
  write_file(people_->bundle(), whole.substr(0, whole.size() / 2));
  ASSERT_TRUE(shop_.process().wait_for_output("the old policy stays in force: "));
  EXPECT_EQ(policy_read(), "2026-12");
  const json::object degraded = ready();
  EXPECT_EQ(degraded.at("status").as_string(), "degraded");
  EXPECT_EQ(degraded.at("policy").at("version").as_string(), "2026-12");
  EXPECT_EQ(degraded.at("policy").at("state").as_string(), "update-refused");
  EXPECT_NE(degraded.at("policy").at("because").as_string().find("cut off"), json::string::npos);
  EXPECT_EQ(metric("policy_update_refused"), "1");
  EXPECT_EQ(metric("policy_refusals_total"), "1");
  const json::value refused = policy_records().back();
  EXPECT_EQ(refused.at("policy").as_string(), "2026-12");
  EXPECT_TRUE(refused.at("detail").as_string().starts_with("a policy was refused"));

  // Mended, and told at a signal: the same policy as before is no change.
  write_file(people_->bundle(), whole);
  shop_.process().signal(SIGHUP);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ready_state() != "current" && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ready_state(), "current");
  EXPECT_EQ(metric("policy_update_refused"), "0");

  // A bundle of yesterday does not come back by itself.
  people_->publish(1);
  ASSERT_TRUE(shop_.process().wait_for_output("has sequence 1, and 2 was in force already"));
  EXPECT_EQ(policy_read(), "2026-12");
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
}

TEST_F(PolicyBundles, ARollbackIsACommandAndHoldsOverARestart) {
  people_->publish(1);
  ASSERT_TRUE(shop_.start_serve());
  people_->set_version("2026-11", "2026-12");
  people_->publish(2);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-12 is in force"));
  const json::value back = command({"policy", "rollback"});
  EXPECT_EQ(back.at("is").at("policy").as_string(), "2026-11");
  EXPECT_EQ(back.at("was").at("policy").as_string(), "2026-12");
  EXPECT_EQ(back.at("is").at("author").as_string(), "Ada Brandt");
  EXPECT_EQ(policy_read(), "2026-11");
  EXPECT_EQ(ready_state(), "rolled-back");
  EXPECT_EQ(metric("policy_rolled_back"), "1");
  EXPECT_NE(policy_records().back().at("detail").as_string().find("in force by rollback"),
            json::string::npos);
  shop_.process().signal(SIGHUP);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-11 is in force"));
  EXPECT_EQ(policy_read(), "2026-11");
  shop_.kill();

  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(policy_read(), "2026-11") << "after a restart";
  EXPECT_EQ(ready_state(), "rolled-back");
  const json::value history = command({"policy", "history"});
  ASSERT_EQ(history.at("policies").as_array().size(), 2U);
  EXPECT_TRUE(history.at("rolled_back").as_bool());
  // With none running, on the state itself; then forward by digest.
  EXPECT_EQ(shop_.stop(), 0);
  const std::string newest(history.at("policies").at(0).at("digest").as_string());
  EXPECT_EQ(command({"policy", "rollback", "--to", newest}).at("is").at("policy").as_string(),
            "2026-12");
  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(policy_read(), "2026-12");
  EXPECT_EQ(ready_state(), "current");
  ASSERT_EQ(command({"policy", "rollback"}).at("is").at("policy").as_string(), "2026-11");
  people_->set_version("2026-12", "2027-01");
  people_->publish(3);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2027-01 is in force"));
  EXPECT_EQ(policy_read(), "2027-01");
  EXPECT_EQ(ready_state(), "current");
  EXPECT_EQ(shop_
                .cli({"policy", "rollback", "--to", "0123456789", "--config",
                      (shop_.home() / "fieldgate.yaml").string()})
                .code,
            1);
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
}

TEST_F(PolicyBundles, CommandsGoOnOfflineWhenTheNewestPolicyIsBrokenAndTakeNone) {
  people_->publish(1);
  ASSERT_TRUE(shop_.start_serve());
  people_->set_version("2026-11", "2026-12");
  people_->publish(2);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-12 is in force"));
  const json::value key = command({"keys", "app", "add", "web-shop"});
  EXPECT_EQ(shop_.stop(), 0);
  const std::size_t records = policy_records().size();
  // One that is good is not put in force by looking.
  people_->set_version("2026-12", "2027-01");
  people_->publish(3);
  EXPECT_EQ(command({"policy", "history"}).at("policies").at(0).at("policy").as_string(),
            "2026-12");
  EXPECT_EQ(policy_records().size(), records);
  const std::string whole = read_file(people_->bundle());
  write_file(people_->bundle(), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(command({"policy", "history"}).at("policies").as_array().size(), 2U);
  command({"keys", "app", "revoke", std::string(key.at("prefix").as_string())});
  EXPECT_EQ(command({"policy", "rollback"}).at("is").at("policy").as_string(), "2026-11");
  EXPECT_EQ(policy_records().size(), records + 1);
  EXPECT_EQ(serve_in_vain().code, 1) << "a start takes what is configured, and that is damaged";
  write_file(people_->bundle(), whole);
  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(policy_read(), "2027-01");
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
}

TEST_F(PolicyBundles, AChangeThatCannotBeKeptDoesNotTakePlace) {
  people_->publish(1);
  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(shop_.stop(), 0);
  people_->set_version("2026-11", "2026-12");
  {
    Mount mount;
    if (!mount.read_only(shop_.data() / "policy")) {
      GTEST_SKIP() << "skipped: this process may not mount";
    }
    ASSERT_TRUE(shop_.start_serve());
    people_->publish(2);
    ASSERT_TRUE(shop_.process().wait_for_output("the old policy stays in force: "));
    EXPECT_EQ(policy_read(), "2026-11");
    EXPECT_EQ(ready_state(), "update-refused");
    // Nor can it be gone back, and nothing tells of a change that was none.
    EXPECT_EQ(
        shop_.cli({"policy", "rollback", "--config", (shop_.home() / "fieldgate.yaml").string()})
            .code,
        1);
    EXPECT_EQ(shop_.stop(), 0);
  }
  for (const json::value& record : policy_records()) {
    EXPECT_EQ(record.at("policy").as_string(), "2026-11") << record;
  }
  ASSERT_TRUE(shop_.start_serve());
  EXPECT_EQ(policy_read(), "2026-12");
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
}

TEST_F(PolicyBundles, VerifyTellsWhoWroteAndWhoApproved) {
  const std::string config = (shop_.home() / "fieldgate.yaml").string();
  const std::string file = people_->bundle().string();
  people_->sign(file, 4);
  EXPECT_EQ(shop_.cli({"policy", "verify", file}).code, 1) << "nobody has approved";
  people_->approve(file);
  const Finished verified = shop_.cli({"policy", "verify", file, "--config", config, "--json"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  const json::value told = json::parse(verified.out);
  EXPECT_EQ(told.at("author").at("name").as_string(), "Ada Brandt");
  EXPECT_EQ(told.at("approver").at("name").as_string(), "Grace Okafor");
  EXPECT_EQ(told.at("sequence").as_int64(), 4);
  // What somebody unknown approved is in itself in order, and not for this gateway.
  ASSERT_EQ(shop_.cli({"policy", "keygen", "--out", (shop_.home() / "eve.key").string()}).code, 0);
  ASSERT_EQ(shop_
                .cli({"policy", "approve", file, "--approver", "Eve", "--key",
                      (shop_.home() / "eve.key").string()})
                .code,
            0);
  EXPECT_EQ(shop_.cli({"policy", "verify", file}).code, 0);
  const Finished foreign = shop_.cli({"policy", "verify", file, "--config", config});
  EXPECT_EQ(foreign.code, 1);
  EXPECT_NE(foreign.err.find("`Eve` is not among"), std::string::npos) << foreign.err;
  // Unpacked it is the folder that was signed.
  const fs::path unpacked = shop_.home() / "unpacked";
  ASSERT_EQ(shop_.cli({"policy", "unpack", file, "--out", unpacked.string()}).code, 0);
  const Finished diff =
      run_to_end({"diff", "-r", people_->folder().string(), unpacked.string()}, {});
  EXPECT_EQ(diff.code, 0) << diff.out;
  EXPECT_EQ(shop_.cli({"policy", "unpack", file, "--out", unpacked.string()}).code, 2);
}

TEST_F(PolicyBundles, NobodySignsWhatDoesNotHold) {
  const std::string out = people_->bundle().string();
  const auto sign = [&] {
    return shop_.cli({"policy", "sign", people_->folder().string(), "--out", out, "--author",
                      "Ada Brandt", "--key", (shop_.home() / "ada.key").string()});
  };
  const fs::path tests = people_->folder() / "tests.yaml";
  const std::string good = read_file(tests);
  std::string failing = good;
  failing.replace(failing.find("decision: allow"), 15, "decision: deny");
  write_file(tests, failing);
  Finished refused = sign();
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("fails: "), std::string::npos) << refused.err;
  write_file(tests, good + "nonsense: 1\n");
  refused = sign();
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("tests.yaml:"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(out));
  write_file(tests, good);
  EXPECT_EQ(sign().code, 0);
  // --replaces counts on from the bundle before.
  const Finished next = shop_.cli(
      {"policy", "sign", people_->folder().string(), "--out", out, "--author", "Ada Brandt",
       "--key", (shop_.home() / "ada.key").string(), "--replaces", out, "--json"});
  EXPECT_EQ(json::parse(next.out).at("sequence").as_int64(), 2) << next.err;
}

TEST(PolicyFolder, AChangedFileIsTakenByItself) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  ASSERT_EQ(shop.stop(), 0);
  const fs::path policy = shop.home() / "policy";
  fs::copy(FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy", policy,
           fs::copy_options::recursive);
  replace_setting(shop.home() / "fieldgate.yaml", "policy_directory", "policy_directory: policy");
  ASSERT_TRUE(shop.start_serve());
  replace_in_file(policy / "policy.yaml", "policy: \"2026-11\"", "policy: \"2026-12\"");
  ASSERT_TRUE(shop.process().wait_for_output("policy 2026-12 is in force"));
  // An editor writes a copy and renames it.
  fs::copy(policy / "policy.yaml", policy / ".policy.yaml.new");
  replace_in_file(policy / ".policy.yaml.new", "2026-12", "2027-01");
  fs::rename(policy / ".policy.yaml.new", policy / "policy.yaml");
  ASSERT_TRUE(shop.process().wait_for_output("policy 2027-01 is in force"));
  // A notice is part of the policy: consents name its digest.
  write_file(policy / "notices/newsletter.v1.en.md", "other words\n");
  replace_in_file(policy / "policy.yaml", "2027-01", "2027-02");
  ASSERT_TRUE(shop.process().wait_for_output("policy 2027-02 is in force"));
  // Half of a change is not a policy: the old one stays until the other half is there.
  replace_in_file(policy / "apps.yaml", "recipient: riskglass", "recipient: riskclass");
  ASSERT_TRUE(shop.process().wait_for_output("the old policy stays in force"));
  Api web(shop, "web-shop");
  EXPECT_EQ(web.read(read_of(email("ada@example.com"), "personalisation")).word("policy"),
            "2027-02");
  replace_in_file(policy / "apps.yaml", "riskglass:", "riskclass:");
  replace_in_file(policy / "policy.yaml", "2027-02", "2027-03");
  ASSERT_TRUE(shop.process().wait_for_output("policy 2027-03 is in force"));
  EXPECT_EQ(shop.stop(), 0);
  shop.expect_log_verifies();
}

}  // namespace
}  // namespace fieldgate::test
