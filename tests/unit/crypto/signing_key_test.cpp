// Keys of people as PEM files.
#include <fieldgate/crypto/signing_key.h>

#include "tests/unit/seeded_random.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/signature.h>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

namespace fieldgate::crypto {
namespace {

namespace fs = std::filesystem;

class SigningKey : public ::testing::Test {
 protected:
  SigningKey() {
    std::string name = (fs::temp_directory_path() / "fieldgate-signing-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    file_ = folder_ / "key.pem";
  }
  ~SigningKey() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static SecretBytes seed() {
    SecretBytes bytes(32);
    bytes.reveal_mutable()[0] = 7;
    return bytes;
  }
  void write(const std::string& text) const {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    ::chmod(file_.c_str(), 0600);
  }
  [[nodiscard]] std::string text() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] ErrorCode refused(const SecretBytes& passphrase = {}) const {
    const auto read = read_signing_key(file_, passphrase);
    EXPECT_TRUE(read.has_error());
    return read.has_error() ? read.error().code : ErrorCode::kInternal;
  }
  fs::path folder_;
  fs::path file_;
  ::fieldgate::testing::SeededRandom random_;
};

TEST_F(SigningKey, IsReadAsItWasWritten) {
  ASSERT_TRUE(write_signing_key(file_, seed(), {}, random_).has_value());
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto read = read_signing_key(file_, {});
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(*read == seed());
  // RFC 8410, section 10.3: an unencrypted key is this prefix and the seed.
  const std::string start = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI";
  EXPECT_TRUE(text().starts_with(start)) << "not the form of RFC 8410";
  EXPECT_EQ(write_signing_key(file_, seed(), {}, random_).error().code, ErrorCode::kConflict);
}

TEST_F(SigningKey, ThePrivateKeyOfRfc8410IsRead) {
  write(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  const auto read = read_signing_key(file_, {});
  ASSERT_TRUE(read.has_value()) << read.error().message;
  // Its public half, from section 10.1.
  EXPECT_EQ(base64_encode(Ed25519Signer(*read).public_key()),
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
}

TEST_F(SigningKey, APassphraseEncryptsIt) {
  const SecretBytes passphrase = SecretBytes::from_text("long enough");
  ASSERT_TRUE(write_signing_key(file_, seed(), passphrase, random_).has_value());
  EXPECT_TRUE(text().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  const auto read = read_signing_key(file_, passphrase);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(*read == seed());
  EXPECT_EQ(refused(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(refused(SecretBytes::from_text("long enougi")), ErrorCode::kUnauthenticated);
}

TEST_F(SigningKey, ThePassphrasesOfBothLimitsOpenIt) {
  const fs::path secret = folder_ / "passphrase";
  for (const std::size_t size : {7U, 8U, 1024U, 1025U}) {
    std::ofstream(secret, std::ios::trunc) << std::string(size, 'p') << '\n';
    ::chmod(secret.c_str(), 0600);
    const auto passphrase = read_passphrase_file(secret);
    if (size == 7 || size == 1025) {
      ASSERT_TRUE(passphrase.has_error()) << size;
      EXPECT_EQ(passphrase.error().code, ErrorCode::kInvalid);
      continue;
    }
    ASSERT_TRUE(passphrase.has_value()) << passphrase.error().message;
    ASSERT_TRUE(write_signing_key(file_, seed(), *passphrase, random_).has_value());
    const auto read = read_signing_key(file_, *passphrase);
    EXPECT_TRUE(read.has_value()) << size << ": " << read.error().message;
    fs::remove(file_);
  }
}

TEST_F(SigningKey, WhatIsNoKeyOrOpenToOthersIsRefused) {
  write("nothing of the kind");
  EXPECT_EQ(refused(), ErrorCode::kInvalid);
  write("");
  EXPECT_EQ(refused(), ErrorCode::kInvalid);
  write(std::string(5000, 'x'));
  EXPECT_EQ(refused(), ErrorCode::kInvalid);
  fs::remove(file_);
  EXPECT_EQ(refused(), ErrorCode::kUnavailable);
  ASSERT_TRUE(write_signing_key(file_, seed(), {}, random_).has_value());
  const std::string whole = text();
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_TRUE(read_signing_key(file_, {}).has_error()) << size;
  }
  write(whole);
  ::chmod(file_.c_str(), 0640);
  EXPECT_EQ(refused(), ErrorCode::kForbidden);
}

}  // namespace
}  // namespace fieldgate::crypto
