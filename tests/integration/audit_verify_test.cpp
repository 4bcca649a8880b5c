// `fieldgate audit verify` on a log that the gateway wrote: whole, and with one byte changed.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

namespace fieldgate::test {
namespace {

void flip(const std::filesystem::path& file, std::uint64_t offset, unsigned char with) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  unsigned char byte = 0;
  ASSERT_EQ(::pread(descriptor, &byte, 1, static_cast<off_t>(offset)), 1);
  byte = static_cast<unsigned char>(byte ^ with);
  ASSERT_EQ(::pwrite(descriptor, &byte, 1, static_cast<off_t>(offset)), 1);
  ::close(descriptor);
}

class AuditVerify : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(shop_.start_demo());
    Api web(shop_, "web-shop");
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(web.read(read_of(email("ada@example.com"), "personalisation")).status, 200);
    }
    ASSERT_EQ(shop_.stop(), 0);
  }
  Bookshop shop_;
};

TEST_F(AuditVerify, PassesAfterACleanStopAndSaysWhatItCovers) {
  const Finished verified = shop_.cli({"audit", "verify", shop_.data().string(), "--json"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  const json::value report = json::parse(verified.out);
  EXPECT_TRUE(report.at("ok").as_bool());
  EXPECT_TRUE(report.at("complete").as_bool());
  EXPECT_EQ(report.at("size").to_number<std::size_t>(), stored_records(shop_.log()).size());
  const std::string vkey = shop_.variable("FIELDGATE_LOG_VKEY");
  EXPECT_EQ(shop_.cli({"audit", "key", shop_.log().string()}).out, vkey + "\n");
  EXPECT_EQ(shop_.cli({"audit", "verify", shop_.log().string(), "--key", vkey}).code, 0);
  // A copy elsewhere verifies as well, with nothing but what is in it.
  TemporaryFolder copy;
  std::filesystem::copy(shop_.log(), copy.path() / "log", std::filesystem::copy_options::recursive);
  EXPECT_EQ(shop_.cli({"audit", "verify", (copy.path() / "log").string()}).code, 0);
  EXPECT_EQ(shop_.cli({"audit", "verify", copy.path().string()}).code, 0);
  std::string other = vkey;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  EXPECT_NE(shop_.cli({"audit", "verify", copy.path().string(), "--key", other}).code, 0);
  EXPECT_EQ(shop_.cli({"audit", "verify", (copy.path() / "none").string()}).code, 2);
}

TEST_F(AuditVerify, OneFlippedByteAnywhereBelowTheCheckpointIsFoundAndNamed) {
  const auto used = used_bytes(shop_.log());
  ASSERT_EQ(used.size(), 1U);
  const std::uint64_t size = used[0].size;
  ASSERT_GT(size, 10'000U);
  // The header, the ends of the frames, and everything between, in steps of a prime.
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t at = 0; at < 64; at += 3) {
    offsets.push_back(at);
    offsets.push_back(size - 1 - at);
  }
  const std::uint64_t step = std::getenv("FIELDGATE_LONG") != nullptr ? 31 : 331;
  for (std::uint64_t at = 64; at < size; at += step) {
    offsets.push_back(at);
  }
  std::mt19937_64 random(2);
  std::size_t named_beyond = 0;
  for (const std::uint64_t offset : offsets) {
    SCOPED_TRACE("offset " + std::to_string(offset) + " of " + std::to_string(size));
    const auto with = static_cast<unsigned char>(1 + random() % 255);
    flip(used[0].file, offset, with);
    const Finished verified = shop_.cli({"audit", "verify", shop_.data().string(), "--json"});
    flip(used[0].file, offset, with);
    ASSERT_EQ(verified.code, 1) << verified.out << verified.err;
    const json::value report = json::parse(verified.out);
    ASSERT_FALSE(report.at("ok").as_bool());
    const json::object& found = report.at("first_break").as_object();
    EXPECT_NE(std::string(found.at("file").as_string()).find(used[0].file.filename().string()),
              std::string::npos)
        << verified.out;
    EXPECT_FALSE(found.at("what").as_string().empty());
    // The place named is where the frame or commit that holds the byte begins, or the byte itself.
    const auto named = found.at("offset").to_number<std::uint64_t>();
    EXPECT_LE(named, size);
    named_beyond += named > offset ? 1 : 0;
  }
  std::printf(
      "audit verify: %zu single flipped bytes in %llu, all found; %zu named at a later "
      "check\n",
      offsets.size(), static_cast<unsigned long long>(size), named_beyond);
  // The checkpoint and its key are covered, too.
  for (const char* name : {"checkpoint", "log.vkey"}) {
    const auto file = shop_.log() / name;
    const std::uint64_t bytes = std::filesystem::file_size(file);
    for (std::uint64_t at = 0; at < bytes; at += 5) {
      flip(file, at, 0x21);
      const Finished verified = shop_.cli({"audit", "verify", shop_.data().string()});
      flip(file, at, 0x21);
      EXPECT_EQ(verified.code, 1) << name << " at " << at << verified.out << verified.err;
      EXPECT_NE((verified.out + verified.err).find(name), std::string::npos)
          << verified.out << verified.err;
    }
  }
  shop_.expect_log_verifies();
}

TEST_F(AuditVerify, TheGatewayRefusesToStartOnADamagedLog) {
  const auto used = used_bytes(shop_.log());
  ASSERT_EQ(used.size(), 1U);
  flip(used[0].file, used[0].size / 2, 0x10);
  const Finished refused =
      shop_.cli({"demo", "--example", FIELDGATE_SOURCE_DIR "/docs/examples/bookshop"});
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find(used[0].file.filename().string()), std::string::npos) << refused.err;
  flip(used[0].file, used[0].size / 2, 0x10);
  ASSERT_TRUE(shop_.start_demo());
  EXPECT_EQ(shop_.stop(), 0);
}

}  // namespace
}  // namespace fieldgate::test
