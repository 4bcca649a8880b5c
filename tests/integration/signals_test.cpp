// Signals and certificates: SIGTERM drains, SIGHUP reloads, TLS on the apps listener.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;

TEST(Signals, TermLetsOpenRequestsFinishAndEndsTheIdle) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const std::string body = read_of(email("ada@example.com"), "personalisation", {"first_name"});
  HttpClient idle(shop.port());
  const auto first = idle.request("POST", "/v1/profiles/read",
                                  {"Authorization: Bearer " + shop.key("web-shop")}, body);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->status, 200);
  // A request whose body is still on its way when the signal comes.
  HttpClient open(shop.port());
  ASSERT_TRUE(open.send("POST /v1/profiles/read HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                        shop.key("web-shop") + "\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n"));
  // The interim answer says that the request is taken in.
  const auto interim = open.read_interim();
  ASSERT_TRUE(interim);
  EXPECT_EQ(*interim, 100);
  shop.process().signal(SIGTERM);
  ASSERT_TRUE(shop.process().wait_for_output("stopping: open requests may finish"));
  EXPECT_TRUE(idle.ended());
  ASSERT_TRUE(open.send(body));
  const auto answer = open.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200) << answer->body;
  EXPECT_NE(answer->body.find(R"("first_name":"Ada")"), std::string::npos);
  EXPECT_EQ(shop.process().wait(), 0);
  shop.expect_log_verifies();
  const json::value audit = json::parse(answer->body).at("audit");
  EXPECT_EQ(leaf_of(stored_records(shop.log()).at(audit.at("index").to_number<std::size_t>())),
            audit.at("leaf").as_string());
}

TEST(Signals, TermUnderLoadEndsWithZeroAndEveryAnswerRecorded) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const std::string key = shop.key("web-shop");
  std::atomic<int> answered{0};
  std::vector<std::vector<Receipt>> receipts(8);
  std::vector<std::thread> threads;
  for (std::vector<Receipt>& into : receipts) {
    threads.emplace_back([&] {
      Api app(shop.port(), key);
      while (app.read(read_of(email("ada@example.com"), "personalisation")).status == 200) {
        ++answered;
      }
      into = app.receipts();
    });
  }
  while (answered < 500) {
    std::this_thread::yield();
  }
  EXPECT_EQ(shop.stop(), 0);
  std::vector<Receipt> all;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    all.insert(all.end(), receipts[i].begin(), receipts[i].end());
  }
  const Finished verified = shop.cli({"audit", "verify", shop.data().string(), "--json"});
  EXPECT_TRUE(json::parse(verified.out).at("complete").as_bool()) << verified.out;
  expect_proven(shop.log(), all);
}

// A deployment with a copy of the policy that a test may edit.
class Reload : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(shop_.start_demo());
    ASSERT_EQ(shop_.stop(), 0);
    policy_ = shop_.home() / "policy";
    fs::copy(FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy", policy_,
             fs::copy_options::recursive);
    std::string config = read_file(shop_.home() / "fieldgate.yaml");
    const std::size_t at = config.find("policy_directory:");
    config.replace(at, config.find('\n', at) - at, "policy_directory: policy");
    write_file(shop_.home() / "fieldgate.yaml", config);
  }
  // Waits for the n-th time that this is said.
  bool said(const std::string& text, std::size_t times) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (shop_.process().count_in_output(text) < times &&
           std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    return shop_.process().count_in_output(text) >= times;
  }
  Bookshop shop_;
  fs::path policy_;
};

TEST_F(Reload, HupPutsAChangedPolicyInForceAndABrokenOneDoesNot) {
  ASSERT_TRUE(shop_.start_serve());
  Api web(shop_, "web-shop");
  const std::string body = read_of(email("ada@example.com"), "personalisation");
  const ApiAnswer before = web.read(body);
  ASSERT_EQ(before.status, 200);
  EXPECT_EQ(before.field("city"), R"("Leeds")");

  // The version last: the folder is watched, and may be read after the first of them.
  replace_in_file(policy_ / "purposes.yaml",
                  "fields: {first_name: show, city: show, country: show, "
                  "birth_date: {generalise: band-10}, loyalty_tier",
                  "fields: {first_name: show, country: show, birth_date: {generalise: band-10}, "
                  "loyalty_tier");
  replace_in_file(policy_ / "policy.yaml", "policy: \"2026-11\"", "policy: \"2026-12\"");
  shop_.process().signal(SIGHUP);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-12 is in force"));
  const ApiAnswer after = web.read(body);
  ASSERT_EQ(after.status, 200) << after.text;
  EXPECT_EQ(after.word("policy"), "2026-12");
  EXPECT_EQ(after.field("city"), "");
  EXPECT_EQ(after.object().at("subject"), before.object().at("subject"));

  replace_in_file(policy_ / "purposes.yaml", "basis: legal-obligation", "basis: legal-obligaton");
  shop_.process().signal(SIGHUP);
  ASSERT_TRUE(shop_.process().wait_for_output("the old policy stays in force"));
  EXPECT_TRUE(shop_.process().wait_for_output("purposes.yaml:"));
  const ApiAnswer still = web.read(body);
  EXPECT_EQ(still.status, 200);
  EXPECT_EQ(still.word("policy"), "2026-12");

  replace_in_file(policy_ / "purposes.yaml", "basis: legal-obligaton", "basis: legal-obligation");
  shop_.process().signal(SIGHUP);
  EXPECT_TRUE(said("policy 2026-12 is in force", 2));
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
  expect_proven(shop_.log(), web.receipts());
  // Each record names the policy that decided it.
  const auto records = stored_records(shop_.log());
  EXPECT_EQ(json::parse(records.at(before.receipt().index)).at("policy").as_string(), "2026-11");
  EXPECT_EQ(json::parse(records.at(after.receipt().index)).at("policy").as_string(), "2026-12");
  EXPECT_NE(json::parse(records.at(before.receipt().index)).at("policy_digest"),
            json::parse(records.at(after.receipt().index)).at("policy_digest"));
}

