// What each command of the built binary ends with: 0 done, 1 a finding, 2 wrong use or nothing
// done.
#include "tests/integration/support/shop_test.h"

namespace fieldgate::test {
namespace {

const std::string kExample = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop";

class ExitCodes : public ShopTest {
 protected:
  // Runs a command on the running shop; an error must say so in words.
  void expect(int code, const std::vector<std::string>& arguments) {
    const Finished finished = shop_->cli(arguments);
    std::string command;
    for (const std::string& word : arguments) {
      command += ' ' + word;
    }
    EXPECT_EQ(finished.code, code) << command << '\n' << finished.out << finished.err;
    EXPECT_FALSE((finished.out + finished.err).empty()) << command;
  }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    write_file(shop_->home() / name, text);
    return (shop_->home() / name).string();
  }
  [[nodiscard]] std::string missing() const { return (shop_->home() / "missing").string(); }
};

TEST_F(ExitCodes, ZeroWhenItIsDone) {
  expect(0, {"version"});
  expect(0, {"--help"});
  for (const char* group : {"serve", "demo", "policy", "keys", "profiles", "audit", "config"}) {
    expect(0, {group, "--help"});
  }
  expect(0, {"policy", "check", kExample + "/policy", "--json"});
  expect(0, {"policy", "test", kExample + "/policy"});
  expect(0, {"config", "check", (shop_->home() / "fieldgate.yaml").string()});
  expect(0, {"keys", "app", "list", "--json"});
  expect(0, {"profiles", "inspect", "email:ada@example.com"});
  expect(0, {"profiles", "import", file("good.csv", "account_id,city\nEX-1,Bath\n")});
  expect(0, {"audit", "verify", shop_->data().string()});
  expect(0, {"audit", "key", shop_->data().string()});
}

TEST_F(ExitCodes, OneForAFinding) {
  expect(1, {"config", "check", file("odd.yaml", "listners: []\n")});
  expect(1, {"keys", "app", "revoke", "zzzzzzzz"});
  expect(1, {"profiles", "inspect", "email:nobody@example.com"});
  expect(1, {"profiles", "import", file("bad.csv", "account_id,city\n,Bath\n")});
  expect(1, {"audit", "prove", shop_->data().string(), "--index", "99999999"});
  TemporaryFolder copy;
  std::filesystem::copy(shop_->log(), copy.path(), std::filesystem::copy_options::recursive);
  const std::string checkpoint = read_file(copy.path() / "checkpoint");
  write_file(copy.path() / "checkpoint", checkpoint.substr(0, checkpoint.size() / 2));
  expect(1, {"audit", "verify", copy.path().string()});
  expect(1, {"audit", "verify", copy.path().string(), "--json"});
}

TEST_F(ExitCodes, TwoForWrongUse) {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {},
           {"sell"},
           {"keys"},
           {"keys", "app"},
           {"keys", "app", "add"},
           {"audit", "verify"},
           {"audit", "prove", shop_->data().string()},
           {"audit", "prove", shop_->data().string(), "--index", "first"},
           {"version", "--loud"},
           {"policy", "check", missing()},
           {"config", "check", missing()},
           {"config", "check", missing(), "--json"},
           {"serve", "--config", missing()},
           {"demo", "--example", missing()},
           {"keys", "app", "list", "--config", missing()},
           {"keys", "app", "add", "web-shp"},
           {"keys", "app", "add", "web-shop", "--role", "king"},
           {"profiles", "import", missing() + ".csv"},
           {"profiles", "import", file("people.txt", "x")},
           {"profiles", "inspect", "ada@example.com"},
           {"profiles", "inspect", "email:ada"},
           {"profiles", "inspect", "cookie:1"},
           {"audit", "verify", missing()},
           {"audit", "verify", missing(), "--json"},
           {"audit", "key", missing()},
           {"audit", "prove", missing(), "--index", "0"},
           {"audit", "verify", shop_->data().string(), "--key", "no key"}}) {
    expect(2, command);
  }
}

TEST_F(ExitCodes, ASecondGatewayOnTheSameDataIsRefused) {
  const Finished second =
      shop_->cli({"serve", "--config", (shop_->home() / "fieldgate.yaml").string()});
  EXPECT_EQ(second.code, 2);
  EXPECT_EQ(second.err.rfind("fieldgate: error: ", 0), 0U) << second.err;
}

// Runs a line of shell, with the binary as $0.
Finished shell(const std::string& line, const Environment& environment) {
  return run_to_end({"/bin/sh", "-c", line, FIELDGATE_BINARY}, environment);
}

TEST_F(ExitCodes, AnExceptionIsAClearLineAndTwo) {
  // Its own working directory is gone, which a relative path cannot do without.
  const Finished lost = shell("mkdir '" + missing() + "' && cd '" + missing() + "' && rmdir '" +
                                  missing() + "' && exec \"$0\" profiles import people.csv",
                              shop_->environment());
  EXPECT_EQ(lost.code, 2) << lost.out << lost.err;
  EXPECT_EQ(lost.err.rfind("fieldgate: error: ", 0), 0U) << lost.err;
  EXPECT_EQ(lost.err.find("terminate called"), std::string::npos) << lost.err;
  Environment far = shop_->environment();
  far["FIELDGATE_HOME"] = "/" + std::string(5000, 'x');
  for (const char* command : {"demo", "serve", "keys app list"}) {
    const Finished refused = shell(std::string("exec \"$0\" ") + command, far);
    EXPECT_EQ(refused.code, 2) << command << refused.out << refused.err;
    EXPECT_NE(refused.err.find("fieldgate: error: "), std::string::npos) << refused.err;
  }
}

TEST_F(ExitCodes, OutputThatCannotBeWrittenIsNoSuccess) {
  for (const std::string& command :
       {std::string("version"), "audit key '" + shop_->data().string() + "'",
        std::string("keys app list --json")}) {
    const Finished full = shell("exec \"$0\" " + command + " >/dev/full", shop_->environment());
    EXPECT_EQ(full.code, 2) << command;
    EXPECT_NE(full.err.find("fieldgate: error: the output cannot be written"), std::string::npos)
        << full.err;
  }
}

}  // namespace
}  // namespace fieldgate::test
