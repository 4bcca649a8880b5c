// Who is behind a key: prefixes, hashes, revocation, expiry, roles.
#include "gateway/auth/api_key_ring.h"

#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/random.h>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::auth {
namespace {

using Kind = http::AuthPolicy::Kind;

class SetClock final : public Clock {
 public:
  UtcTime now() const override { return UtcTime(std::chrono::seconds(seconds.load())); }
  std::atomic<std::int64_t> seconds{1'000};
};

class ApiKeyRingTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(crypto::initialise().has_value()); }

  store::Credential add(const std::string& app, const std::string& role = {}) {
    const crypto::NewApiKey key = crypto::make_api_key(random_);
    text_ = key.text.reveal_text();
    store::Credential credential;
    credential.prefix = key.prefix;
    credential.hash = key.hash;
    credential.app = app;
    credential.role = role;
    return credential;
  }
  Result<std::shared_ptr<const Principal>> ask(const std::string& header,
                                               Kind kind = Kind::kAppCredential) {
    http::Request request;
    if (!header.empty()) {
      request.headers.emplace_back("Authorization", header);
    }
    return ring_.authenticate(request, kind);
  }
  bool refused(const std::string& header, Kind kind = Kind::kAppCredential) {
    const auto answer = ask(header, kind);
    return answer.has_error() && answer.error().code == ErrorCode::kUnauthenticated &&
           answer.error().message == "no valid credential";
  }
  static std::string basic(const std::string& user_and_password) {
    return "Basic " + crypto::base64_encode(as_bytes(user_and_password));
  }

  SetClock clock_;
  crypto::SystemRandom random_;
  std::string text_;
  ApiKeyRing ring_{clock_, [this](std::string_view app, std::string_view role) {
                     asked_.push_back(std::string(app) + '/' + std::string(role));
                     return app == "web" && role == "consent";
                   }};
  std::vector<std::string> asked_;
};

TEST_F(ApiKeyRingTest, AGoodKeyNamesItsApp) {
  const store::Credential credential = add("web");
  ring_.reload({credential});
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const auto answer = ask(scheme + text_);
    ASSERT_TRUE(answer.has_value()) << scheme;
    EXPECT_EQ((*answer)->app, "web");
    EXPECT_EQ((*answer)->credential, credential.prefix);
    EXPECT_TRUE((*answer)->role.empty());
  }
}

TEST_F(ApiKeyRingTest, AnythingElseIsRefusedInTheSameWords) {
  EXPECT_TRUE(refused("Bearer " + std::string(56, 'a')));
  const store::Credential other = add("crm");
  const std::string other_text = text_;
  ring_.reload({add("web"), other});
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("Bearer"));
  EXPECT_TRUE(refused("Bearer "));
  EXPECT_TRUE(refused(text_));
  EXPECT_TRUE(refused("Token " + text_));
  EXPECT_TRUE(refused("Bearer  " + text_));
  EXPECT_TRUE(refused("Bearer " + text_ + "A"));
  EXPECT_TRUE(refused("Bearer " + text_.substr(0, text_.size() - 1)));
  EXPECT_TRUE(refused("Bearer " + text_.substr(0, 13) + other_text.substr(13)))
      << "the prefix of one key and the secret of another";
  for (std::size_t i = 0; i < text_.size(); ++i) {
    std::string changed = text_;
    changed[i] = changed[i] == 'a' ? 'b' : 'a';
    EXPECT_TRUE(refused("Bearer " + changed)) << i;
  }
}

TEST_F(ApiKeyRingTest, BasicIsForTheDoorThatAsksForItAlone) {
  ring_.reload({add("web")});
  EXPECT_TRUE(ask(basic(text_ + ":"), Kind::kBasicAppCredential).has_value());
  EXPECT_TRUE(refused("Bearer " + text_, Kind::kBasicAppCredential));
  EXPECT_TRUE(refused(basic(text_ + ":")));
  EXPECT_TRUE(refused(basic(text_), Kind::kBasicAppCredential));
  EXPECT_TRUE(refused(basic(text_ + ":secret"), Kind::kBasicAppCredential));
  EXPECT_TRUE(refused(basic(":" + text_), Kind::kBasicAppCredential));
  EXPECT_TRUE(refused(basic(":"), Kind::kBasicAppCredential));
  EXPECT_TRUE(refused("Basic %%%", Kind::kBasicAppCredential));
  EXPECT_TRUE(refused("Basic ", Kind::kBasicAppCredential));
}

TEST_F(ApiKeyRingTest, ARevokedOrExpiredKeyIsRefused) {
  store::Credential credential = add("web");
  credential.expires = UtcTime(std::chrono::seconds(1'001));
  ring_.reload({credential});
  EXPECT_TRUE(ask("Bearer " + text_).has_value());
  clock_.seconds = 1'001;
  EXPECT_TRUE(refused("Bearer " + text_)) << "at the moment itself";
  clock_.seconds = 1'000;
  credential.revoked = UtcTime(std::chrono::seconds(5'000));
  ring_.reload({credential});
  EXPECT_TRUE(refused("Bearer " + text_)) << "whatever the time of the revocation says";
  ring_.reload({});
  EXPECT_TRUE(refused("Bearer " + text_));
}

TEST_F(ApiKeyRingTest, RolesComeFromThePolicyUnlessTheKeyHasItsOwn) {
  EXPECT_TRUE(ring_.has_role({"web", "p", ""}, "consent"));
  EXPECT_FALSE(ring_.has_role({"web", "p", ""}, "ingest"));
  EXPECT_FALSE(ring_.has_role({"crm", "p", ""}, "consent"));
  EXPECT_EQ(asked_.size(), 3U) << "asked each time: a removed role stops the next request";
  EXPECT_TRUE(ring_.has_role({"dpo", "p", "dpo"}, "dpo"));
  EXPECT_FALSE(ring_.has_role({"web", "p", "dpo"}, "consent"))
      << "a key with a role has that role alone";
  EXPECT_EQ(asked_.size(), 3U);
}

TEST_F(ApiKeyRingTest, ReloadsBesideReadersLeaveEachWithOneWholeList) {
  const store::Credential credential = add("web");
  ring_.reload({credential});
  std::atomic<bool> done{false};
  std::atomic<int> failures{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        failures += ask("Bearer " + text_).has_value() ? 0 : 1;
      }
    });
  }
  for (int i = 0; i < 2'000; ++i) {
    ring_.reload({credential});
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace fieldgate::auth
