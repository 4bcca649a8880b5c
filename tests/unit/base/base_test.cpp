#include <fieldgate/base/bytes.h>
#include <fieldgate/base/diagnostic.h>
#include <fieldgate/base/field_set.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>

#include <gtest/gtest.h>

#include <algorithm>

#include <new>
#include <type_traits>
#include <unordered_set>

namespace fieldgate {
namespace {

TEST(Bytes, BigEndianNumbers) {
  Bytes out;
  append_be<4>(out, 0x01020304);
  append_be<1>(out, 0xff);
  append_be<8>(out, 0x0102030405060708);
  EXPECT_EQ(out, (Bytes{1, 2, 3, 4, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(load_be<4>(out.data()), 0x01020304U);
  EXPECT_EQ(load_be<8>(out.data() + 5), 0x0102030405060708U);
  Byte place[3] = {};
  store_be<3>(place, 0x00abcdef);
  EXPECT_EQ(load_be<3>(place), 0xabcdefU);
  EXPECT_EQ(as_text(as_bytes("text")), "text");
}

TEST(FieldSet, Members) {
  FieldSet set;
  EXPECT_TRUE(set.empty());
  for (const FieldIndex field : {0, 63, 64, 200, 511}) {
    set.set(static_cast<FieldIndex>(field));
  }
  EXPECT_FALSE(set.empty());
  EXPECT_EQ(set.count(), 5U);
  EXPECT_TRUE(set.test(63));
  EXPECT_FALSE(set.test(62));
  EXPECT_FALSE(set.test(65));
  set.reset(63);
  EXPECT_FALSE(set.test(63));
  EXPECT_EQ(set.count(), 4U);
  std::vector<FieldIndex> visited;
  set.for_each([&](FieldIndex field) { visited.push_back(field); });
  EXPECT_EQ(visited, (std::vector<FieldIndex>{0, 64, 200, 511}));
}

TEST(FieldSet, TestBeyondTheLimitIsNo) {
  FieldSet all;
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    all.set(static_cast<FieldIndex>(i));
  }
  EXPECT_TRUE(all.test(kMaxFields - 1));
  EXPECT_FALSE(all.test(kMaxFields));
  EXPECT_FALSE(all.test(0xffff));
}

TEST(FieldSet, Algebra) {
  FieldSet a;
  FieldSet b;
  a.set(1);
  a.set(100);
  b.set(100);
  b.set(300);
  const auto members = [](const FieldSet& set) {
    std::vector<FieldIndex> list;
    set.for_each([&](FieldIndex field) { list.push_back(field); });
    return list;
  };
  EXPECT_EQ(members(a & b), (std::vector<FieldIndex>{100}));
  EXPECT_EQ(members(a | b), (std::vector<FieldIndex>{1, 100, 300}));
  EXPECT_EQ(members(a - b), (std::vector<FieldIndex>{1}));
  EXPECT_EQ(a - a, FieldSet{});
  EXPECT_NE(a, b);
}

TEST(NearestWord, FindsATypo) {
  const std::vector<std::string> known = {"purpose", "fields", "consent", "notice"};
  EXPECT_EQ(nearest_word("purpos", known), "purpose");
  EXPECT_EQ(nearest_word("consnet", known), "consent");
  EXPECT_EQ(nearest_word("filds", known), "fields");
  EXPECT_EQ(nearest_word("purpose", known), "purpose");
}

TEST(NearestWord, SaysNothingWhenNothingIsNear) {
  const std::vector<std::string> known = {"purpose", "fields"};
  EXPECT_EQ(nearest_word("retention", known), "");
  EXPECT_EQ(nearest_word("x", known), "");
  EXPECT_EQ(nearest_word("", known), "");
  EXPECT_EQ(nearest_word("purpose", {}), "");
}

// A word of nine letters may be three edits away, not four.
TEST(NearestWord, AThirdOfTheLengthIsTheLimit) {
  EXPECT_EQ(nearest_word("abcdefghi", {"abcdefxyz"}), "abcdefxyz");
  EXPECT_EQ(nearest_word("abcdefghi", {"abcdewxyz"}), "");
  EXPECT_EQ(nearest_word("ab", {"ac"}), "ac") << "one edit is always allowed";
}

TEST(NearestWord, TwoNeighboursThatChangedPlacesAreOneEdit) {
  const std::vector<std::string> known = {"email", "phone"};
  EXPECT_EQ(nearest_word("emial", known), "email");
  EXPECT_EQ(nearest_word("emali", known), "email");
  EXPECT_EQ(nearest_word("mela", {"email"}), "") << "a swap and another edit";
  EXPECT_EQ(nearest_word("ba", {"ab"}), "ab");
  EXPECT_EQ(nearest_word("abcd", {"badc"}), "") << "two swaps are two edits";
  EXPECT_EQ(nearest_word("abcdef", {"badcef"}), "badcef");
}

TEST(NearestWord, AWordAsLongAsABodyIsNearNothing) {
  EXPECT_EQ(nearest_word(std::string(1024 * 1024, 'e'), {"email", "phone"}), "");
}

TEST(Excerpt, CutsBehindItsLimitAndNotInsideACharacter) {
  const std::string full(kMaxExcerptBytes, 'x');
  EXPECT_EQ(excerpt(""), "");
  EXPECT_EQ(excerpt(full), full);
  EXPECT_EQ(excerpt(full + 'x'), full + "…");
  const std::string nearly(kMaxExcerptBytes - 2, 'x');
  EXPECT_EQ(excerpt(nearly + "ä"), nearly + "ä");
  EXPECT_EQ(excerpt(nearly + "€"), nearly + "…");
}

TEST(Excerpt, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(excerpt("Straße 7"), "Straße 7");
  EXPECT_EQ(excerpt("a\x1b[2Jb\nc\x7f"), "a\\x1b[2Jb\\x0ac\\x7f");
  EXPECT_EQ(excerpt(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(excerpt("\xC2\x9B"
                    "2J"),
            "\\xc2\\x9b2J")
      << "the other way to write an escape";
  EXPECT_EQ(excerpt("\xC2\xA7"), "\xC2\xA7");
  EXPECT_EQ(excerpt("caf\xE9"), "caf\\xe9");
  EXPECT_EQ(excerpt("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(excerpt(std::string(kMaxExcerptBytes + 1, '\n')).size(), kMaxExcerptBytes * 4 + 3);
}

TEST(NearestWord, TheNearerOneWins) {
  EXPECT_EQ(nearest_word("marketing", {"marketings!", "marketinh"}), "marketinh");
}

TEST(Diagnostic, OneLine) {
  Diagnostic finding;
  finding.where = {"policy.yaml", 3, 7};
  finding.code = "unknown-key";
  finding.message = "unknown key `purpos`";
  finding.suggestion = "did you mean `purpose`?";
  finding.because = "GDPR 5(1)(b)";
  EXPECT_EQ(format_diagnostic(finding),
            "policy.yaml:3:7: error: unknown key `purpos` [unknown-key]; did you mean `purpose`? "
            "(GDPR 5(1)(b))");
  const Diagnostic plain{.where = {"a.yaml", 0, 0},
                         .severity = Severity::kWarning,
                         .code = {},
                         .message = "odd",
                         .suggestion = {},
                         .because = {}};
  EXPECT_EQ(format_diagnostic(plain), "a.yaml: warning: odd");
  EXPECT_FALSE(has_errors({plain}));
  EXPECT_TRUE(has_errors({plain, finding}));
  EXPECT_FALSE(has_errors({}));
}

TEST(SecretBytes, HoldsComparesAndCuts) {
  SecretBytes secret = SecretBytes::from_text("abcdef");
  EXPECT_EQ(secret.size(), 6U);
  EXPECT_TRUE(secret == SecretBytes::from_text("abcdef"));
  EXPECT_FALSE(secret == SecretBytes::from_text("abcdeg"));
  EXPECT_FALSE(secret == SecretBytes::from_text("abcde"));
  secret.truncate(3);
  EXPECT_EQ(secret.reveal_text(), "abc");
  EXPECT_TRUE(secret.clone() == secret);
  secret.truncate(0);
  EXPECT_TRUE(secret.empty());
}

TEST(SecretBytes, MovesLeaveNothingBehind) {
  SecretBytes first = SecretBytes::from_text("secret");
  SecretBytes second = std::move(first);
  EXPECT_EQ(second.reveal_text(), "secret");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): this is what is tested
  first = std::move(second);
  EXPECT_EQ(first.reveal_text(), "secret");
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SecretBytes, InPlaceAndOnTheHeapAreTheSame) {
  for (const std::size_t size :
       {std::size_t{0}, SecretBytes::kInPlaceBytes, SecretBytes::kInPlaceBytes + 1}) {
    Bytes content(size);
    for (std::size_t i = 0; i < size; ++i) {
      content[i] = static_cast<Byte>(i + 1);
    }
    SecretBytes first{ByteView(content)};
    SecretBytes second = std::move(first);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(std::ranges::equal(second.reveal(), content));
    SecretBytes third(7);
    third = std::move(second);
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(third == third.clone());
    EXPECT_TRUE(std::ranges::equal(third.reveal(), content));
    // Each way round: a long one replaced by a short one and back, and a long one cut short.
    third = SecretBytes::from_text("short");
    EXPECT_EQ(third.reveal_text(), "short");
    third = SecretBytes{ByteView(content)};
    third.truncate(std::min<std::size_t>(size, 3));
    const SecretBytes fourth = std::move(third);
    EXPECT_TRUE(std::ranges::equal(fourth.reveal(), ByteView(content).first(fourth.size())));
  }
}

TEST(SecretBytes, AMoveWipesWhereItWas) {
  SecretBytes first = SecretBytes::from_text("in place");
  const Byte* const place = first.reveal().data();
  const SecretBytes second = std::move(first);
  EXPECT_NE(second.reveal().data(), place);
  EXPECT_TRUE(std::all_of(place, place + second.size(), [](Byte byte) { return byte == 0; }));
}

TEST(SecretBytes, CutBytesAreWiped) {
  SecretBytes secret = SecretBytes::from_text("abcdef");
  const Byte* bytes = secret.reveal().data();
  secret.truncate(2);
  // The four bytes still belong to the object, which has not moved.
  volatile const Byte* cut = bytes + 2;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(cut[i], 0);
  }
}

TEST(SecretArray, IsWipedInPlace) {
  alignas(SecretArray<32>) std::array<Byte, sizeof(SecretArray<32>)> place{};
  auto* key = new (place.data()) SecretArray<32>();
  key->reveal_mutable().fill(0xaa);
  SecretArray<32> moved = std::move(*key);
  EXPECT_EQ(moved.reveal()[31], 0xaa);
  EXPECT_EQ(key->reveal()[0], 0);  // a moved-from key is wiped at once
  key->reveal_mutable().fill(0xbb);
  key->~SecretArray();
  volatile const Byte* after = place.data();
  for (std::size_t i = 0; i < place.size(); ++i) {
    EXPECT_EQ(after[i], 0);
  }
}

TEST(SecretTypes, CannotBeCopied) {
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  static_assert(!std::is_copy_constructible_v<SecretArray<32>>);
  static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
}

TEST(Ids, HashAndOrder) {
  SubjectId a;
  SubjectId b;
  b.bytes[15] = 1;
  EXPECT_LT(a, b);
  EXPECT_NE(a, b);
  std::unordered_set<SubjectId> set{a, b, a};
  EXPECT_EQ(set.size(), 2U);
  static_assert(!std::is_convertible_v<TenantId, SubjectId>);
}

Result<int> half(int value) {
  if (value % 2 != 0) {
    return make_error(ErrorCode::kInvalid, "the number is odd");
  }
  return value / 2;
}

Result<void> check(int value) {
  FIELDGATE_TRY(const int once, half(value));
  FIELDGATE_TRY(const int twice, half(once));
  static_cast<void>(twice);
  return ok();
}

Result<int> checked(int value) {
  FIELDGATE_CHECK_OK(check(value));
  return value;
}

TEST(Result, ErrorsTravel) {
  EXPECT_EQ(*checked(8), 8);
  EXPECT_EQ(checked(6).error().message, "the number is odd");
  EXPECT_EQ(checked(7).error().code, ErrorCode::kInvalid);
}

TEST(Result, ReadingTheValueOfAnErrorThrows) {
  EXPECT_THROW(static_cast<void>(half(1).value()), std::logic_error);
}

}  // namespace
}  // namespace fieldgate
