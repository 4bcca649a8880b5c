// Small policies for the tests of bundles, and people who sign them.
#pragma once

#include "gateway/policies/bundle.h"

#include <fieldgate/base/time.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fieldgate::policies {

inline const UtcTime kSigned = *parse_rfc3339("2026-11-02T12:00:00Z");

/// A policy of this version with one consent text; `shown` is a field that its purpose returns.
inline Files small_policy(const std::string& version, const std::string& shown = "city") {
  return {{"apps.yaml",
           "recipients: {us: {says: Us, role: controller, country: IE}}\n"
           "apps: {web: {recipient: us, purposes: [letters], default_purpose: letters}}\n"},
          {"notices/letters.en.md", "We write to you about \"books\" — and shops.\n"},
          {"policy.yaml",
           "policy: \"" + version +
               "\"\ncontroller: {name: Us Ltd, dpo: dpo@us.example, country: IE}\n"
               "fields:\n  first_name: {says: First name, type: text}\n"
               "  city: {says: City, type: text}\n"
               "purposes:\n  letters:\n    says: We write to you\n    basis: consent\n"
               "    consent: {text: letters}\n    fields: {" +
               shown +
               ": show}\n"
               "consent_texts:\n  letters:\n    v1: {from: 2026-01-10, processing_changed: false, "
               "files: {en: notices/letters.en.md}}\n"}};
}

inline Content content_of(Files files) {
  std::vector<Diagnostic> findings;
  auto content = load_content(std::move(files), "test", findings);
  EXPECT_TRUE(content.has_value()) << content.error().message;
  for (const Diagnostic& finding : findings) {
    EXPECT_NE(finding.severity, Severity::kError) << format_diagnostic(finding);
  }
  return content.has_value() ? std::move(*content) : Content{};
}

/// Ada, Grace and Eve, by the first byte of their seeds.
inline crypto::Ed25519Signer key_of(Byte person) {
  SecretBytes seed(32);
  seed.reveal_mutable()[0] = person;
  return crypto::Ed25519Signer(seed);
}
inline constexpr Byte kAda = 1;
inline constexpr Byte kGrace = 2;
inline constexpr Byte kEve = 3;

/// Ada writes; Grace writes and approves.
inline std::vector<Signer> trusted_signers() {
  return {{"Ada Brandt", key_of(kAda).public_key(), true, false},
          {"Grace Okafor", key_of(kGrace).public_key(), true, true}};
}

inline Bundle signed_bundle(const Files& files, std::uint64_t sequence) {
  auto bundle = sign_bundle(content_of(files), sequence, kSigned, "Ada Brandt", key_of(kAda));
  EXPECT_TRUE(bundle.has_value()) << bundle.error().message;
  return *bundle;
}

inline Bundle approved_bundle(const Files& files, std::uint64_t sequence) {
  Bundle bundle = signed_bundle(files, sequence);
  EXPECT_TRUE(approve_bundle(bundle, kSigned, "Grace Okafor", key_of(kGrace)).has_value());
  return bundle;
}

inline void write_files(const std::filesystem::path& folder, const Files& files) {
  for (const policy::PolicyFile& file : files) {
    std::filesystem::create_directories((folder / file.name).parent_path());
    std::ofstream(folder / file.name, std::ios::binary) << file.text;
  }
}

/// A folder of its own, removed with everything in it.
class TestFolder {
 public:
  TestFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "fieldgate-policies-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fieldgate::policies
