// Promise 3 under a race: no read that begins after an acknowledged withdrawal releases a field.
#include "tests/integration/support/shop_test.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace fieldgate::test {
namespace {

constexpr int kReaders = 6;

class WithdrawalRace : public ::testing::TestWithParam<const char*> {
 protected:
  static int toggles() { return std::getenv("FIELDGATE_LONG") != nullptr ? 1000 : 200; }
};

TEST_P(WithdrawalRace, NoReadAfterAnAcknowledgedWithdrawalReleasesAnything) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  ASSERT_EQ(shop.stop(), 0);
  ASSERT_TRUE(shop.start_serve(GetParam()));
  const std::string web_key = shop.key("web-shop");
  const std::string mobile_key = shop.key("mobile-app");
  // Odd while a withdrawal is acknowledged and no `given` has been sent since.
  std::atomic<std::uint64_t> withdrawals_in_force{0};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> released{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> judged{0};
  std::atomic<int> broken{0};
  std::atomic<int> wrong{0};

  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      Api app(shop.port(), i % 2 == 0 ? web_key : mobile_key);
      while (!done) {
        const std::uint64_t before = withdrawals_in_force;
        const ApiAnswer answer =
            app.read(read_of(email("ada@example.com"), "personalisation", {"first_name"}));
        const std::uint64_t after = withdrawals_in_force;
        released += answer.status == 200 ? 1U : 0U;
        refused += answer.status == 403 ? 1U : 0U;
        wrong += answer.status != 200 && answer.status != 403 ? 1 : 0;
        // The withdrawal was in force before this read began and until after it ended.
        if (before % 2 == 1 && before == after) {
          ++judged;
          broken += answer.status == 200 ? 1 : 0;
        }
      }
    });
  }
  Api writer(shop.port(), web_key);
  Api after_it(shop.port(), mobile_key);
  int own_breaks = 0;
  for (int i = 0; i < toggles(); ++i) {
    const ApiAnswer withdrawn = writer.post(
        "/v1/consents", consent_of(email("ada@example.com"), {"personalisation", "withdrawn"}));
    ASSERT_EQ(withdrawn.status, 201) << withdrawn.text;
    ++withdrawals_in_force;
    // On another connection, which may live on another loop.
    for (int k = 0; k < 2; ++k) {
      own_breaks += after_it.read(read_of(email("ada@example.com"), "personalisation")).code() ==
                            "consent-withdrawn"
                        ? 0
                        : 1;
    }
    ++withdrawals_in_force;
    const ApiAnswer given =
        writer.post("/v1/consents", consent_of(email("ada@example.com"), {"personalisation"}));
    ASSERT_EQ(given.status, 201) << given.text;
    EXPECT_TRUE(given.object().at("in_force").as_bool());
    EXPECT_EQ(
        after_it.read(read_of(email("ada@example.com"), "personalisation", {"first_name"})).status,
        200);
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(broken, 0) << "reads released a field after a withdrawal was acknowledged";
  EXPECT_EQ(own_breaks, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(released, 0U);
  EXPECT_GT(refused, 0U);
  EXPECT_GT(judged, 0U) << "no read ran while a withdrawal was in force: nothing was tested";
  std::printf("withdrawal race: %d toggles, %llu reads released, %llu refused, %llu judged\n",
              toggles(), static_cast<unsigned long long>(released.load()),
              static_cast<unsigned long long>(refused.load()),
              static_cast<unsigned long long>(judged.load()));
  EXPECT_EQ(shop.stop(), 0);
  shop.expect_log_verifies();
  expect_proven(shop.log(), writer.receipts());
}

INSTANTIATE_TEST_SUITE_P(Stores, WithdrawalRace,
                         ::testing::Values("loops: 2\n", "loops: 2\nstore: {hot_set_bytes: 0}\n"));

}  // namespace
}  // namespace fieldgate::test
