// fieldgate.yaml: what is taken, and every fault with its place.
#include "gateway/config/config.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

namespace fieldgate::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSmallest = R"(data_directory: data
policy_directory: policy
root_key: {passphrase_file: secret}
listeners:
  - {surfaces: [apps]}
)";

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string name = (fs::temp_directory_path() / "fieldgate-config-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ConfigTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  LoadedConfig load(std::string_view text) const {
    const fs::path file = folder_ / "fieldgate.yaml";
    std::ofstream(file, std::ios::binary) << text;
    return load_config(file);
  }
  LoadedConfig with(const std::string& more) const { return load(std::string(kSmallest) + more); }
  // The only finding of a config that is good but for `more`, which begins on line 6.
  Diagnostic only_finding(const std::string& more) const {
    LoadedConfig loaded = with(more);
    EXPECT_EQ(loaded.findings.size(), 1U) << more;
    return loaded.findings.empty() ? Diagnostic{} : loaded.findings[0];
  }
  fs::path folder_;
};

TEST_F(ConfigTest, TheSmallestHasTheDocumentedDefaults) {
  const LoadedConfig loaded = load(kSmallest);
  ASSERT_TRUE(loaded.findings.empty()) << format_diagnostic(loaded.findings[0]);
  const Config& config = loaded.config;
  EXPECT_EQ(config.data_directory, folder_ / "data");
  EXPECT_EQ(config.policy_directory, folder_ / "policy");
  EXPECT_EQ(std::get<crypto::PassphraseFile>(config.root_key).path, folder_ / "secret");
  EXPECT_EQ(config.log_origin, "fieldgate.local/audit");
  EXPECT_EQ(config.loops, 0U);
  EXPECT_EQ(config.hot_set_bytes, 256ULL * 1024 * 1024);
  EXPECT_TRUE(config.default_region.empty());
  EXPECT_FALSE(config.segment_door);
  EXPECT_FALSE(config.production);
  EXPECT_TRUE(config.base_url.empty());
  ASSERT_EQ(config.listeners.size(), 1U);
  EXPECT_EQ(config.listeners[0].address, "127.0.0.1");
  EXPECT_EQ(config.listeners[0].port, 8080);
  EXPECT_FALSE(config.listeners[0].tls.has_value());
  EXPECT_TRUE(config.listeners[0].plain_behind_proxy.empty());
  const server::Limits limits;
  EXPECT_EQ(config.limits.body_bytes, limits.body_bytes);
  EXPECT_EQ(config.limits.body_bytes, 1024U * 1024U);
}

TEST_F(ConfigTest, EverySettingIsTaken) {
  const LoadedConfig loaded = load(R"(data_directory: /srv/data
policy_bundle: ../policy.bundle
policy_signers:
  - {name: Ada Brandt, key: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=, roles: [author]}
  - {name: Grace Okafor, key: PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=, roles: [author, approver]}
root_key: {systemd_credential: root}
log_origin: shop.example/log
listeners:
  - name: apps
    address: 0.0.0.0
    port: 443
    surfaces: [apps, developers]
    tls: {certificate: a.crt, key: /keys/a.key}
  - {port: 0, surfaces: [operations], plain_behind_proxy: 10.0.0.1}
limits:
  tls_handshake_seconds: 1
  header_seconds: 2
  body_seconds: 3
  keep_alive_seconds: 4
  write_stalled_seconds: 5
  drain_seconds: 6
  header_bytes: 16384
  header_fields: 8
  body_bytes: 67108864
  connections: 7
loops: 64
store: {hot_set_bytes: 0}
default_region: IE
segment_door: {enabled: true}
production: true
)");
  ASSERT_TRUE(loaded.findings.empty()) << format_diagnostic(loaded.findings[0]);
  const Config& config = loaded.config;
  EXPECT_EQ(config.data_directory, "/srv/data");
  EXPECT_EQ(config.policy_directory, "");
  EXPECT_EQ(config.policy_bundle, folder_.parent_path() / "policy.bundle");
  ASSERT_EQ(config.policy_signers.size(), 2U);
  EXPECT_EQ(config.policy_signers[0].name, "Ada Brandt");
  EXPECT_EQ(config.policy_signers[0].key[0], 0xd7);
  EXPECT_TRUE(config.policy_signers[0].author);
  EXPECT_FALSE(config.policy_signers[0].approver);
  EXPECT_TRUE(config.policy_signers[1].author);
  EXPECT_TRUE(config.policy_signers[1].approver);
  EXPECT_EQ(std::get<crypto::SystemdCredential>(config.root_key).name, "root");
  ASSERT_EQ(config.listeners.size(), 2U);
  EXPECT_EQ(config.listeners[0].tls->certificate_chain, folder_ / "a.crt");
  EXPECT_EQ(config.listeners[0].tls->private_key, "/keys/a.key");
  EXPECT_EQ(config.listeners[0].surfaces,
            (std::vector<Surface>{Surface::kApps, Surface::kDevelopers}));
  EXPECT_EQ(config.listeners[1].port, 0);
  EXPECT_EQ(config.listeners[1].plain_behind_proxy, "10.0.0.1");
  EXPECT_EQ(config.limits.tls_handshake, std::chrono::seconds(1));
  EXPECT_EQ(config.limits.header, std::chrono::seconds(2));
  EXPECT_EQ(config.limits.body, std::chrono::seconds(3));
  EXPECT_EQ(config.limits.keep_alive_idle, std::chrono::seconds(4));
  EXPECT_EQ(config.limits.write_stalled, std::chrono::seconds(5));
  EXPECT_EQ(config.limits.drain, std::chrono::seconds(6));
  EXPECT_EQ(config.limits.header_bytes, 16384U);
  EXPECT_EQ(config.limits.header_fields, 8U);
  EXPECT_EQ(config.limits.body_bytes, 64U * 1024U * 1024U);
  EXPECT_EQ(config.limits.connections, 7U);
  EXPECT_EQ(config.loops, kMaxLoops);
  EXPECT_EQ(config.hot_set_bytes, 0U);
  EXPECT_EQ(config.default_region, "IE");
  EXPECT_TRUE(config.segment_door);
  EXPECT_TRUE(config.production);
}

