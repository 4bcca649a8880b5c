// Tags and sealed parts of audit records: they open for their own record, person and key alone.
#include <fieldgate/crypto/audit_key.h>

#include "crypto/aead/envelope.h"
#include "tests/unit/crypto/test_support.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fieldgate::crypto {
namespace {

using testing::SeededRandom;

AuditKey audit_key(Byte seed) {
  SecretBytes key(32);
  key.reveal_mutable()[0] = seed;
  return AuditKey(key);
}

SubjectId person(Byte seed) {
  SubjectId subject;
  subject.bytes.fill(seed);
  return subject;
}

SubjectKey key_of(Byte seed, std::uint32_t version = 1) {
  SubjectKey key;
  key.key.reveal_mutable().fill(seed);
  key.version.value = version;
  return key;
}

TEST(SubjectTag, DiffersPerRecordAndOpensWithTheKeyAlone) {
  const AuditKey key = audit_key(1);
  std::set<SubjectTag> tags;
  std::set<Bytes> masked;
  for (int record = 0; record < 100; ++record) {
    const std::string id = "record-" + std::to_string(record);
    const SubjectTag tag = key.tag(id, person(7));
    tags.insert(tag);
    EXPECT_EQ(key.open_tag(id, tag), person(7));
    EXPECT_EQ(key.open_tag(id + "x", tag), std::nullopt);
    EXPECT_EQ(audit_key(2).open_tag(id, tag), std::nullopt);
    masked.insert(Bytes(tag.begin() + 16, tag.end()));
  }
  EXPECT_EQ(tags.size(), 100U);
  EXPECT_EQ(masked.size(), 100U) << "the hidden id must not repeat either";
  EXPECT_NE(key.tag("a", person(7)), key.tag("a", person(8)));
}

TEST(SubjectTag, AnyChangedByteIsFound) {
  const AuditKey key = audit_key(1);
  const SubjectTag tag = key.tag("record", person(7));
  for (std::size_t i = 0; i < tag.size(); ++i) {
    SubjectTag changed = tag;
    changed[i] ^= 1U;
    EXPECT_EQ(key.open_tag("record", changed), std::nullopt) << i;
  }
  EXPECT_EQ(key.open_tag("record", ByteView(tag).first(31)), std::nullopt);
  EXPECT_EQ(key.open_tag("record", {}), std::nullopt);
}

RecordContext context_of(std::string_view id = "record") {
  RecordContext context;
  context.tenant.bytes.fill(0xa0);
  context.subject = person(7);
  context.record_id = id;
  return context;
}

TEST(RecordPart, OpensForItsRecordAndPersonAlone) {
  SeededRandom random;
  const auto sealed = seal_record_part(key_of(1), context_of(), as_bytes("inputs"), random);
  ASSERT_TRUE(sealed.has_value());
  const auto opened = open_record_part(key_of(1), context_of(), *sealed);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->reveal_text(), "inputs");
  EXPECT_FALSE(open_record_part(key_of(2), context_of(), *sealed).has_value());
  EXPECT_FALSE(open_record_part(key_of(1, 2), context_of(), *sealed).has_value());
  EXPECT_FALSE(open_record_part(key_of(1), context_of("other"), *sealed).has_value());
  RecordContext other = context_of();
  other.subject = person(8);
  EXPECT_FALSE(open_record_part(key_of(1), other, *sealed).has_value());
  other = context_of();
  other.tenant.bytes[0] ^= 1U;
  EXPECT_FALSE(open_record_part(key_of(1), other, *sealed).has_value());
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    Bytes changed = *sealed;
    changed[i] ^= 1U;
    EXPECT_FALSE(open_record_part(key_of(1), context_of(), changed).has_value()) << i;
  }
  for (std::size_t size = 0; size < sealed->size(); ++size) {
    EXPECT_FALSE(
        open_record_part(key_of(1), context_of(), ByteView(*sealed).first(size)).has_value());
  }
}

TEST(RecordPart, HasALimitAndANamedRecord) {
  SeededRandom random;
  const Bytes largest(kMaxRecordPartBytes, 1);
  const auto sealed = seal_record_part(key_of(1), context_of(), largest, random);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_TRUE(open_record_part(key_of(1), context_of(), *sealed).has_value());
  const auto beyond =
      seal_record_part(key_of(1), context_of(), Bytes(kMaxRecordPartBytes + 1, 1), random);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(seal_record_part(key_of(1), context_of(""), largest, random).has_value());
  const std::string longest(255, 'r');
  EXPECT_TRUE(seal_record_part(key_of(1), context_of(longest), {}, random).has_value());
  EXPECT_FALSE(seal_record_part(key_of(1), context_of(longest + "r"), {}, random).has_value());
}

TEST(RecordPart, IsNoOtherEnvelope) {
  SeededRandom random;
  const auto part = seal_record_part(key_of(1), context_of(), as_bytes("inputs"), random);
  ASSERT_TRUE(part.has_value());
  FieldContext field;
  field.tenant = context_of().tenant;
  field.subject = person(7);
  field.field = "record";
  field.type = ValueType::kDecisionFacts;
  EXPECT_FALSE(open_decision_facts(key_of(1), field, *part).has_value());
}

}  // namespace
}  // namespace fieldgate::crypto
