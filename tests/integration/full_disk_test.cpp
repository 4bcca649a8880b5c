// A disk that fills up while serving: 503 and nothing partial, and on again once there is room.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

namespace fieldgate::test {
namespace {

// A segment in use, one in the making, the databases, and something to give back later.
constexpr std::size_t kDiskBytes = 232ULL * 1024 * 1024;

// Takes every byte that is left.
void fill(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_GE(descriptor, 0);
  for (std::size_t size = 1024 * 1024; size > 0; size /= 2) {
    const std::string block(size, 'x');
    while (::write(descriptor, block.data(), block.size()) == static_cast<ssize_t>(block.size())) {
    }
  }
  ::close(descriptor);
}

std::string batch_of(const std::string& read) {
  std::string reads = read;
  for (int i = 1; i < 100; ++i) {
    reads += ',' + read;
  }
  return "{\"reads\":[" + reads + "]}";
}

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_.path() / "disk");
    if (!mount_.memory(folder_.path() / "disk", kDiskBytes)) {
      GTEST_SKIP() << "skipped: mounting is not allowed here";
    }
    shop_ = std::make_unique<Bookshop>(folder_.path() / "disk");
    ASSERT_TRUE(shop_->start_demo());
  }
  TemporaryFolder folder_;
  Mount mount_;
  std::unique_ptr<Bookshop> shop_;
};

TEST_F(FullDisk, WritesAre503AndNothingOfThemIsKept) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email("ada@example.com");
  ASSERT_EQ(web.read(read_of(who, "personalisation")).status, 200);
  const auto filler = folder_.path() / "disk" / "filler";
  fill(filler);
  int refused = 0;
  for (int i = 0; i < 200 && refused < 3; ++i) {
    const ApiAnswer answer =
        ingest.patch(R"({"identifiers":[{"type":"account_id","value":"F-)" + std::to_string(i) +
                     R"("}],"fields":{"city":{"value":")" + std::string(8192, 'x') + R"("}}})");
    ASSERT_TRUE(answer.status == 200 || answer.status == 503) << answer.status << answer.text;
    refused += answer.status == 503 ? 1 : 0;
    fill(filler);
  }
  EXPECT_EQ(refused, 3);
  const ApiAnswer consent = web.post("/v1/consents", consent_of(who, {"newsletter", "withdrawn"}));
  EXPECT_EQ(consent.status, 503) << consent.text;
  EXPECT_EQ(consent.problem(), "unavailable");
  const ApiAnswer read = web.read(read_of(who, "personalisation", {"first_name"}));
  EXPECT_TRUE(read.status == 200 || read.status == 503) << read.text;
  EXPECT_EQ(read.status == 200, read.recorded()) << read.text;

  std::filesystem::remove(filler);
  const ApiAnswer again = web.post("/v1/consents", consent_of(who, {"newsletter", "withdrawn"}));
  EXPECT_EQ(again.status, 201) << again.text;
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "consent-withdrawn");
  EXPECT_EQ(ingest
                .patch(R"({"identifiers":[{"type":"account_id","value":"F-AFTER"}],)"
                       R"("fields":{"city":{"value":"Bath"}}})")
                .status,
            200);
  EXPECT_EQ(shop_->stop(), 0);
  shop_->expect_log_verifies();
  expect_proven(shop_->log(), web.receipts());
  expect_proven(shop_->log(), ingest.receipts());
}

TEST_F(FullDisk, ReadsAre503OnceNothingCanBeRecordedAnd200AgainWithoutARestart) {
  Api web(*shop_, "web-shop");
  // A connection for each question: between two of them lies more than the idle deadline.
  const auto ask = [this](const std::string& path) {
    HttpClient operations(shop_->operations_port());
    const auto answer = operations.request("GET", path, {}, {});
    return answer ? answer->status : 0;
  };
  const auto ready = [&ask] { return ask("/readyz"); };
  EXPECT_EQ(ready(), 200);
  const ApiAnswer first = web.read(read_of(email("ada@example.com"), "personalisation"));
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string evaluation =
      R"("subject":{"type":"app","id":"web-shop"},"action":{"name":"read"},)"
      R"("resource":{"type":"profile","id":")" +
      first.word("subject") + R"("},"context":{"purpose":"personalisation"})";
  const std::string batch = batch_of(read_of(email("ada@example.com"), "personalisation"));
  const auto filler = folder_.path() / "disk" / "filler";
  fill(filler);
  // The open segment still has room; reads go on until the log needs the next one.
  std::size_t answered = 0;
  ApiAnswer last;
  for (int i = 0; i < 4000; ++i) {
    last = web.post("/v1/profiles/read/batch", batch);
    ASSERT_EQ(last.status, 200) << last.text;
    std::size_t good = 0;
    for (const json::value& result : last.object().at("results").as_array()) {
      const int status = result.at("status").to_number<int>();
      ASSERT_TRUE(status == 200 || status == 503) << status;
      const json::object& body = result.at("body").as_object();
      // Nothing partial: a value comes with its record, a refusal has neither.
      ASSERT_EQ(status == 200, body.contains("audit"));
      ASSERT_EQ(status == 200, body.contains("fields"));
      good += status == 200 ? 1 : 0;
    }
    answered += good;
    if (good == 0) {
      break;
    }
    if (i % 16 == 0) {
      fill(filler);
    }
  }
  // What is smaller than a whole batch may still fit.
  ApiAnswer refused;
  for (int i = 0; i < 200 && refused.status != 503; ++i) {
    refused = web.read(read_of(email("ada@example.com"), "personalisation"));
    ASSERT_TRUE(refused.status == 200 || refused.status == 503) << refused.text;
    ASSERT_EQ(refused.status == 200, refused.recorded());
    answered += refused.recorded() ? 1 : 0;
  }
  EXPECT_EQ(refused.status, 503) << refused.text;
  EXPECT_EQ(refused.problem(), "unavailable");
  EXPECT_FALSE(refused.object().contains("fields"));
  // A decision that cannot be recorded is not told either, and in a list it is a no.
  const ApiAnswer untold = web.post("/access/v1/evaluation", '{' + evaluation + '}');
  EXPECT_EQ(untold.status, 503) << untold.text;
  EXPECT_FALSE(untold.object().contains("decision"));
  const ApiAnswer list =
      web.post("/access/v1/evaluations", '{' + evaluation + R"(,"evaluations":[{},{}]})");
  ASSERT_EQ(list.status, 200) << list.text;
  for (const json::value& each : list.object().at("evaluations").as_array()) {
    EXPECT_FALSE(each.at("decision").as_bool()) << list.text;
    EXPECT_EQ(each.at("context").at("error").at("status"), 503) << list.text;
  }
  EXPECT_EQ(ready(), 503);
  EXPECT_EQ(ask("/healthz"), 200) << "the process may live";

  std::filesystem::remove(filler);
  // It recovers by itself; the condition is its own answer.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  ApiAnswer recovered;
  do {
    recovered = web.read(read_of(email("ada@example.com"), "personalisation"));
  } while (recovered.status == 503 && std::chrono::steady_clock::now() < patience);
  EXPECT_EQ(recovered.status, 200) << recovered.text;
  EXPECT_EQ(ready(), 200);
  EXPECT_EQ(shop_->stop(), 0);
  shop_->expect_log_verifies();
  expect_proven(shop_->log(), web.receipts());
  std::printf("full disk: %zu reads answered before the disk was full, all of them recorded\n",
              answered);
}

}  // namespace
}  // namespace fieldgate::test
