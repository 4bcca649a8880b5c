#include <fieldgate/crypto/random.h>
#include <fieldgate/crypto/sealed_field.h>

#include "crypto/aead/envelope.h"
#include "crypto/aead/padding.h"
#include "tests/unit/crypto/test_support.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <unordered_set>

namespace fieldgate::crypto {
namespace {

using testing::SeededRandom;

constexpr FieldIndex kField = 5;

SubjectKey key_of(Byte seed, std::uint32_t version = 1) {
  SubjectKey key;
  key.key.reveal_mutable().fill(seed);
  key.version.value = version;
  return key;
}

FieldContext context_of(std::string_view field = "email") {
  FieldContext context;
  context.tenant.bytes.fill(0xa0);
  context.subject.bytes.fill(0xc0);
  context.schema = 3;
  context.field = field;
  context.type = ValueType::kEmail;
  context.value_version = 7;
  return context;
}

Result<SecretBytes> open_with_permit(const SubjectKey& key, const FieldContext& context,
                                     ByteView sealed) {
  return open_field(policy::Engine::permit(context.subject, {kField}), kField, key, context,
                    sealed);
}

// A value sealed with the named suite, through the same steps as `seal_field`.
Bytes seal_as(Suite suite, const SubjectKey& key, const FieldContext& context,
              std::string_view value, Random& random) {
  envelope::Binding binding(envelope::Content::kField);
  binding.append(context.tenant.bytes);
  binding.append(context.subject.bytes);
  binding.append_number<4>(context.schema);
  binding.append_number<1>(static_cast<Byte>(context.type));
  binding.append_number<8>(context.value_version);
  binding.append_sized(as_bytes(context.field));
  const SecretBytes padded = padding::pad(as_bytes(value));
  return envelope::seal(suite, key.key.reveal(), key.version, binding, padded.reveal(), random);
}

TEST(SealedField, RoundTrip) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  for (const std::size_t size : {0, 1, 14, 15, 16, 31, 32, 255, 1023, 1024, 4000, 16384}) {
    const std::string value(size, 'v');
    const auto sealed = seal_field(key, context_of(), as_bytes(value), random);
    ASSERT_TRUE(sealed.has_value());
    const auto opened = open_with_permit(key, context_of(), *sealed);
    ASSERT_TRUE(opened.has_value()) << size;
    EXPECT_EQ(opened->reveal_text(), value);
  }
}

TEST(SealedField, ValueThatLooksLikePadding) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  for (const std::string& value : {std::string("\x80", 1), std::string("\x80\0\0", 3),
                                   std::string(16, '\0'), std::string(15, '\x80')}) {
    const auto sealed = seal_field(key, context_of(), as_bytes(value), random);
    EXPECT_EQ(open_with_permit(key, context_of(), *sealed)->reveal_text(), value);
  }
}

TEST(SealedField, LimitIsInclusive) {
  SeededRandom random;
  const std::string at_limit(kMaxFieldBytes, 'x');
  EXPECT_TRUE(seal_field(key_of(1), context_of(), as_bytes(at_limit), random).has_value());
  const auto beyond = seal_field(key_of(1), context_of(), as_bytes(at_limit + 'x'), random);
  EXPECT_EQ(beyond.error().code, ErrorCode::kTooLarge);
}

