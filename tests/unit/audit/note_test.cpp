#include "audit/merkle/note.h"
#include "audit/merkle/checkpoint.h"

#include <fieldgate/base/secret_bytes.h>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fieldgate::audit {
namespace {

crypto::Ed25519Signer signer() {
  return crypto::Ed25519Signer(SecretBytes(Bytes(32, 3)));
}

TEST(Note, SignsAndOpens) {
  const NoteKey key = make_note_key("shop.example/log", signer().public_key());
  auto note = sign_note("hello\n", key.name, signer());
  ASSERT_TRUE(note.has_value());
  auto opened = open_note(*note, std::array{key});
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->text, "hello\n");
  EXPECT_EQ(opened->verified, std::vector<std::string>{key.name});
  auto parsed = parse_verifier_key(format_verifier_key(key));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->key, key.key);
  EXPECT_EQ(parsed->hash, key.hash);
}

TEST(Note, EveryChangedBitIsRefused) {
  const NoteKey key = make_note_key("shop.example/log", signer().public_key());
  const std::string note = *sign_note("one\n\ntwo\n", key.name, signer());
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_TRUE(open_note(changed, std::array{key}).has_error()) << i << " " << bit;
    }
  }
}

TEST(Note, TwoKeysOfOneNameAndHashAreAmbiguous) {
  const NoteKey key = make_note_key("a", signer().public_key());
  const std::string note = *sign_note("x\n", "a", signer());
  auto opened = open_note(note, std::array{key, key});
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().detail_code, "ambiguous_key");
}

TEST(Note, ManySignaturesAndOneBeyond) {
  const NoteKey key = make_note_key("a", signer().public_key());
  const std::string note = *sign_note("x\n", "a", signer());
  const std::string line = note.substr(3);
  std::string many = note.substr(0, 3);
  for (std::size_t i = 0; i < kMaxNoteSignatures; ++i) {
    many += line;
  }
  EXPECT_TRUE(open_note(many, std::array{key}).has_value());
  EXPECT_EQ(open_note(many + line, std::array{key}).error().detail_code, "malformed");
}

TEST(Note, TextsAndNamesThatNoNoteCanHold) {
  for (const char* text : {"", "no newline", "tab\t\n", "\xff\n"}) {
    EXPECT_TRUE(sign_note(text, "a", signer()).has_error()) << text;
  }
  for (const char* name : {"", "a b", "a+b", "a\n", "\xc2\xa0", "a\xe2\x80\x83", "\xff"}) {
    EXPECT_FALSE(valid_key_name(name)) << name;
  }
  EXPECT_TRUE(valid_key_name(std::string(kMaxKeyNameBytes, 'a')));
  EXPECT_FALSE(valid_key_name(std::string(kMaxKeyNameBytes + 1, 'a')));
  EXPECT_TRUE(
      valid_key_name("b\xc3\xbc"
                     "cher.example/log"));
}

TEST(Checkpoint, RoundTripAndStrictness) {
  Checkpoint checkpoint{"shop.example/log", 42, {}};
  checkpoint.root[0] = 9;
  const std::string body = format_checkpoint(checkpoint);
  auto parsed = parse_checkpoint(body);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->size, 42U);
  EXPECT_EQ(parsed->root, checkpoint.root);
  EXPECT_TRUE(parse_checkpoint(body + "extension\n").has_value());
  EXPECT_TRUE(parse_checkpoint("o\n0" + body.substr(body.find('2') + 1)).has_value());
  const std::string root = body.substr(body.find('2') + 1);
  for (const std::string size : {"", "042", "+1", "-1", "0x1", "1 ", "18446744073709551616"}) {
    EXPECT_TRUE(parse_checkpoint("o\n" + size + root).has_error()) << size;
  }
  EXPECT_TRUE(parse_checkpoint("o\n18446744073709551615" + root).has_value());
  for (const std::string& bad :
       {std::string(), std::string("o\n"), "\n1" + root, body.substr(0, body.size() - 1),
        body + "\n", body + "cut", std::string("o\n1\nYWJj\n")}) {
    EXPECT_TRUE(parse_checkpoint(bad).has_error()) << bad;
  }
}

}  // namespace
}  // namespace fieldgate::audit