TEST_F(Reload, ARemovedRoleAndAWithdrawnGrantStopTheNextRequest) {
  ASSERT_TRUE(shop_.start_serve());
  Api crm(shop_, "crm");
  Api ingest(shop_, "ingest");
  const std::string patch =
      R"({"identifiers":[{"type":"account_id","value":"R-1"}],"fields":{"city":{"value":"Bath"}}})";
  EXPECT_EQ(ingest.patch(patch).status, 200);
  EXPECT_EQ(crm.read(read_of(email("hugo@example.org"), "newsletter")).status, 200);
  const fs::path next = shop_.home() / "apps.yaml";
  fs::copy(policy_ / "apps.yaml", next);
  replace_in_file(next, "roles: [ingest, consent]", "roles: [consent]");
  replace_in_file(next, "purposes: [newsletter], default_purpose: newsletter, roles",
                  "purposes: [order-fulfilment], default_purpose: order-fulfilment, roles");
  fs::rename(next, policy_ / "apps.yaml");
  shop_.process().signal(SIGHUP);
  ASSERT_TRUE(shop_.process().wait_for_output("is in force"));
  EXPECT_EQ(ingest.patch(patch).status, 403);
  EXPECT_EQ(crm.read(read_of(email("hugo@example.org"), "newsletter")).code(),
            "purpose-not-granted");
  EXPECT_EQ(shop_.stop(), 0);
}

TEST(Tls, ServesOverTlsWithASelfSignedCertificate) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  ASSERT_EQ(shop.stop(), 0);
  const std::string certificate = (shop.home() / "server.crt").string();
  const std::string key = (shop.home() / "server.key").string();
  const Finished made =
      run_to_end({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
                  "/CN=shop.example", "-addext", "subjectAltName=IP:127.0.0.1"},
                 {});
  ASSERT_EQ(made.code, 0) << made.err;
  std::string config = read_file(shop.home() / "fieldgate.yaml");
  config.replace(config.find("surfaces: [apps"), 15,
                 "tls: {certificate: server.crt, key: server.key}, surfaces: [apps");
  write_file(shop.home() / "fieldgate.yaml", config);
  ASSERT_TRUE(shop.start_serve());
  const std::string body = read_of(email("ada@example.com"), "personalisation", {"first_name"});
  const auto curl = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = {
        "curl",
        "--silent",
        "--show-error",
        "--cacert",
        certificate,
        "-H",
        "Authorization: Bearer " + shop.key("web-shop"),
        "-d",
        body,
        "https://127.0.0.1:" + std::to_string(shop.port()) + "/v1/profiles/read"};
    command.insert(command.begin() + 1, more.begin(), more.end());
    return run_to_end(command, {});
  };
  for (const std::vector<std::string>& version :
       std::vector<std::vector<std::string>>{{"--tlsv1.3"}, {"--tls-max", "1.2"}}) {
    const Finished read = curl(version);
    EXPECT_EQ(read.code, 0) << version[0] << read.err;
    EXPECT_NE(read.out.find(R"("first_name":"Ada")"), std::string::npos) << read.out;
  }
  EXPECT_NE(curl({"--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"}).code, 0);
  HttpClient plain(shop.port());
  const auto refused = plain.request("GET", "/openapi.json", {}, {});
  EXPECT_FALSE(refused && refused->status == 200) << "plain text on a TLS port";
  // A broken certificate at SIGHUP leaves the old one in use.
  write_file(certificate + ".new", "not a certificate");
  const std::string good = read_file(certificate);
  fs::rename(certificate + ".new", certificate);
  shop.process().signal(SIGHUP);
  ASSERT_TRUE(shop.process().wait_for_output("the old certificate stays in use on listener `"));
  write_file(certificate, good);
  EXPECT_EQ(curl({"--tlsv1.3"}).code, 0);
  EXPECT_EQ(shop.stop(), 0);
  // Without its certificate it does not start.
  fs::remove(certificate);
  const Finished without =
      shop.cli({"serve", "--config", (shop.home() / "fieldgate.yaml").string()});
  EXPECT_NE(without.code, 0);
  EXPECT_NE(without.err.find("server.crt"), std::string::npos) << without.err;
}

}  // namespace
}  // namespace fieldgate::test
