// What the binary refuses before it serves: broken policy, config, keys, folders.
#include "tests/integration/support/shop_test.h"

#include <boost/json/parse.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <algorithm>
#include <fstream>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;

const std::string kExample = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop";

TEST(Policy, ATypoIsNamedByFileLineColumnAndTheNearestWord) {
  TemporaryFolder folder;
  fs::copy(kExample + "/policy", folder.path() / "policy", fs::copy_options::recursive);
  const fs::path file = folder.path() / "policy" / "purposes.yaml";
  const std::string text = read_file(file);
  const std::size_t at = text.find("    basis: legal-obligation");
  ASSERT_NE(at, std::string::npos);
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  replace_in_file(file, "    basis: legal-obligation", "    bassis: legal-obligation");
  const std::string policy = (folder.path() / "policy").string();
  const Finished words = run_to_end({FIELDGATE_BINARY, "policy", "check", policy}, {});
  EXPECT_EQ(words.code, 1);
  EXPECT_NE((words.out + words.err).find("purposes.yaml:" + std::to_string(line) + ":5"),
            std::string::npos)
      << words.out << words.err;
  EXPECT_NE((words.out + words.err).find("`basis`"), std::string::npos) << words.out << words.err;
  const Finished checked = run_to_end({FIELDGATE_BINARY, "policy", "check", policy, "--json"}, {});
  EXPECT_EQ(checked.code, 1);
  const json::value report = json::parse(checked.out);
  bool named = false;
  for (const json::value& finding : report.at("findings").as_array()) {
    named = named ||
            (finding.at("line") == line && finding.at("column") == 5 &&
             finding.at("severity").as_string() == "error" &&
             std::string(finding.at("suggestion").as_string()).find("basis") != std::string::npos);
  }
  EXPECT_TRUE(named) << checked.out;
}

TEST(Policy, TheBookshopsPolicyIsGoodAndItsTestsPass) {
  EXPECT_EQ(run_to_end({FIELDGATE_BINARY, "policy", "check", kExample + "/policy"}, {}).code, 0);
  const Finished tested =
      run_to_end({FIELDGATE_BINARY, "policy", "test", kExample + "/policy", "--json"}, {});
  EXPECT_EQ(tested.code, 0) << tested.out;
  EXPECT_GT(json::parse(tested.out).at("tests").as_array().size(), 20U);
  EXPECT_EQ(run_to_end({FIELDGATE_BINARY, "policy", "check", "/nonexistent"}, {}).code, 2);
}

// A state that a demo has made, stopped.
class Refusals : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shop_ = std::make_unique<Bookshop>();
    made_ = shop_->start_demo() && shop_->stop() == 0;
  }
  static void TearDownTestSuite() { shop_.reset(); }
  void SetUp() override { ASSERT_TRUE(made_); }

  // Serves with a config that must be refused; gives what it said.
  static Finished serve(const std::string& config) {
    const fs::path file = shop_->home() / "refused.yaml";
    write_file(file, config);
    return shop_->cli({"serve", "--config", file.string()});
  }
  static std::string config() { return read_file(shop_->home() / "fieldgate.yaml"); }
  static void expect_still_good() {
    ASSERT_TRUE(shop_->start_demo());
    Api web(*shop_, "web-shop");
    EXPECT_EQ(web.read(read_of(email("ada@example.com"), "personalisation")).status, 200);
    EXPECT_EQ(shop_->stop(), 0);
  }

  static inline std::unique_ptr<Bookshop> shop_;
  static inline bool made_ = false;
};

TEST_F(Refusals, AConfigWithAnUnknownKeyIsNamedByItsPlace) {
  const std::string text = config() + "lops: 2\n";
  const auto line = std::count(text.begin(), text.end(), '\n');
  const Finished refused = serve(text);
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("refused.yaml:" + std::to_string(line) + ":1"), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("did you mean `loops`?"), std::string::npos) << refused.err;
  const Finished checked =
      shop_->cli({"config", "check", (shop_->home() / "refused.yaml").string(), "--json"});
  EXPECT_EQ(checked.code, 1);
  const json::value report = json::parse(checked.out);
  ASSERT_EQ(report.at("findings").as_array().size(), 1U);
  EXPECT_EQ(report.at("findings").as_array()[0].at("line"), line);
  EXPECT_EQ(report.at("findings").as_array()[0].at("code").as_string(), "unknown-key");
  EXPECT_EQ(shop_->cli({"config", "check", (shop_->home() / "fieldgate.yaml").string()}).code, 0);
}

TEST_F(Refusals, ValuesThatAreNotOnesAreRefused) {
  for (const char* line :
       {"loops: 65", "loops: -1", "loops: two", "store: {hot_set_bytes: 1.5}", "production: 1",
        "limits: {body_seconds: 0}", "limits: {body_bytes: 12}", "limits: {header_bytes: 999999}",
        "default_region: Ireland", "segment_door: true", "listeners: []", "loops: 2\nloops: 2"}) {
    const Finished refused = serve(
        "data_directory: x\npolicy_directory: y\nroot_key: "
        "{passphrase_file: z}\nlog_origin: q\n" +
        std::string(line) + "\n");
    EXPECT_NE(refused.code, 0) << line;
    EXPECT_NE(refused.err.find("refused.yaml:"), std::string::npos) << line << refused.err;
  }
}

