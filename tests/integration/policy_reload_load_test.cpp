// A reload under load neither drops a request nor mixes two policies in one decision.
#include "tests/integration/support/policy_people.h"
#include "tests/integration/support/stored_log.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <thread>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReaders = 4;
constexpr std::size_t kBatchers = 2;
constexpr std::size_t kReadsInBatch = 20;
constexpr const char* kFirst = "2026-11";
constexpr const char* kSecond = "2026-12";

// The whole of an answer but its receipt: what this policy gives, withholds and says.
std::string without_receipt(json::object body) {
  body.erase("audit");
  return json::serialize(body);
}

struct Decided {
  std::uint64_t index = 0;
  std::string version;
};

class PolicyReloadUnderLoad : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(shop_.start_demo());
    ASSERT_EQ(shop_.stop(), 0);
  }
  // The second policy gives other fields through other transforms, and withholds others.
  static void make_second(const fs::path& folder) {
    replace_in_file(folder / "purposes.yaml",
                    "fields: {first_name: show, city: show, country: show, "
                    "birth_date: {generalise: band-10}, loyalty_tier",
                    "fields: {first_name: show, country: show, birth_date: {generalise: year}, "
                    "loyalty_tier");
    replace_in_file(folder / "policy.yaml", "policy: \"2026-11\"", "policy: \"2026-12\"");
    // Its own tests and never-rules say otherwise.
    fs::remove(folder / "tests.yaml");
    std::string text = read_file(folder / "policy.yaml");
    write_file(folder / "policy.yaml", text.substr(0, text.find("invariants:")));
  }
  static std::string body() {
    return read_of(email("ada@example.com"), "personalisation",
                   {"first_name", "city", "country", "birth_date", "loyalty_tier", "email"});
  }
  // What a policy answers while nothing changes; called once for each.
  void learn() {
    Api web(shop_, "web-shop");
    const ApiAnswer answer = web.read(body());
    ASSERT_EQ(answer.status, 200) << answer.text;
    const std::string version = answer.word("policy");
    expected_[version] = without_receipt(answer.object());
    learnt_.push_back({answer.receipt().index, version});
  }
  void expect_whole(const json::object& answer, std::vector<Decided>& decided) {
    const std::string version(answer.at("policy").as_string());
    const auto known = expected_.find(version);
    if (known == expected_.end() || without_receipt(answer) != known->second) {
      ++mixed_;
    }
    decided.push_back({answer.at("audit").at("index").to_number<std::uint64_t>(), version});
  }
  void read_singly(std::vector<Decided>& decided) {
    Api web(shop_, "web-shop");
    while (!stop_) {
      const ApiAnswer answer = web.read(body());
      if (answer.status != 200) {
        ++failed_;
        return;
      }
      expect_whole(answer.object(), decided);
      ++answers_;
    }
  }
  void read_batches(std::vector<Decided>& decided) {
    Api web(shop_, "web-shop");
    std::string batch = R"({"reads":[)" + body();
    for (std::size_t i = 1; i < kReadsInBatch; ++i) {
      batch += ',' + body();
    }
    batch += "]}";
    while (!stop_) {
      const ApiAnswer answer = web.post("/v1/profiles/read/batch", batch);
      if (answer.status != 200) {
        ++failed_;
        return;
      }
      std::set<std::string> versions;
      for (const json::value& result : answer.object().at("results").as_array()) {
        if (result.at("status").to_number<int>() != 200) {
          ++failed_;
          continue;
        }
        expect_whole(result.at("body").as_object(), decided);
        versions.insert(decided.back().version);
        ++answers_;
      }
      mixed_ += versions.size() == 1 ? 0 : 1;
    }
  }
  void start_load() {
    decided_.resize(kReaders + kBatchers);
    for (std::size_t i = 0; i < decided_.size(); ++i) {
      threads_.emplace_back(
          [this, i] { i < kReaders ? read_singly(decided_[i]) : read_batches(decided_[i]); });
    }
  }
  void stop_load() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  // Some answers come between one change and the next.
  void let_answers_come() {
    const std::size_t enough = answers_ + 40;
    while (answers_ < enough && failed_ == 0) {
      std::this_thread::yield();
    }
  }
  void wait_for_changes(std::size_t changes) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto done = [&] {
      return shop_.process().count_in_output("policy 2026-11 is in force") +
                 shop_.process().count_in_output("policy 2026-12 is in force") >=
             changes;
    };
    while (!done() && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(done());
  }
  std::uint64_t accepted() {
    HttpClient operations(shop_.operations_port());
    const auto answer = operations.request("GET", "/metrics", {}, {});
    const std::string name = "\nfieldgate_connections_accepted_total ";
    return std::stoull(answer->body.substr(answer->body.find(name) + name.size()));
  }
  // Each record names the version that its answer named, the digest of that version, and the
  // outcomes of that version.
  void expect_records_agree() {
    const std::vector<std::string> records = stored_records(shop_.log());
    std::map<std::string, std::pair<std::string, std::string>> by_version;
    for (const Decided& each : learnt_) {
      const json::value record = json::parse(records.at(each.index));
      by_version[each.version] = {std::string(record.at("policy_digest").as_string()),
                                  json::serialize(record.at("fields"))};
    }
    ASSERT_EQ(by_version.size(), 2U);
    EXPECT_NE(by_version[kFirst], by_version[kSecond]);
    std::map<std::string, std::size_t> counted;
    std::size_t wrong = 0;
    for (const auto& of_thread : decided_) {
      for (const Decided& each : of_thread) {
        const json::value record = json::parse(records.at(each.index));
        const auto& [digest, fields] = by_version[each.version];
        wrong += record.at("policy").as_string() == each.version &&
                         record.at("policy_digest").as_string() == digest &&
                         json::serialize(record.at("fields")) == fields
                     ? 0
                     : 1;
        ++counted[each.version];
      }
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(counted[kFirst], 100U);
    EXPECT_GT(counted[kSecond], 100U);
    std::printf("answers: %zu under the first policy, %zu under the second, none mixed\n",
                counted[kFirst], counted[kSecond]);
  }
  void expect_nothing_lost(std::uint64_t accepted_before) {
    EXPECT_EQ(failed_, 0U);
    EXPECT_EQ(mixed_, 0U);
    // Nobody had to connect a second time; the question itself is one more.
    EXPECT_EQ(accepted() - accepted_before, kReaders + kBatchers + 1);
    EXPECT_EQ(shop_.stop(), 0);
    shop_.expect_log_verifies();
    expect_records_agree();
  }

  Bookshop shop_;
  std::map<std::string, std::string> expected_;  // by version
  std::vector<Decided> learnt_;
  std::vector<std::vector<Decided>> decided_;  // by thread
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> answers_{0};
  std::atomic<std::size_t> failed_{0};
  std::atomic<std::size_t> mixed_{0};
};

