// The primitives against vectors that others made.
#include "crypto/aead/primitives.h"
#include "crypto/index/siv.h"
#include "tests/unit/crypto/test_support.h"

#include <fieldgate/crypto/hash.h>

#include <gtest/gtest.h>

#include <iostream>
#include <thread>
#include <vector>

namespace fieldgate::crypto {
namespace {

using testing::bytes_of;
using testing::text_of;

boost::json::value read_wycheproof(const std::filesystem::path& path) {
  return boost::json::parse(testing::read_file(path));
}

using Open = bool (*)(std::span<Byte>, ByteView, ByteView, ByteView, ByteView);
using Seal = void (*)(std::span<Byte>, ByteView, ByteView, ByteView, ByteView);

struct Counts {
  std::size_t run = 0;
  std::size_t other_sizes = 0;
};

// Rows of other key, nonce or tag sizes are not of this scheme; they are counted, not run.
Counts run_aead(const boost::json::value& document, std::size_t nonce_bytes, Seal seal, Open open) {
  Counts counts;
  for (const auto& group : document.at("testGroups").as_array()) {
    for (const auto& entry : group.at("tests").as_array()) {
      const auto& row = entry.as_object();
      const Bytes key = bytes_of(row, "key");
      const Bytes nonce = bytes_of(row, "iv");
      if (key.size() != primitives::kKeyBytes || nonce.size() != nonce_bytes ||
          bytes_of(row, "tag").size() != primitives::kTagBytes) {
        ++counts.other_sizes;
        continue;
      }
      const Bytes aad = bytes_of(row, "aad");
      const Bytes message = bytes_of(row, "msg");
      Bytes sealed = bytes_of(row, "ct");
      const Bytes tag = bytes_of(row, "tag");
      sealed.insert(sealed.end(), tag.begin(), tag.end());
      const bool valid = text_of(row, "result") == "valid";
      Bytes opened(sealed.size() - primitives::kTagBytes, 0xee);
      EXPECT_EQ(open(opened, key, nonce, aad, sealed), valid) << row.at("tcId");
      EXPECT_EQ(opened, valid ? message : Bytes(opened.size(), 0)) << row.at("tcId");
      if (valid) {
        Bytes again(sealed.size());
        seal(again, key, nonce, aad, message);
        EXPECT_EQ(again, sealed) << row.at("tcId");
      }
      ++counts.run;
    }
  }
  return counts;
}

TEST(Primitives, AesGcmAgainstWycheproof) {
  const auto path = testing::vectors("crypto/wycheproof_aes_gcm.json");
  SKIP_WITHOUT(path);
  const auto document = read_wycheproof(path);
  const Counts counts = run_aead(document, primitives::kGcmNonceBytes, primitives::aes256gcm_seal,
                                 primitives::aes256gcm_open);
  const Counts portable =
      run_aead(document, primitives::kGcmNonceBytes, primitives::aes256gcm_seal_portable,
               primitives::aes256gcm_open_portable);
  EXPECT_GT(counts.run, 30U);
  EXPECT_EQ(portable.run, counts.run);
  std::cout << "aes-256-gcm: " << counts.run << " run twice, " << counts.other_sizes
            << " of other sizes\n";
}

TEST(Primitives, XChaChaAgainstWycheproof) {
  const auto path = testing::vectors("crypto/wycheproof_xchacha20_poly1305.json");
  SKIP_WITHOUT(path);
  const Counts counts =
      run_aead(read_wycheproof(path), primitives::kXChaChaNonceBytes,
               primitives::xchacha20poly1305_seal, primitives::xchacha20poly1305_open);
  EXPECT_GT(counts.run, 100U);
  std::cout << "xchacha20-poly1305: " << counts.run << " run, " << counts.other_sizes
            << " of other sizes\n";
}

TEST(Primitives, AesSivAgainstWycheproof) {
  const auto path = testing::vectors("crypto/wycheproof_aes_siv_cmac.json");
  SKIP_WITHOUT(path);
  const auto document = read_wycheproof(path);
  std::size_t run = 0;
  std::size_t other = 0;
  for (const auto& group : document.at("testGroups").as_array()) {
    for (const auto& entry : group.at("tests").as_array()) {
      const auto& row = entry.as_object();
      const Bytes key = bytes_of(row, "key");
      const Bytes aad = bytes_of(row, "aad");
      const Bytes message = bytes_of(row, "msg");
      const Bytes sealed = bytes_of(row, "ct");
      // OpenSSL 3.0 takes no empty part; pseudonyms have none.
      if (key.size() != SivCipher::kKeyBytes || aad.empty() || message.empty() ||
          sealed.size() <= SivCipher::kTagBytes) {
        ++other;
        continue;
      }
      const SivCipher cipher(key);
      const bool valid = text_of(row, "result") == "valid";
      Bytes opened(sealed.size() - SivCipher::kTagBytes, 0xee);
      EXPECT_EQ(cipher.open(opened, sealed, {aad}), valid) << row.at("tcId");
      EXPECT_EQ(opened, valid ? message : Bytes(opened.size(), 0)) << row.at("tcId");
      if (valid) {
        Bytes again(sealed.size());
        cipher.seal(again, message, {aad});
        EXPECT_EQ(again, sealed) << row.at("tcId");
      }
      ++run;
    }
  }
  EXPECT_GT(run, 15U);
  std::cout << "aes-256-siv: " << run << " run, " << other << " of other sizes\n";
}

// RFC 5297 gives examples for AES-128 only, so this one was computed from the RFC's text with plain
// AES: a message of one block, no associated data.
TEST(Primitives, AesSivOfOneBlock) {
  Bytes key(64);
  Bytes message(16);
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<Byte>(i);
  }
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<Byte>(0xc0 + i);
  }
  Bytes sealed(32);
  SivCipher(key).seal(sealed, message);
  EXPECT_EQ(hex_encode(sealed), "07bd034de3c64d3567d0363cacb2ed35a314e30bc66627dbfb6c0a4a3beb437b");
}

