// A demo that the tests of one suite share; each uses people of its own.
#pragma once

#include "tests/integration/support/api.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fieldgate::test {

class ShopTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shop_ = std::make_unique<Bookshop>();
    started_ = shop_->start_demo();
  }
  static void TearDownTestSuite() {
    if (shop_->running()) {
      EXPECT_EQ(shop_->stop(), 0);
      shop_->expect_log_verifies();
    }
    shop_.reset();
  }
  void SetUp() override { ASSERT_TRUE(started_); }

  /// Makes an adult in Great Britain with this first name and email, and gives the write pseudonym.
  static std::string make_person(Api& ingest, const std::string& email_value,
                                 const std::string& birth_date = "1980-02-03") {
    const ApiAnswer answer =
        ingest.patch(R"({"identifiers":[{"type":"email","value":")" + email_value +
                     R"("}],"fields":{"first_name":{"value":"Tess"},"city":{"value":"Hull"},)"
                     R"("country":{"value":"GB"},"birth_date":{"value":")" +
                     birth_date + R"("},"email":{"value":")" + email_value + R"("}}})");
    EXPECT_EQ(answer.status, 200) << answer.text;
    EXPECT_TRUE(answer.status == 200 && answer.object().at("created").as_bool()) << answer.text;
    return answer.status == 200 ? std::string(answer.word("subject")) : std::string();
  }

  static inline std::unique_ptr<Bookshop> shop_;
  static inline bool started_ = false;
};

}  // namespace fieldgate::test