TEST_F(Refusals, AWrongPassphraseOpensNothing) {
  const fs::path wrong = shop_->home() / "wrong.passphrase";
  write_file(wrong, "not-the-right-passphrase-at-all-0123456789\n");
  fs::permissions(wrong, fs::perms(0600));
  std::string text = config();
  const std::string right = (shop_->home() / "root.passphrase").string();
  text.replace(text.find(right), right.size(), wrong.string());
  const Finished refused = serve(text);
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("does not unlock"), std::string::npos) << refused.err;
  EXPECT_EQ(refused.err.find("not-the-right"), std::string::npos);
  expect_still_good();
}

TEST_F(Refusals, APassphraseThatOthersCanReadIsRefused) {
  const fs::path secret = shop_->home() / "root.passphrase";
  fs::permissions(secret, fs::perms(0644));
  const Finished refused = serve(config());
  fs::permissions(secret, fs::perms(0600));
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("root.passphrase"), std::string::npos) << refused.err;
}

TEST_F(Refusals, AFolderThatAnotherProcessHoldsIsRefusedByItsProcessId) {
  ASSERT_TRUE(shop_->start_demo());
  const Finished second = serve(config());
  EXPECT_NE(second.code, 0);
  EXPECT_NE(second.err.find("in use by process " + std::to_string(shop_->process().id())),
            std::string::npos)
      << second.err;
  Api web(*shop_, "web-shop");
  EXPECT_EQ(web.read(read_of(email("ada@example.com"), "personalisation")).status, 200)
      << "the first goes on";
  EXPECT_TRUE(fs::exists(shop_->data() / "control.sock"));
  EXPECT_EQ(shop_->cli({"keys", "app", "list"}).code, 0) << "and keeps its control socket";
  EXPECT_EQ(shop_->stop(), 0);
}

TEST_F(Refusals, AMissingPartIsLossNotAFreshStart) {
  for (const char* part : {"keyring.json", "keys.db", "profiles.db", "log"}) {
    fs::rename(shop_->data() / part, shop_->home() / part);
    const Finished refused = serve(config());
    EXPECT_NE(refused.code, 0) << part;
    EXPECT_NE(refused.err.find(part == std::string("log") ? "put the log back" : "incomplete"),
              std::string::npos)
        << part << refused.err;
    EXPECT_FALSE(fs::exists(shop_->data() / part)) << part << " was made anew";
    fs::rename(shop_->home() / part, shop_->data() / part);
  }
  expect_still_good();
}

TEST_F(Refusals, AReadOnlyFolderIsRefusedAndLeavesEverythingAsItWas) {
  Mount mount;
  if (!mount.read_only(shop_->data())) {
    GTEST_SKIP() << "skipped: mounting is not allowed here";
  }
  EXPECT_FALSE(std::ofstream(shop_->data() / "probe").is_open());
  const Finished refused = serve(config());
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("Read-only file system"), std::string::npos) << refused.err;
  EXPECT_EQ(shop_->cli({"audit", "verify", shop_->data().string()}).code, 0) << "reading goes on";
}

TEST_F(Refusals, APlainListenerOutsideLoopbackNeedsItsProxyNamed) {
  std::string open = config();
  open.replace(open.find("127.0.0.1"), 9, "0.0.0.0");
  const Finished refused = serve(open);
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("name the proxy that ends TLS"), std::string::npos) << refused.err;
  open.replace(open.find("address: 0.0.0.0"), 16,
               "address: 0.0.0.0, plain_behind_proxy: 127.0.0.1");
  const fs::path file = shop_->home() / "proxied.yaml";
  write_file(file, open);
  Process process({FIELDGATE_BINARY, "serve", "--config", file.string()}, shop_->environment());
  ASSERT_TRUE(process.wait_for_output("operations on port ")) << process.err();
  Api web(port_after(process.err(), "apps on port "), shop_->key("web-shop"));
  EXPECT_EQ(web.read(read_of(email("ada@example.com"), "personalisation")).status, 200);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(Refusals, ABrokenPolicyDoesNotStart) {
  TemporaryFolder folder;
  fs::copy(kExample + "/policy", folder.path() / "policy", fs::copy_options::recursive);
  replace_in_file(folder.path() / "policy" / "purposes.yaml", "    basis: legal-obligation",
                  "    basis: legal-obligaton");
  std::string text = config();
  const std::size_t at = text.find("policy_directory: \"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, text.find('\n', at) - at,
               "policy_directory: " + (folder.path() / "policy").string());
  const Finished refused = serve(text);
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("purposes.yaml:"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("legal-obligation"), std::string::npos) << refused.err;
  expect_still_good();
}

TEST(CommandLine, WrongUseIs2AndHelpIs0) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"serve", "--nonsense"},
                                             {"nonsense"},
                                             {"keys"},
                                             {"audit", "verify"},
                                             {"profiles", "import"}}) {
    std::vector<std::string> command{FIELDGATE_BINARY};
    command.insert(command.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(run_to_end(command, {}).code, 2) << (arguments.empty() ? "" : arguments[0]);
  }
  for (const char* name : {"serve", "demo", "policy", "keys", "profiles", "audit", "config"}) {
    EXPECT_EQ(run_to_end({FIELDGATE_BINARY, name, "--help"}, {}).code, 0) << name;
  }
  EXPECT_EQ(run_to_end({FIELDGATE_BINARY, "version"}, {}).code, 0);
}

}  // namespace
}  // namespace fieldgate::test