TEST_F(ConfigTest, AnUnknownKeyNamesItsPlaceAndTheNearestOne) {
  const Diagnostic finding = only_finding("lops: 2\n");
  EXPECT_EQ(finding.where.line, 6U);
  EXPECT_EQ(finding.where.column, 1U);
  EXPECT_EQ(finding.code, "unknown-key");
  EXPECT_EQ(finding.suggestion, "did you mean `loops`?");
  const Diagnostic inside = only_finding("limits:\n  body_secnds: 3\n");
  EXPECT_EQ(inside.where.line, 7U);
  EXPECT_EQ(inside.where.column, 3U);
  EXPECT_EQ(inside.suggestion, "did you mean `body_seconds`?");
  EXPECT_EQ(only_finding("qqqqqqqqqqqq: 1\n").suggestion,
            "see docs/operations.md for every setting");
}

TEST_F(ConfigTest, ValuesOutOfTheirRangeAreFindings) {
  for (const char* more : {"loops: 65", "limits: {body_seconds: 0}", "limits: {body_seconds: 3601}",
                           "limits: {header_bytes: 1023}", "limits: {header_bytes: 16385}",
                           "limits: {body_bytes: 1023}", "limits: {body_bytes: 67108865}",
                           "limits: {header_fields: 7}", "limits: {header_fields: 1001}"}) {
    EXPECT_EQ(only_finding(std::string(more) + "\n").code, "out-of-range") << more;
  }
  for (const char* more :
       {"limits: {body_seconds: 3600}", "limits: {header_bytes: 1024}",
        "limits: {body_bytes: 1024}", "limits: {header_fields: 1000}", "loops: 0"}) {
    EXPECT_TRUE(with(std::string(more) + "\n").findings.empty()) << more;
  }
}

TEST_F(ConfigTest, ValuesOfAnotherTypeAreFindings) {
  for (const char* more :
       {"loops: two", "loops: -1", "loops: 1.5", "loops: [1]", "loops:", "production: 1",
        "production: \"true\"", "production: yes", "default_region: ie1", "segment_door: true",
        "store: 5", "limits: []", "log_origin: {}", "log_origin: \"\""}) {
    EXPECT_EQ(only_finding(std::string(more) + "\n").code, "wrong-type") << more;
  }
}

TEST_F(ConfigTest, WhatIsMissingIsNamed) {
  const LoadedConfig loaded = load("loops: 1\n");
  std::string said;
  for (const Diagnostic& finding : loaded.findings) {
    said += finding.message + "; ";
    EXPECT_EQ(finding.code, "missing-key");
  }
  for (const char* name : {"data_directory", "policy_directory", "root_key", "listeners"}) {
    EXPECT_NE(said.find('`' + std::string(name) + '`'), std::string::npos) << said;
  }
}