TEST(AesSiv, OneCipherSealsManyMessagesWhicheverItsThreadUsedLast) {
  // More ciphers than a thread keeps set up, each used again and again, in turns.
  constexpr std::size_t kCiphers = 20;
  const Bytes message(16, 0x2a);
  std::vector<SivCipher> ciphers;
  std::vector<Bytes> first;
  for (std::size_t i = 0; i < kCiphers; ++i) {
    ciphers.emplace_back(Bytes(SivCipher::kKeyBytes, static_cast<Byte>(i + 1)));
    first.emplace_back(message.size() + SivCipher::kTagBytes);
    ciphers.back().seal(first.back(), message);
  }
  const auto check = [&] {
    for (std::size_t turn = 0; turn < 3; ++turn) {
      for (std::size_t i = 0; i < kCiphers; ++i) {
        Bytes other(message.size() + SivCipher::kTagBytes);
        ciphers[i].seal(other, Bytes(16, static_cast<Byte>(turn)));
        Bytes again(message.size() + SivCipher::kTagBytes);
        ciphers[i].seal(again, message);
        ASSERT_EQ(again, first[i]);
        ASSERT_NE(again, other);
        Bytes opened(message.size());
        ASSERT_TRUE(ciphers[i].open(opened, again));
        ASSERT_EQ(opened, message);
      }
    }
  };
  check();
  std::thread(check).join();
}

TEST(Primitives, Blake2bAgainstItsAuthors) {
  const auto path = testing::vectors("crypto/blake2b_kat.jsonl");
  SKIP_WITHOUT(path);
  std::size_t run = 0;
  std::size_t unkeyed = 0;
  for (const auto& row : testing::read_lines(path)) {
    const Bytes key = bytes_of(row, "key");
    if (key.empty()) {
      ++unkeyed;  // this scheme has no hash without a key
      continue;
    }
    const Bytes message = bytes_of(row, "in");
    Bytes out(64);
    const std::size_t half = message.size() / 2;
    primitives::blake2b(out, key, {ByteView(message).first(half), ByteView(message).subspan(half)});
    EXPECT_EQ(hex_encode(out), text_of(row, "out"));
    ++run;
  }
  EXPECT_GT(run, 100U);
  std::cout << "blake2b keyed: " << run << " run, " << unkeyed << " unkeyed\n";
}

TEST(Primitives, Blake2b256OwnValue) {
  const Bytes key(32, 0x42);
  EXPECT_EQ(hex_encode(blake2b_256(key, {as_bytes("field"), as_bytes("gate")})),
            "ba7dc7f88cb3a5a3596607db592814a4723ca535099799e87ff372a568491fd2");
}

TEST(Primitives, Sha256OfTheStandard) {
  EXPECT_EQ(hex_encode(sha256({as_bytes("a"), as_bytes("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256(ByteView())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Primitives, ConstantTimeEqual) {
  EXPECT_TRUE(constant_time_equal(as_bytes(""), as_bytes("")));
  EXPECT_TRUE(constant_time_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("ab")));
}

// A database sealed on a machine with AES instructions is read on one without.
TEST(Primitives, PortableGcmReadsWhatHardwareWrote) {
  const Bytes key(32, 7);
  const Bytes nonce(12, 0);
  for (const std::size_t size : {0U, 1U, 16U, 1000U}) {
    const Bytes message(size, 'm');
    Bytes sealed(size + 16);
    primitives::aes256gcm_seal(sealed, key, nonce, {}, message);
    Bytes opened(size);
    EXPECT_TRUE(primitives::aes256gcm_open_portable(opened, key, nonce, {}, sealed));
    EXPECT_EQ(opened, message);
    Bytes portable(size + 16);
    primitives::aes256gcm_seal_portable(portable, key, nonce, {}, message);
    EXPECT_EQ(portable, sealed);
    sealed.back() ^= 1;
    EXPECT_FALSE(primitives::aes256gcm_open_portable(opened, key, nonce, {}, sealed));
    EXPECT_EQ(opened, Bytes(size, 0));
  }
}

}  // namespace
}  // namespace fieldgate::crypto
