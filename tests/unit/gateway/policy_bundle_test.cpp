// Policy bundles: one form, two people, and every change seen.
#include "gateway/policies/bundle.h"

#include "tests/unit/gateway/policy_test_files.h"
#include "tests/unit/seeded_random.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace fieldgate::policies {
namespace {

Error error_of(const Result<void>& result) {
  EXPECT_TRUE(result.has_error());
  return result.has_error() ? result.error() : Error{};
}

// What reading and verifying this text ends with; empty when a gateway would take it.
std::string refusal(const std::string& text) {
  const auto bundle = read_bundle(text);
  if (bundle.has_error()) {
    return bundle.error().message;
  }
  if (const auto verified = verify_bundle(*bundle, trusted_signers()); verified.has_error()) {
    return verified.error().message;
  }
  std::vector<Diagnostic> findings;
  const auto content = load_content(bundle->files, "test", findings);
  return content.has_error() ? content.error().message : "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void expect_refused(const std::string& text, const std::string& because) {
  EXPECT_NE(refusal(text).find(because), std::string::npos)
      << "wanted " << because << ", got " << refusal(text);
}

TEST(PolicyBundle, IsReadAsItWasWritten) {
  const Bundle bundle = approved_bundle(small_policy("2026-11"), 7);
  const std::string text = write_bundle(bundle);
  EXPECT_EQ(refusal(text), "");
  const auto again = read_bundle(text);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(write_bundle(*again), text);
  EXPECT_EQ(again->files, small_policy("2026-11"));
  EXPECT_EQ(again->version, "2026-11");
  EXPECT_EQ(again->sequence, 7U);
  EXPECT_EQ(again->made, kSigned);
  EXPECT_EQ(again->author.name, "Ada Brandt");
  EXPECT_EQ(again->approval->by.name, "Grace Okafor");
  EXPECT_EQ(again->digest(), content_of(small_policy("2026-11")).digest);
  // Ed25519 draws nothing: the same people sign the same policy to the same bytes.
  EXPECT_EQ(write_bundle(approved_bundle(small_policy("2026-11"), 7)), text);
  EXPECT_NE(write_bundle(approved_bundle(small_policy("2026-11"), 8)), text);
}

TEST(PolicyBundle, TheBookshopsPolicyFits) {
  std::vector<Diagnostic> findings;
  const auto content =
      read_directory(FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy", findings);
  ASSERT_TRUE(content.has_value()) << content.error().message;
  EXPECT_EQ(content->files.size(), 16U);
  EXPECT_EQ(refusal(write_bundle(approved_bundle(content->files, 1))), "");
}

TEST(PolicyBundle, ABundleOfFormat1StaysGood) {
  // Written by the first version that had bundles. A change of these bytes is a change of the
  // format: what people have signed would no longer be taken.
  std::ifstream stream(FIELDGATE_SOURCE_DIR "/tests/unit/gateway/policy_bundle_v1.json",
                       std::ios::binary);
  const std::string stored{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
  ASSERT_FALSE(stored.empty());
  EXPECT_EQ(refusal(stored), "");
  EXPECT_EQ(write_bundle(approved_bundle(small_policy("2026-11"), 7)), stored);
}

TEST(PolicyBundle, EveryTamperingIsNamed) {
  const std::string text = write_bundle(approved_bundle(small_policy("2026-11"), 7));
  expect_refused(replaced(text, "city: show", "first_name: show"),
                 "the file `policy.yaml` is not the one that was signed");
  expect_refused(replaced(text, "city: show", "cite: show"), "`policy.yaml` is not the one");
  expect_refused(replaced(text, "about \\\"books\\\"", "about \\\"boots\\\""),
                 "`notices/letters.en.md` is not the one");
  expect_refused(replaced(text, "\"sequence\":7", "\"sequence\":8"),
                 "the signature of the author `Ada Brandt` does not fit");
  expect_refused(replaced(text, "\"made\":\"2026-11-02", "\"made\":\"2026-11-03"),
                 "the signature of the author");
  expect_refused(replaced(text, "\"at\":\"2026-11-02", "\"at\":\"2026-11-03"),
                 "the approval of `Grace Okafor` does not fit");
  expect_refused(replaced(text, "\"name\":\"Grace Okafor\"", "\"name\":\"Grace Okafot\""),
                 "the approval of `Grace Okafot` does not fit");
  expect_refused(replaced(text, "\"policy\":\"2026-11\"", "\"policy\":\"2026-12\""),
                 "the signature of the author");
  expect_refused(replaced(text, "\"v\":1", "\"v\":2"), "no policy bundle of format 1");
}

TEST(PolicyBundle, AMissingAndAnExtraFileAreNamed) {
  Bundle bundle = approved_bundle(small_policy("2026-11"), 7);
  const std::string whole = write_bundle(bundle);
  const std::size_t manifest_end = whole.find("\"author_signature\"");
  // The files of one bundle below the manifest of another.
  const auto with_files = [&](const Files& files) {
    Bundle other = bundle;
    other.files = files;
    const std::string text = write_bundle(other);
    return whole.substr(0, manifest_end) + text.substr(text.find("\"author_signature\""));
  };
  Files fewer = bundle.files;
  fewer.erase(fewer.begin() + 1);
  expect_refused(with_files(fewer), "the file `notices/letters.en.md` of the manifest is missing");
  Files more = bundle.files;
  more.push_back({"zusatz.yaml", "x: 1\n"});
  expect_refused(with_files(more), "the file `zusatz.yaml` is not in the manifest");
  more = bundle.files;
  more.insert(more.begin(), {"a.yaml", "x: 1\n"});
  expect_refused(with_files(more), "is not in the manifest");
  Files twice = bundle.files;
  twice.push_back(twice.back());
  expect_refused(with_files(twice), "stands twice, or out of order");
}

TEST(PolicyBundle, OnlyOneSpellingIsTaken) {
  const std::string text = write_bundle(approved_bundle(small_policy("2026-11"), 7));
  const std::string not_ours = "not written as";
  expect_refused(text + " ", not_ours);
  expect_refused(replaced(text, ",\"v\":1", ", \"v\":1"), not_ours);
  expect_refused(replaced(text, ",\"v\":1", ",\"v\":1,\"more\":true"), not_ours);
  expect_refused(replaced(text, "Ada Brandt", "Ada\\u0020Brandt"), not_ours);
  expect_refused(replaced(text, "\"sequence\":7", "\"sequence\":7.0"), "");
  expect_refused(replaced(text, "12:00:00Z", "13:00:00+01:00"), not_ours);
  expect_refused("", "cut off");
  expect_refused("[]", "not one JSON object");
}

TEST(PolicyBundle, NoCutAndNoFlippedBitIsTaken) {
  const std::string text = write_bundle(approved_bundle(small_policy("2026-11"), 7));
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_NE(refusal(text.substr(0, size)), "") << "cut at " << size;
  }
  testing::SeededRandom random;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::array<Byte, 1> drawn{};
    random.fill(drawn);
    std::string other = text;
    other[at] = static_cast<char>(other[at] ^ (1 << (drawn[0] % 8)));
    ASSERT_NE(refusal(other), "") << "flipped at " << at;
  }
}

TEST(PolicyBundle, TwoPeopleWithTwoKeysSign) {
  const Files files = small_policy("2026-11");
  Bundle bundle = signed_bundle(files, 7);
  EXPECT_NE(error_of(approve_bundle(bundle, kSigned, "Ada Brandt", key_of(kGrace)))
                .message.find("somebody else must approve"),
            std::string::npos);
  EXPECT_NE(error_of(approve_bundle(bundle, kSigned, "Grace Okafor", key_of(kAda)))
                .message.find("a key of their own"),
            std::string::npos);
  EXPECT_FALSE(bundle.approval.has_value());
  expect_refused(write_bundle(bundle), "nobody has approved");

  // Signed all the same, by a program that does not ask: the reader asks again.
  Bundle forged = approved_bundle(files, 7);
  forged.approval->by.name = "Ada Brandt";
  expect_refused(write_bundle(forged), "both `Ada Brandt`");
  forged = approved_bundle(files, 7);
  forged.approval->by.key = forged.author.key;
  expect_refused(write_bundle(forged), "a key of their own");
}

TEST(PolicyBundle, AnApprovalBelongsToOneBundle) {
  const Bundle first = approved_bundle(small_policy("2026-11"), 7);
  Bundle second = approved_bundle(small_policy("2026-12"), 8);
  second.approval = first.approval;
  expect_refused(write_bundle(second), "the approval of `Grace Okafor` does not fit");
  // Nor does it stand for the author's signature, or the other way round.
  Bundle swapped = first;
  std::swap(swapped.author, swapped.approval->by);
  expect_refused(write_bundle(swapped), "the signature of the author `Grace Okafor`");
}

TEST(PolicyBundle, OnlyNamedPeopleCount) {
  const Files files = small_policy("2026-11");
  auto by_eve = sign_bundle(content_of(files), 7, kSigned, "Eve", key_of(kEve));
  ASSERT_TRUE(by_eve.has_value());
  ASSERT_TRUE(approve_bundle(*by_eve, kSigned, "Grace Okafor", key_of(kGrace)).has_value());
  EXPECT_TRUE(verify_signatures(*by_eve).has_value()) << "in itself it is in order";
  expect_refused(write_bundle(*by_eve), "the key of the author `Eve` is not among");

  // A trusted name with a foreign key, and a trusted key under another name.
  auto forged = sign_bundle(content_of(files), 7, kSigned, "Ada Brandt", key_of(kEve));
  ASSERT_TRUE(approve_bundle(*forged, kSigned, "Grace Okafor", key_of(kGrace)).has_value());
  expect_refused(write_bundle(*forged), "is not among `policy_signers`");
  auto renamed = sign_bundle(content_of(files), 7, kSigned, "Eve", key_of(kAda));
  ASSERT_TRUE(approve_bundle(*renamed, kSigned, "Grace Okafor", key_of(kGrace)).has_value());
  expect_refused(write_bundle(*renamed), "belongs to `Ada Brandt`");

  // Ada may write and not approve.
  auto by_grace = sign_bundle(content_of(files), 7, kSigned, "Grace Okafor", key_of(kGrace));
  ASSERT_TRUE(approve_bundle(*by_grace, kSigned, "Ada Brandt", key_of(kAda)).has_value());
  expect_refused(write_bundle(*by_grace), "`Ada Brandt` may not act as approver");
}

TEST(PolicyBundle, TheLimitsHold) {
  const Content content = content_of(small_policy("2026-11"));
  const auto sign = [&](std::uint64_t sequence, const std::string& name) {
    return sign_bundle(content, sequence, kSigned, name, key_of(kAda)).has_value();
  };
  EXPECT_TRUE(sign(1, "A"));
  EXPECT_FALSE(sign(0, "A"));
  EXPECT_TRUE(sign(kMaxSequence, "A"));
  EXPECT_FALSE(sign(kMaxSequence + 1, "A"));
  EXPECT_TRUE(sign(1, std::string(kMaxPersonNameBytes, 'a')));
  EXPECT_FALSE(sign(1, std::string(kMaxPersonNameBytes + 1, 'a')));
  for (const char* name : {"", " Ada", "Ada ", "A\nB", "A\x7f", "A\xff"}) {
    EXPECT_FALSE(sign(1, name)) << name;
  }
  const std::string long_text(kMaxBundleBytes + 1, ' ');
  EXPECT_EQ(read_bundle(long_text).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(read_bundle(long_text.substr(1)).error().code, ErrorCode::kCorrupt);
}

TEST(PolicyContent, TheLimitsHold) {
  std::vector<Diagnostic> findings;
  const auto load = [&](const Files& files) {
    const auto content = load_content(files, "test", findings);
    return content.has_error() ? content.error().message : std::string();
  };
  const Files good = small_policy("2026-11");
  EXPECT_EQ(load(good), "");

  std::size_t bytes = 0;
  for (const policy::PolicyFile& file : good) {
    bytes += file.name.size() + file.text.size();
  }
  Files big = good;
  big[1].text.append(kMaxContentBytes - bytes, 'x');
  EXPECT_EQ(load(big), "");
  big[1].text += 'x';
  EXPECT_NE(load(big).find("at most 16777216 bytes"), std::string::npos) << load(big);

  Files many;
  while (many.size() < kMaxContentFiles) {
    many.push_back({std::to_string(1'000'000 + many.size()) + ".md", "x"});
  }
  EXPECT_EQ(load(many).find("at most 2000 files"), std::string::npos);
  many.push_back({"z.md", "x"});
  EXPECT_NE(load(many).find("at most 2000 files"), std::string::npos);

  const auto with_name = [&](const std::string& name) {
    Files files = good;
    files.push_back({name, "x"});
    return load(files);
  };
  for (const char* name : {"/etc/x", "../x", "z/../x", "z//x", "z/", "z\\x", "z\nx", "z\xff", ""}) {
    EXPECT_NE(with_name(name).find("is no name of a file below"), std::string::npos) << name;
  }
  EXPECT_NE(with_name(std::string(kMaxFileNameBytes, 'z')).find("nothing names it"),
            std::string::npos);
  EXPECT_NE(with_name(std::string(kMaxFileNameBytes + 1, 'z')).find("is no name"),
            std::string::npos);

  Files binary = good;
  binary[1].text = "\xff\xfe";
  EXPECT_NE(load(binary).find("is not text in UTF-8"), std::string::npos);
  binary[1].text = std::string("a\0b", 3);
  EXPECT_NE(load(binary).find("is not text in UTF-8"), std::string::npos);
  Files empty = good;
  empty[1].text.clear();
  EXPECT_NE(load(empty).find("is missing or empty"), std::string::npos);
  Files without = good;
  without.erase(without.begin() + 1);
  EXPECT_NE(load(without).find("is missing or empty"), std::string::npos);
}

TEST(PolicyContent, TheDigestCoversNoticesAndNames) {
  const Files good = small_policy("2026-11");
  Files other = good;
  other[1].text += ' ';
  EXPECT_NE(digest_of(other), digest_of(good));
  // What moves from one file to the next is another policy.
  other = good;
  other[0].text += 'x';
  other[1].name.erase(0, 1);
  EXPECT_NE(digest_of(other), digest_of(good));
}

TEST(PolicyContent, WhatTheCheckCallsAnErrorIsRefused) {
  Files files = small_policy("2026-11");
  std::vector<Diagnostic> findings;
  const std::string rule =
      "invariants:\n  - it: nobody sees a city\n"
      "    never: {apps_except: [], field: city}\n";
  files.back().text += rule;
  const auto content = load_content(files, "test", findings);
  ASSERT_TRUE(content.has_error());
  EXPECT_NE(content.error().message.find("[invariant-broken]"), std::string::npos)
      << content.error().message;
}

TEST(PolicyContent, AFolderIsReadWithItsNoticesAndNothingElse) {
  const TestFolder folder;
  write_files(folder.path(), small_policy("2026-11"));
  std::ofstream(folder.path() / "README.md") << "for people";
  std::vector<Diagnostic> findings;
  auto content = read_directory(folder.path(), findings);
  ASSERT_TRUE(content.has_value()) << content.error().message;
  EXPECT_EQ(content->files, small_policy("2026-11"));
  EXPECT_EQ(content->digest, digest_of(small_policy("2026-11")));
  std::filesystem::remove(folder.path() / "notices/letters.en.md");
  content = read_directory(folder.path(), findings);
  ASSERT_TRUE(content.has_error());
  EXPECT_NE(content.error().message.find("must lie beside it"), std::string::npos);
}

}  // namespace
}  // namespace fieldgate::policies