TEST_F(ConfigTest, ThePolicyIsADirectoryOrABundleThatTwoPeopleSign) {
  const std::string rest =
      "data_directory: d\nroot_key: {passphrase_file: a}\nlisteners: [{surfaces: [apps]}]\n";
  const std::string ada =
      "{name: Ada, key: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=, roles: [author]}";
  const std::string grace =
      "{name: Grace, key: PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=, roles: [approver]}";
  const auto codes = [&](const std::string& text) {
    std::string found;
    for (const Diagnostic& finding : load(rest + text).findings) {
      EXPECT_GT(finding.where.line, 0) << text;
      found += finding.code + ' ';
    }
    return found;
  };
  const auto signers = [&](const std::string& list) {
    return codes("policy_bundle: b\npolicy_signers: [" + list + "]\n");
  };
  EXPECT_EQ(signers(ada + ", " + grace), "");
  EXPECT_EQ(codes("policy_directory: p\n"), "");
  EXPECT_EQ(codes("policy_directory: p\npolicy_bundle: b\n"), "policy-source ");
  EXPECT_EQ(codes("policy_directory: p\nproduction: true\n"), "policy-source ");
  EXPECT_EQ(codes("policy_bundle: b\n"), "policy-signers ");
  EXPECT_EQ(signers(ada), "policy-signers ");
  // The same person, twice, is one person.
  EXPECT_EQ(signers(ada + ", {name: Ada, key: PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=, "
                          "roles: [approver]}"),
            "policy-signers ");
  EXPECT_EQ(signers(ada + ", {name: Grace, key: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=, "
                          "roles: [approver]}"),
            "same-key ");
  EXPECT_EQ(signers(ada + ", " + grace + ", {name: Eve, key: short, roles: [author]}"), "bad-key ");
  EXPECT_EQ(signers(ada + ", " + grace + ", {name: Eve, roles: [author]}"), "missing-key ");
  EXPECT_EQ(signers(ada + ", {name: G, key: PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=, roles: "
                          "[approver, judge]}"),
            "unknown-role ");
}

TEST_F(ConfigTest, SignersAreCounted) {
  const auto with = [&](std::size_t count) {
    std::string text =
        "data_directory: d\npolicy_directory: p\nroot_key: {passphrase_file: a}\n"
        "listeners: [{surfaces: [apps]}]\npolicy_signers:\n";
    for (std::size_t i = 0; i < count; ++i) {
      const Hash32 key = crypto::sha256(as_bytes(std::to_string(i)));
      text += "  - {name: P" + std::to_string(i) + ", key: " + crypto::base64_encode(key) +
              ", roles: [author]}\n";
    }
    return load(text).findings.size();
  };
  EXPECT_EQ(with(kMaxPolicySigners), 0U);
  EXPECT_EQ(with(kMaxPolicySigners + 1), 1U);
}

TEST_F(ConfigTest, TheRootKeyHasExactlyOneSource) {
  const auto with_root = [&](const std::string& root) {
    return load(
        "data_directory: d\npolicy_directory: p\nlisteners: [{surfaces: [apps]}]\n"
        "root_key: " +
        root + "\n");
  };
  for (const char* root : {"{}", "{passphrase_file: a, systemd_credential: b}"}) {
    const LoadedConfig loaded = with_root(root);
    ASSERT_EQ(loaded.findings.size(), 1U) << root;
    EXPECT_EQ(loaded.findings[0].code, "root-key");
    EXPECT_EQ(loaded.findings[0].where.line, 4U);
  }
  EXPECT_FALSE(with_root("secret").findings.empty());
}