TEST(SealedField, FieldNameLimits) {
  SeededRandom random;
  const std::string longest(255, 'f');
  const std::string beyond(256, 'f');
  const auto sealed = seal_field(key_of(1), context_of(longest), as_bytes("v"), random);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_TRUE(open_with_permit(key_of(1), context_of(longest), *sealed).has_value());
  EXPECT_EQ(seal_field(key_of(1), context_of(beyond), as_bytes("v"), random).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(seal_field(key_of(1), context_of(""), as_bytes("v"), random).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(open_with_permit(key_of(1), context_of(beyond), *sealed).error().code,
            ErrorCode::kInvalid);
}

TEST(SealedField, NeedsAKeyVersion) {
  SeededRandom random;
  EXPECT_EQ(seal_field(key_of(1, 0), context_of(), as_bytes("v"), random).error().code,
            ErrorCode::kInvalid);
}

TEST(SealedField, LengthShowsOnlyTheBucket) {
  EXPECT_EQ(padding::padded_size(0), 16U);
  EXPECT_EQ(padding::padded_size(15), 16U);
  EXPECT_EQ(padding::padded_size(16), 32U);
  EXPECT_EQ(padding::padded_size(31), 32U);
  EXPECT_EQ(padding::padded_size(32), 64U);
  EXPECT_EQ(padding::padded_size(1023), 1024U);
  EXPECT_EQ(padding::padded_size(1024), 2048U);
  EXPECT_EQ(padding::padded_size(2047), 2048U);
  EXPECT_EQ(padding::padded_size(2048), 3072U);
  EXPECT_EQ(padding::padded_size(kMaxFieldBytes), 17U * 1024U);
  SeededRandom random;
  const auto short_one = seal_field(key_of(1), context_of(), as_bytes("Ada"), random);
  const auto longer = seal_field(key_of(1), context_of(), as_bytes("Leopoldina"), random);
  EXPECT_EQ(short_one->size(), longer->size());
}

TEST(SealedField, PaddingComesOffInOneWay) {
  const auto size_of = [](std::string_view padded) {
    return padding::unpadded_size(as_bytes(padded));
  };
  EXPECT_EQ(size_of(std::string("\x80") + std::string(15, '\0')), 0U);
  EXPECT_EQ(size_of(std::string(16, '\0')), std::nullopt);          // no mark
  EXPECT_EQ(size_of(std::string(15, 'a') + '\x81'), std::nullopt);  // another mark
  EXPECT_EQ(size_of(""), std::nullopt);
  EXPECT_EQ(size_of("\x80" + std::string(31, '\0')), std::nullopt);  // not the least bucket
  EXPECT_EQ(size_of(std::string(16, 'a') + "\x80" + std::string(15, '\0')), 16U);
}

TEST(SealedField, EveryFlippedByteIsRefused) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  for (const Suite suite : {Suite::kAes256Gcm, Suite::kXChaCha20Poly1305}) {
    const Bytes sealed = seal_as(suite, key, context_of(), "ada@example.com", random);
    ASSERT_TRUE(open_with_permit(key, context_of(), sealed).has_value());
    std::size_t refused = 0;
    for (std::size_t at = 0; at < sealed.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes changed = sealed;
        changed[at] = static_cast<Byte>(changed[at] ^ (1 << bit));
        const auto opened = open_with_permit(key, context_of(), changed);
        ASSERT_TRUE(opened.has_error()) << "byte " << at << " bit " << bit;
        EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
        ++refused;
      }
    }
    EXPECT_EQ(refused, sealed.size() * 8);
  }
}

TEST(SealedField, EveryTruncationAndExtensionIsRefused) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  for (const Suite suite : {Suite::kAes256Gcm, Suite::kXChaCha20Poly1305}) {
    Bytes sealed = seal_as(suite, key, context_of(), "ada@example.com", random);
    for (std::size_t size = 0; size < sealed.size(); ++size) {
      EXPECT_EQ(open_with_permit(key, context_of(), ByteView(sealed).first(size)).error().code,
                ErrorCode::kCorrupt);
    }
    sealed.push_back(0);
    EXPECT_EQ(open_with_permit(key, context_of(), sealed).error().code, ErrorCode::kCorrupt);
    sealed.resize(1 << 20);
    EXPECT_EQ(open_with_permit(key, context_of(), sealed).error().code, ErrorCode::kCorrupt);
  }
}

TEST(SealedField, OpensNowhereElse) {
  using Change = std::function<void(FieldContext&)>;
  const std::vector<std::pair<const char*, Change>> changes = {
      {"tenant", [](FieldContext& c) { c.tenant.bytes[15] ^= 1; }},
      {"subject", [](FieldContext& c) { c.subject.bytes[0] ^= 1; }},
      {"schema", [](FieldContext& c) { c.schema = 4; }},
      {"field", [](FieldContext& c) { c.field = "phone"; }},
      {"field case", [](FieldContext& c) { c.field = "Email"; }},
      {"field prefix", [](FieldContext& c) { c.field = "emai"; }},
      {"type", [](FieldContext& c) { c.type = ValueType::kText; }},
      {"value version up", [](FieldContext& c) { c.value_version = 8; }},
      {"value version down", [](FieldContext& c) { c.value_version = 6; }},
  };
  SeededRandom random;
  const SubjectKey key = key_of(1);
  for (const Suite suite : {Suite::kAes256Gcm, Suite::kXChaCha20Poly1305}) {
    const Bytes sealed = seal_as(suite, key, context_of(), "ada@example.com", random);
    ASSERT_TRUE(open_with_permit(key, context_of(), sealed).has_value());
    for (const auto& [name, change] : changes) {
      FieldContext other = context_of();
      change(other);
      const auto opened = open_with_permit(key, other, sealed);
      ASSERT_TRUE(opened.has_error()) << name;
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << name;
    }
    EXPECT_TRUE(open_with_permit(key_of(1, 2), context_of(), sealed).has_error());
    EXPECT_TRUE(open_with_permit(key_of(2), context_of(), sealed).has_error());
  }
}

