#include <fieldgate/crypto/pseudonym.h>

#include "tests/unit/crypto/test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>
#include <tuple>
#include <unordered_set>

namespace fieldgate::crypto {
namespace {

using testing::SeededRandom;

SecretBytes psn_key(Byte seed = 1) {
  return SecretBytes(Bytes(32, seed));
}

PseudonymDomain domain(std::string_view app = "web-shop", std::string_view purpose = "newsletter",
                       std::uint32_t version = 1) {
  return {psn_key(), KeyVersion{version}, app, purpose};
}

SubjectId person(Byte seed) {
  SubjectId subject;
  subject.bytes.fill(seed);
  return subject;
}

TEST(Pseudonym, RoundTripAndForm) {
  const PseudonymDomain shop = domain();
  const std::string pseudonym = shop.encode(person(7));
  EXPECT_EQ(pseudonym.size(), 48U);
  EXPECT_TRUE(pseudonym.starts_with("psn1_"));
  EXPECT_EQ(pseudonym, shop.encode(person(7))) << "the same person, the same pseudonym";
  EXPECT_NE(pseudonym, shop.encode(person(8)));
  ASSERT_TRUE(shop.decode(pseudonym).has_value());
  EXPECT_EQ(*shop.decode(pseudonym), person(7));
  EXPECT_EQ(*domain().decode(pseudonym), person(7)) << "also after a restart";
}

TEST(Pseudonym, StaysTheSameFromReleaseToRelease) {
  EXPECT_EQ(domain().encode(person(7)), "psn1_hGAA6pzwdHqW6I1-nHdoftGc5mQ9IpzJdHRpM-u2qSc");
  EXPECT_EQ(domain().of_value("Leeds"), "pv1_bG1F23_x0lUsDgxr7NoDa-FI8g8");
}

TEST(Pseudonym, WorksForItsOwnDomainOnly) {
  const std::string pseudonym = domain().encode(person(7));
  for (const auto& [app, purpose, version] :
       std::vector<std::tuple<std::string, std::string, std::uint32_t>>{
           {"crm", "newsletter", 1},
           {"web-shop", "accounting", 1},
           {"web-shop", "newsletter", 2},
           {"web-shopn", "ewsletter", 1},
           {"web-shopnewsletter", "", 1},
           {"newsletter", "web-shop", 1}}) {
    const auto decoded = domain(app, purpose, version).decode(pseudonym);
    ASSERT_TRUE(decoded.has_error()) << app << ' ' << purpose << ' ' << version;
    EXPECT_EQ(decoded.error().code, ErrorCode::kNotFound);
  }
  const PseudonymDomain other_tenant(psn_key(2), KeyVersion{1}, "web-shop", "newsletter");
  EXPECT_EQ(other_tenant.decode(pseudonym).error().code, ErrorCode::kNotFound);
}

TEST(Pseudonym, ForgeriesAreRefused) {
  const PseudonymDomain shop = domain();
  const Bytes sealed = base64url_decode(shop.encode(person(7)).substr(5)).value();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = sealed;
      changed[at] = static_cast<Byte>(changed[at] ^ (1 << bit));
      const auto decoded = shop.decode("psn1_" + base64url_encode(changed));
      ASSERT_TRUE(decoded.has_error());
      EXPECT_EQ(decoded.error().code, ErrorCode::kNotFound);
      ++refused;
    }
  }
  EXPECT_EQ(refused, 256U);
  SeededRandom random;
  for (int i = 0; i < 10'000; ++i) {
    Bytes made_up(32);
    random.fill(made_up);
    ASSERT_TRUE(shop.decode("psn1_" + base64url_encode(made_up)).has_error());
  }
}

TEST(Pseudonym, IllFormedTextIsInvalid) {
  const PseudonymDomain shop = domain();
  const std::string good = shop.encode(person(7));
  for (const std::string& text :
       {std::string(), std::string("psn1_"), good.substr(5), "psn2_" + good.substr(5),
        "PSN1_" + good.substr(5), good + "A", good.substr(0, 47), good + "=", " " + good,
        good.substr(0, 20) + "+" + good.substr(21), std::string("ada@example.com"),
        std::string(100'000, 'A'), shop.of_value("x")}) {
    const auto decoded = shop.decode(text);
    ASSERT_TRUE(decoded.has_error());
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(decoded.error().message.find(good), std::string::npos);
  }
}

// 43 characters hold 258 bits: a text whose two spare bits are set must not mean the same person.
TEST(Pseudonym, OneTextPerPerson) {
  const PseudonymDomain shop = domain();
  const std::string good = shop.encode(person(7));
  std::size_t accepted = 0;
  for (const char last :
       std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    std::string text = good;
    text.back() = last;
    accepted += shop.decode(text).has_value() ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1U);
}

TEST(Pseudonym, TwoAppsShareNothingForTenThousandPeople) {
  constexpr std::size_t kWindow = 8;
  constexpr int kPeople = 10'000;
  const PseudonymDomain first = domain("web-shop", "personalisation");
  const PseudonymDomain second = domain("crm", "personalisation");
  SeededRandom random;
  std::unordered_set<std::string> windows;
  std::vector<std::string> others;
  for (int i = 0; i < kPeople; ++i) {
    SubjectId subject;
    random.fill(subject.bytes);
    const std::string text = first.encode(subject).substr(5);
    for (std::size_t at = 0; at + kWindow <= text.size(); ++at) {
      windows.insert(text.substr(at, kWindow));
    }
    others.push_back(second.encode(subject).substr(5));
  }
  std::size_t shared = 0;
  for (const std::string& text : others) {
    for (std::size_t at = 0; at + kWindow <= text.size(); ++at) {
      shared += windows.count(text.substr(at, kWindow));
    }
  }
  EXPECT_EQ(shared, 0U);
  std::cout << "people compared: " << kPeople << ", windows: " << windows.size() << '\n';
}

TEST(Pseudonym, OfAValue) {
  const PseudonymDomain shop = domain();
  const std::string value = shop.of_value("Leeds");
  EXPECT_TRUE(value.starts_with("pv1_"));
  EXPECT_EQ(value.size(), 4U + 27U);
  EXPECT_EQ(value, shop.of_value("Leeds"));
  EXPECT_NE(value, shop.of_value("leeds"));
  EXPECT_NE(value, domain("crm").of_value("Leeds"));
  EXPECT_NE(value, domain("web-shop", "accounting").of_value("Leeds"));
  EXPECT_NE(value, domain("web-shop", "newsletter", 2).of_value("Leeds"));
}

TEST(Pseudonym, ThreadsAgree) {
  const PseudonymDomain shop = domain();
  const PseudonymDomain crm = domain("crm");
  const std::string expected = shop.encode(person(7)) + crm.encode(person(9));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::string got = shop.encode(person(7)) + crm.encode(person(9));
        const auto decoded = shop.decode(got.substr(0, 48));
        wrong += got != expected || decoded.has_error() || *decoded != person(7) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace fieldgate::crypto