TEST_F(ConfigTest, ListenersAreCheckedOneByOne) {
  const auto with_listeners = [&](const std::string& listeners) {
    return load(
        "data_directory: d\npolicy_directory: p\nroot_key: {passphrase_file: s}\n"
        "listeners: " +
        listeners + "\n");
  };
  for (const auto& [listeners, code] : std::vector<std::pair<const char*, const char*>>{
           {"[]", "missing-key"},
           {"[{port: 1}]", "no-surface"},
           {"[{surfaces: [customers]}]", "unknown-surface"},
           {"[{surfaces: [apps], port: 65536}]", "out-of-range"},
           {"[{surfaces: [apps], tls: {certificate: a}}]", "tls"},
           {"[{surfaces: [apps], prot: 1}]", "unknown-key"},
           {"apps", "wrong-type"}}) {
    const LoadedConfig loaded = with_listeners(listeners);
    ASSERT_FALSE(loaded.findings.empty()) << listeners;
    bool found = false;
    for (const Diagnostic& finding : loaded.findings) {
      found = found || finding.code == code;
    }
    EXPECT_TRUE(found) << listeners << ' ' << loaded.findings[0].code;
  }
  std::string many = "[{surfaces: [apps]}";
  for (std::size_t i = 1; i < kMaxListeners; ++i) {
    many += ", {surfaces: [apps]}";
  }
  EXPECT_TRUE(with_listeners(many + "]").findings.empty());
  EXPECT_FALSE(with_listeners(many + ", {surfaces: [apps]}]").findings.empty());
}

TEST_F(ConfigTest, EveryFaultIsReportedInOneRunInTheOrderOfTheFile) {
  const LoadedConfig loaded = with("loops: 65\nproduction: maybe\nnothing: 1\n");
  ASSERT_EQ(loaded.findings.size(), 3U);
  EXPECT_EQ(loaded.findings[0].where.line, 6U);
  EXPECT_EQ(loaded.findings[1].where.line, 7U);
  EXPECT_EQ(loaded.findings[2].where.line, 8U);
}

TEST_F(ConfigTest, FilesThatCannotBeOneAreFindings) {
  EXPECT_EQ(load_config(folder_ / "none.yaml").findings.at(0).code, "unreadable");
  EXPECT_TRUE(has_errors(load_config(folder_).findings)) << "a folder is no file";
  EXPECT_TRUE(has_errors(load("").findings));
  EXPECT_TRUE(has_errors(load("[]").findings));
  EXPECT_TRUE(has_errors(load("a: [").findings));
  EXPECT_TRUE(has_errors(with("loops: 1\nloops: 2\n").findings)) << "a key twice";
  EXPECT_TRUE(has_errors(load(std::string("\xFF\xFE", 2)).findings));
  const std::string padding(kMaxConfigBytes - kSmallest.size() - 1, '#');
  EXPECT_TRUE(with(padding + "\n").findings.empty()) << "the limit itself";
  EXPECT_EQ(with(padding + "#\n").findings.at(0).code, "too-large");
}

TEST_F(ConfigTest, TakesAnOriginAsBaseUrlAndNothingMore) {
  for (const char* good :
       {"https://gateway.example", "https://gateway.example:8443", "https://10.0.0.7:65535",
        "https://[2001:db8::7]", "https://[2001:db8::7]:8443", "http://127.0.0.1:8080",
        "http://localhost", "http://[::1]:8080"}) {
    const LoadedConfig loaded = with("base_url: \"" + std::string(good) + "\"\n");
    EXPECT_TRUE(loaded.findings.empty()) << good;
    EXPECT_EQ(loaded.config.base_url, good);
  }
  for (const char* bad : {"gateway.example",
                          "//gateway.example",
                          "ftp://gateway.example",
                          "https://",
                          "https://gateway.example/",
                          "https://gateway.example/pdp",
                          "https://gateway.example?x",
                          "https://gateway.example#x",
                          "https://user@gateway.example",
                          "https://gateway.example:",
                          "https://gateway.example:0",
                          "https://gateway.example:65536",
                          "https://gateway.example:84a",
                          "https://[2001:db8::7",
                          "https://[]",
                          "https://[::1]x",
                          "HTTPS://gateway.example",
                          "https://Gateway.example",
                          "http://gateway.example",
                          "http://127.0.0.1.gateway.example",
                          "https://gate way.example"}) {
    const Diagnostic finding = only_finding("base_url: \"" + std::string(bad) + "\"\n");
    EXPECT_NE(finding.message.find("`base_url`"), std::string::npos) << bad;
    EXPECT_EQ(finding.where.line, 6) << bad;
  }
  // The other finding is that production takes no plain folder.
  std::string plain;
  for (const Diagnostic& finding :
       with("production: true\nbase_url: \"http://127.0.0.1:8080\"\n").findings) {
    plain += finding.code + ": " + finding.message + '\n';
  }
  EXPECT_EQ(std::count(plain.begin(), plain.end(), '\n'), 2) << plain;
  EXPECT_NE(plain.find("policy-source: "), std::string::npos) << plain;
  EXPECT_NE(plain.find("`base_url`"), std::string::npos) << plain;
}

}  // namespace
}  // namespace fieldgate::config
