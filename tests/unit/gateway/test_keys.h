// A keyring of its own for tests that seal.
#pragma once

#include "tests/unit/seeded_random.h"

#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/crypto/random.h>

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace fieldgate {

/// Made in a temporary folder, with the least costs; the folder goes with it.
class TestKeys {
 public:
  TestKeys() {
    namespace fs = std::filesystem;
    EXPECT_TRUE(crypto::initialise().has_value());
    std::string name = (fs::temp_directory_path() / "fieldgate-keys-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    const fs::path secret = folder_ / "secret";
    std::ofstream(secret) << "a passphrase for these tests alone\n";
    fs::permissions(secret, fs::perms(0600));
    auto made = crypto::Keyring::create(folder_ / "keyring.json", crypto::PassphraseFile{secret},
                                        random, crypto::ArgonCosts{64 * 1024, 1});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    keyring = std::make_unique<crypto::Keyring>(std::move(*made));
    indexer = std::make_unique<crypto::BlindIndexer>(keyring->tenant_key(crypto::TenantKey::kIdx));
  }
  ~TestKeys() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestKeys(const TestKeys&) = delete;
  TestKeys& operator=(const TestKeys&) = delete;

  // Repeatable: a test that looks for a short value in sealed bytes must not find it by chance.
  testing::SeededRandom random;
  std::unique_ptr<crypto::Keyring> keyring;
  std::unique_ptr<crypto::BlindIndexer> indexer;

 private:
  std::filesystem::path folder_;
};

}  // namespace fieldgate