TEST(SealedField, AHeaderOfAnotherKeyVersionIsBound) {
  SeededRandom random;
  Bytes sealed = seal_as(Suite::kAes256Gcm, key_of(1, 1), context_of(), "v", random);
  store_be<4>(sealed.data() + 2, 2);  // the same key bytes, called version 2
  EXPECT_TRUE(open_with_permit(key_of(1, 2), context_of(), sealed).has_error());
}

// Without a commitment a value can be built that opens under two keys with AES-GCM. Here the
// commitment belongs to one key alone, so it must fail before the cipher is asked.
TEST(SealedField, CommitsToItsKey) {
  SeededRandom random;
  const Bytes first = seal_as(Suite::kAes256Gcm, key_of(1), context_of(), "first", random);
  Bytes second = seal_as(Suite::kAes256Gcm, key_of(2), context_of(), "other", random);
  // The body of the second with the nonce and commitment of the first: right commitment, wrong
  // cipher key; and the other way round: right cipher key, wrong commitment.
  Bytes mixed = first;
  std::copy(second.begin() + kSealedFieldHeaderBytes, second.end(),
            mixed.begin() + kSealedFieldHeaderBytes);
  EXPECT_TRUE(open_with_permit(key_of(1), context_of(), mixed).has_error());
  EXPECT_TRUE(open_with_permit(key_of(2), context_of(), mixed).has_error());
  std::copy_n(first.begin() + 30, 32, second.begin() + 30);
  EXPECT_TRUE(open_with_permit(key_of(2), context_of(), second).has_error());
}

TEST(SealedField, NoncesNeverRepeat) {
  SystemRandom random;
  const SubjectKey key = key_of(1);
  const std::size_t count = testing::long_run() ? 1'000'000 : 100'000;
  std::unordered_set<std::string> seen;
  seen.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto sealed = seal_field(key, context_of(), as_bytes("v"), random);
    seen.emplace(as_text(ByteView(*sealed).subspan(6, 24)));
  }
  EXPECT_EQ(seen.size(), count);
  std::cout << "nonces compared: " << count << '\n';
}

TEST(SealedField, OpensOnlyWithAPermitForFieldAndPerson) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  const FieldContext context = context_of();
  const auto sealed = seal_field(key, context, as_bytes("v"), random);
  SubjectId other = context.subject;
  other.bytes[3] ^= 1;
  const auto code = [&](const Permit& permit, FieldIndex field) {
    return open_field(permit, field, key, context, *sealed).error().code;
  };
  EXPECT_EQ(code(policy::Engine::permit(context.subject, {}), kField), ErrorCode::kForbidden);
  EXPECT_EQ(code(policy::Engine::permit(context.subject, {4, 6}), kField), ErrorCode::kForbidden);
  EXPECT_EQ(code(policy::Engine::permit(other, {kField}), kField), ErrorCode::kForbidden);
  EXPECT_EQ(code(policy::Engine::permit(context.subject, {kField}), kMaxFields),
            ErrorCode::kForbidden);
  EXPECT_TRUE(
      open_field(policy::Engine::permit(context.subject, {kField}), kField, key, context, *sealed)
          .has_value());
}

TEST(SealedField, DecisionFactsHaveTheirOwnDoor) {
  SeededRandom random;
  const SubjectKey key = key_of(1);
  FieldContext facts = context_of("decision_facts");
  facts.type = ValueType::kDecisionFacts;
  const auto sealed = seal_field(key, facts, as_bytes("1815-12-10|GB"), random);
  EXPECT_EQ(open_decision_facts(key, facts, *sealed)->reveal_text(), "1815-12-10|GB");
  EXPECT_EQ(open_with_permit(key, facts, *sealed).error().code, ErrorCode::kForbidden);
  const auto field = seal_field(key, context_of(), as_bytes("v"), random);
  EXPECT_EQ(open_decision_facts(key, context_of(), *field).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(open_decision_facts(key, facts, *field).error().code, ErrorCode::kCorrupt);
}

TEST(SealedField, HeaderIsReadStrictly) {
  SeededRandom random;
  const auto sealed = seal_field(key_of(1, 9), context_of(), as_bytes("v"), random);
  const auto header = read_sealed_header(*sealed);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->key_version.value, 9U);
  EXPECT_EQ(header->suite, envelope::preferred_suite());
  const auto changed = [&](std::size_t at, Byte value) {
    Bytes copy = *sealed;
    copy[at] = value;
    return read_sealed_header(copy).has_error();
  };
  EXPECT_TRUE(changed(0, 0));
  EXPECT_TRUE(changed(0, 2));
  EXPECT_TRUE(changed(1, 0));
  EXPECT_TRUE(changed(1, 3));
  EXPECT_TRUE(changed(5, 0));  // key version 0
  EXPECT_FALSE(changed(5, 8));
}

