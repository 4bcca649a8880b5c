#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/random.h>
#include <fieldgate/crypto/signature.h>

#include "tests/unit/crypto/test_support.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

namespace fieldgate::crypto {
namespace {

using testing::array_of;
using testing::SeededRandom;

TEST(Encoding, Hex) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0x7f, 0xff}), "007fff");
  EXPECT_EQ(hex_decode("007fff"), (Bytes{0x00, 0x7f, 0xff}));
  EXPECT_EQ(hex_decode(""), Bytes{});
  for (const char* text : {"0", "0g", "FF", " 00", "00 ", "0x00"}) {
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
  }
}

// The examples of RFC 4648, section 10.
TEST(Encoding, Base64OfTheStandard) {
  const std::map<std::string, std::string> examples = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), text);
    EXPECT_EQ(as_text(base64_decode(text).value()), plain);
    const std::string unpadded = text.substr(0, text.find('='));
    EXPECT_EQ(base64url_encode(as_bytes(plain)), unpadded);
    EXPECT_EQ(as_text(base64url_decode(unpadded).value()), plain);
  }
  EXPECT_EQ(base64_encode(Bytes{0xfb, 0xff}), "+/8=");
  EXPECT_EQ(base64url_encode(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Encoding, DecodersAreStrict) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "==", "====", "Z===",
                           "Zm9v\n", " Zm9v", "Zm-v", "Zg==Zg==", "Zm9v===="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  for (const char* text : {"Zg==", "Z", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
}

TEST(Encoding, RoundTripsOfEveryLength) {
  SeededRandom random;
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    random.fill(bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
  }
}

// RFC 8032, section 7.1, test 2.
TEST(Signature, OfTheStandard) {
  const SecretBytes seed(
      *hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  const Ed25519Signer signer(seed);
  EXPECT_EQ(hex_encode(signer.public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message{0x72};
  const Ed25519Signature signature = signer.sign(message);
  EXPECT_EQ(hex_encode(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify_ed25519(signer.public_key(), message, signature));
}

TEST(Signature, AnyChangeIsFound) {
  const Ed25519Signer signer(SecretBytes(Bytes(32, 9)));
  const Bytes message(40, 'm');
  const Ed25519Signature signature = signer.sign(message);
  for (std::size_t at = 0; at < signature.size(); ++at) {
    Ed25519Signature changed = signature;
    changed[at] ^= 1;
    EXPECT_FALSE(verify_ed25519(signer.public_key(), message, changed));
  }
  for (std::size_t at = 0; at < message.size(); ++at) {
    Bytes changed = message;
    changed[at] ^= 1;
    EXPECT_FALSE(verify_ed25519(signer.public_key(), changed, signature));
  }
  EXPECT_FALSE(
      verify_ed25519(Ed25519Signer(SecretBytes(Bytes(32, 8))).public_key(), message, signature));
  EXPECT_THROW(Ed25519Signer(SecretBytes(Bytes(31, 9))), std::invalid_argument);
}

// Every flag names a property that RFC 8032 lets a verifier choose on. Ours: a key of small order,
// an R of small order or an encoding that is not the canonical one are refused; the check is
// without cofactor, so a residue of small order fails too. The gateway and the offline verifier
// share it.
TEST(Signature, EdgeCases) {
  const auto path = testing::vectors("merkle/ed25519/cctv_edge_cases.jsonl");
  SKIP_WITHOUT(path);
  const std::set<std::string> refused = {"low_order_A", "low_order_R", "non_canonical_A",
                                         "non_canonical_R", "low_order_residue"};
  std::size_t accepted = 0;
  std::size_t rejected = 0;
  for (const auto& row : testing::read_lines(path)) {
    bool expected = true;
    if (const auto* flags = row.if_contains("flags"); flags != nullptr && flags->is_array()) {
      for (const auto& flag : flags->get_array()) {
        expected = expected && !refused.contains(std::string(flag.get_string()));
      }
    }
    const bool got = verify_ed25519(array_of<Ed25519PublicKey>(row, "key"),
                                    as_bytes(testing::text_of(row, "msg")),
                                    array_of<Ed25519Signature>(row, "sig"));
    EXPECT_EQ(got, expected) << boost::json::serialize(row);
    ++(got ? accepted : rejected);
  }
  EXPECT_GT(accepted, 0U);
  EXPECT_GT(rejected, 0U);
  std::cout << "ed25519 edge cases: " << accepted << " accepted, " << rejected << " refused\n";
}

TEST(ApiKey, HasTheDocumentedForm) {
  SystemRandom random;
  const NewApiKey key = make_api_key(random);
  EXPECT_EQ(key.text.size(), kApiKeyLength);
  EXPECT_EQ(key.prefix.size(), 8U);
  EXPECT_TRUE(key.text.reveal_text().starts_with("fgk_" + key.prefix + "_"));
  EXPECT_EQ(key.hash, sha256(key.text.reveal()));
  const auto parsed = parse_api_key(key.text.reveal_text());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->prefix, key.prefix);
  EXPECT_EQ(parsed->hash, key.hash);
}

TEST(ApiKey, KeysAreDifferent) {
  SystemRandom random;
  std::set<Hash32> hashes;
  for (int i = 0; i < 1000; ++i) {
    hashes.insert(make_api_key(random).hash);
  }
  EXPECT_EQ(hashes.size(), 1000U);
}

TEST(ApiKey, IllFormedKeysAreRefused) {
  SeededRandom random;
  const NewApiKey key = make_api_key(random);
  const std::string good(key.text.reveal_text());
  EXPECT_TRUE(parse_api_key(good).has_value());
  std::string other_case = good;
  other_case[4] = 'A';
  std::string other_separator = good;
  other_separator[12] = '-';
  std::string other_letter = good;
  other_letter[20] = '+';
  std::string other_end = good;
  other_end.back() = 'B';  // its two spare bits are set
  for (const std::string& text :
       {std::string(), good.substr(1), good.substr(0, good.size() - 1), good + "A", " " + good,
        "FGK_" + good.substr(4), other_case, other_separator, other_letter, other_end}) {
    EXPECT_FALSE(parse_api_key(text).has_value()) << text.size();
  }
}

TEST(Random, FillsEverything) {
  ASSERT_TRUE(initialise().has_value());
  ASSERT_TRUE(initialise().has_value()) << "a second time does no harm";
  SystemRandom random;
  std::array<Byte, 64> total{};
  for (int round = 0; round < 64; ++round) {
    std::array<Byte, 64> bytes{};
    random.fill(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      total[i] = static_cast<Byte>(total[i] | bytes[i]);
    }
  }
  // After 64 draws a position without all its bits would be a one in 2^61 accident.
  EXPECT_EQ(std::count(total.begin(), total.end(), 0xff), 64);
}

}  // namespace
}  // namespace fieldgate::crypto