TEST_F(PolicyReloadUnderLoad, FoldersThatAreTurnedAtASignal) {
  constexpr std::size_t kChanges = 100;
  const fs::path first = shop_.home() / "first";
  const fs::path second = shop_.home() / "second";
  fs::copy(FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy", first,
           fs::copy_options::recursive);
  fs::copy(first, second, fs::copy_options::recursive);
  make_second(second);
  const fs::path link = shop_.home() / "policy";
  const auto turn = [&](const fs::path& to) {
    fs::create_directory_symlink(to, shop_.home() / "next");
    fs::rename(shop_.home() / "next", link);
    shop_.process().signal(SIGHUP);
  };
  fs::create_directory_symlink(first, link);
  replace_setting(shop_.home() / "fieldgate.yaml", "policy_directory", "policy_directory: policy");
  ASSERT_TRUE(shop_.start_serve());
  learn();
  turn(second);
  ASSERT_TRUE(shop_.process().wait_for_output("policy 2026-12 is in force"));
  learn();
  const std::uint64_t before = accepted();
  start_load();
  for (std::size_t i = 0; i < kChanges; ++i) {
    let_answers_come();
    turn(i % 2 == 0 ? first : second);
    wait_for_changes(i + 2);
  }
  let_answers_come();
  stop_load();
  expect_nothing_lost(before);
}

TEST_F(PolicyReloadUnderLoad, BundlesThatAreRenamedIntoTheirPlace) {
  constexpr unsigned kChanges = 12;
  const PolicyPeople people(shop_);
  const fs::path first = shop_.home() / "first";
  fs::copy(people.folder(), first, fs::copy_options::recursive);
  const auto signed_as = [&](unsigned sequence) {
    return shop_.home() / (std::to_string(sequence) + ".bundle");
  };
  for (const bool odd : {true, false}) {
    if (!odd) {
      make_second(people.folder());
    }
    for (unsigned sequence = odd ? 1 : 2; sequence <= kChanges; sequence += 2) {
      people.sign(signed_as(sequence), sequence);
      people.approve(signed_as(sequence));
    }
  }
  fs::rename(signed_as(1), people.bundle());
  ASSERT_TRUE(shop_.start_serve());
  learn();
  fs::rename(signed_as(2), people.bundle());
  wait_for_changes(1);
  learn();
  const std::uint64_t before = accepted();
  start_load();
  for (unsigned sequence = 3; sequence <= kChanges; ++sequence) {
    let_answers_come();
    fs::rename(signed_as(sequence), people.bundle());
    wait_for_changes(sequence - 1);
  }
  let_answers_come();
  stop_load();
  expect_nothing_lost(before);
}

}  // namespace
}  // namespace fieldgate::test