// No two contexts may hash alike: names of different length, numbers that meet names, and two names
// that are cut in different places.
TEST(SealedField, BindingsAreInjective) {
  std::set<Bytes> seen;
  std::size_t count = 0;
  const Bytes front(30, 0);
  for (const std::string& name :
       {std::string("a"), std::string("ab"), std::string("b"), std::string("a\0", 2),
        std::string("\0a", 2), std::string(1, '\0'), std::string("ab\0\1c", 5)}) {
    for (const std::uint32_t schema : {1U, 256U, 0x01000000U}) {
      for (const std::uint64_t version : {1ULL, 97ULL, 256ULL, 0x6100000000000000ULL}) {
        for (const auto content : {envelope::Content::kField, envelope::Content::kSubjectKey}) {
          envelope::Binding binding(content);
          binding.append_number<4>(schema);
          binding.append_number<8>(version);
          binding.append_sized(as_bytes(name));
          const ByteView whole = binding.complete(front);
          seen.emplace(whole.begin(), whole.end());
          ++count;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), count);
  const auto two_names = [&](std::string_view first, std::string_view second) {
    envelope::Binding binding(envelope::Content::kField);
    binding.append_sized(as_bytes(first));
    binding.append_sized(as_bytes(second));
    const ByteView whole = binding.complete(front);
    return Bytes(whole.begin(), whole.end());
  };
  EXPECT_NE(two_names("ab", "c"), two_names("a", "bc"));
  EXPECT_NE(two_names("", "abc"), two_names("abc", ""));
}

TEST(SealedField, KnownAnswers) {
  const auto document = boost::json::parse(testing::read_file(
      std::filesystem::path(FIELDGATE_SOURCE_DIR) / "tests/unit/crypto/sealed_field_v1.json"));
  const std::string page = testing::read_file(std::filesystem::path(FIELDGATE_SOURCE_DIR) /
                                              "docs/sealed-field-format.md");
  std::size_t rows = 0;
  for (const auto& entry : document.at("fields").as_array()) {
    const auto& row = entry.as_object();
    SubjectKey key;
    key.key.reveal_mutable() = testing::array_of<std::array<Byte, 32>>(row, "key");
    key.version.value = boost::json::value_to<std::uint32_t>(row.at("key_version"));
    const std::string name = testing::text_of(row, "field");
    FieldContext context;
    context.tenant.bytes = testing::array_of<std::array<Byte, 16>>(row, "tenant");
    context.subject.bytes = testing::array_of<std::array<Byte, 16>>(row, "subject");
    context.schema = boost::json::value_to<std::uint32_t>(row.at("schema"));
    context.field = name;
    context.type = static_cast<ValueType>(boost::json::value_to<std::uint32_t>(row.at("type")));
    context.value_version = boost::json::value_to<std::uint64_t>(row.at("value_version"));
    const Bytes plaintext = testing::bytes_of(row, "plaintext");
    const Bytes expected = testing::bytes_of(row, "sealed");
    testing::FixedRandom nonce(testing::bytes_of(row, "nonce"));
    const auto suite = static_cast<Suite>(boost::json::value_to<std::uint32_t>(row.at("suite")));

    EXPECT_EQ(hex_encode(seal_as(suite, key, context, as_text(plaintext), nonce)),
              hex_encode(expected));
    if (suite == envelope::preferred_suite()) {
      EXPECT_EQ(*seal_field(key, context, plaintext, nonce), expected);
    }
    const auto opened = context.type == ValueType::kDecisionFacts
                            ? open_decision_facts(key, context, expected)
                            : open_with_permit(key, context, expected);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->reveal_text(), as_text(plaintext));
    EXPECT_NE(page.find(hex_encode(expected)), std::string::npos)
        << "the format page shows another value for row " << rows;
    ++rows;
  }
  for (const auto& entry : document.at("subject_keys").as_array()) {
    const auto& row = entry.as_object();
    envelope::Binding binding(envelope::Content::kSubjectKey);
    binding.append(testing::bytes_of(row, "tenant"));
    binding.append(testing::bytes_of(row, "subject"));
    std::array<Byte, 36> content{};
    const KeyVersion version{boost::json::value_to<std::uint32_t>(row.at("key_version"))};
    ASSERT_TRUE(envelope::open(content, testing::bytes_of(row, "key"), version, binding,
                               testing::bytes_of(row, "sealed"))
                    .has_value());
    EXPECT_EQ(load_be<4>(content.data()),
              boost::json::value_to<std::uint64_t>(row.at("subject_key_version")));
    EXPECT_EQ(hex_encode(ByteView(content).subspan(4)), testing::text_of(row, "subject_key"));
    ++rows;
  }
  EXPECT_EQ(rows, 8U);
}

}  // namespace
}  // namespace fieldgate::crypto
