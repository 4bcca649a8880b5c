// Published vectors of others, read where they lie.
#include "audit/merkle/checkpoint.h"
#include "audit/merkle/frontier.h"
#include "audit/merkle/note.h"
#include "audit/merkle/proof.h"

#include <fieldgate/audit/verify.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::audit {
namespace {

namespace json = boost::json;

const std::filesystem::path& folder() {
  static const std::filesystem::path path =
      std::filesystem::path(FIELDGATE_SHARED_DIR) / "vectors" / "merkle";
  return path;
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder())) {
      GTEST_SKIP() << "skipped: no shared vectors";
    }
  }
  static std::string text(const std::string& name) {
    std::ifstream in(folder() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static json::value document(const std::string& name) { return json::parse(text(name)); }
  static std::vector<json::object> lines(const std::string& name) {
    std::ifstream in(folder() / name);
    std::vector<json::object> out;
    for (std::string line; std::getline(in, line);) {
      out.push_back(json::parse(line).as_object());
    }
    return out;
  }
  static void count(const char* what, std::size_t number) {
    std::printf("[ counts   ] %s: %zu\n", what, number);
    EXPECT_GT(number, 0U);
  }
};

std::string str(const json::value& value) {
  return std::string(value.as_string());
}

std::optional<Hash32> as_hash(const std::optional<Bytes>& bytes) {
  Hash32 out;
  if (!bytes || bytes->size() != out.size()) {
    return std::nullopt;
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::optional<Hash32> base64_hash(const json::value& value) {
  return as_hash(crypto::base64_decode(str(value)));
}

Hash32 hex_hash(const json::value& value) {
  return as_hash(crypto::hex_decode(str(value))).value();
}

/// Nothing when one of the hashes does not have 32 bytes: then no proof can hold it.
std::optional<std::vector<Hash32>> base64_path(const json::value& value) {
  std::vector<Hash32> out;
  if (value.is_null()) {
    return out;
  }
  for (const json::value& node : value.as_array()) {
    const std::optional<Hash32> hash = base64_hash(node);
    if (!hash) {
      return std::nullopt;
    }
    out.push_back(*hash);
  }
  return out;
}

TEST_F(Vectors, Inclusion) {
  const auto cases = lines("rfc6962/inclusion.jsonl");
  for (const json::object& c : cases) {
    const auto path = base64_path(c.at("proof"));
    const auto leaf = base64_hash(c.at("leafHash"));
    const auto root = base64_hash(c.at("root"));
    const bool holds =
        path && leaf && root &&
        verify_inclusion(c.at("leafIdx").to_number<std::uint64_t>(),
                         c.at("treeSize").to_number<std::uint64_t>(), *leaf, *path, *root);
    EXPECT_EQ(holds, !c.at("wantErr").as_bool()) << str(c.at("file"));
  }
  count("rfc6962/inclusion", cases.size());
}

/// A root that is no SHA-256 ("don't care" in the source) is stood for by its hash: where one is
/// accepted, only equality matters.
Hash32 root_or_stand_in(const json::value& value) {
  const std::optional<Bytes> bytes = crypto::base64_decode(str(value));
  return as_hash(bytes).value_or(crypto::sha256(ByteView(bytes.value())));
}

TEST_F(Vectors, Consistency) {
  const auto cases = lines("rfc6962/consistency.jsonl");
  for (const json::object& c : cases) {
    const auto path = base64_path(c.at("proof"));
    const bool holds = path && verify_consistency(c.at("size1").to_number<std::uint64_t>(),
                                                  c.at("size2").to_number<std::uint64_t>(),
                                                  root_or_stand_in(c.at("root1")),
                                                  root_or_stand_in(c.at("root2")), *path);
    EXPECT_EQ(holds, !c.at("wantErr").as_bool()) << str(c.at("file"));
  }
  count("rfc6962/consistency", cases.size());
}

TEST_F(Vectors, Hasher) {
  const json::value hasher = document("rfc6962/hasher.json");
  std::size_t cases = 1;
  EXPECT_EQ(Frontier{}.root(), hex_hash(hasher.at("empty_root")));
  for (const json::value& leaf : hasher.at("leaves").as_array()) {
    EXPECT_EQ(leaf_hash(*crypto::hex_decode(str(leaf.at("data_hex")))), hex_hash(leaf.at("hash")));
    ++cases;
  }
  for (const json::value& node : hasher.at("nodes").as_array()) {
    // These nodes are not 32 bytes long, which node_hash cannot take: the formula is checked.
    const std::array<Byte, 1> prefix{0x01};
    EXPECT_EQ(crypto::sha256({ByteView(prefix), *crypto::hex_decode(str(node.at("left_hex"))),
                              *crypto::hex_decode(str(node.at("right_hex")))}),
              hex_hash(node.at("hash")));
    ++cases;
  }
  count("rfc6962/hasher", cases);
}

std::vector<Hash32> tree8_leaves(const json::value& tree) {
  std::vector<Hash32> leaves;
  for (const json::value& input : tree.at("leaf_inputs_hex").as_array()) {
    leaves.push_back(leaf_hash(*crypto::hex_decode(str(input))));
  }
  return leaves;
}

TEST_F(Vectors, Tree8) {
  const json::value tree = document("rfc6962/tree8.json");
  const std::vector<Hash32> leaves = tree8_leaves(tree);
  std::size_t cases = 0;
  Frontier frontier;
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    if (const json::value* root =
            tree.at("roots_hex_by_size").as_object().if_contains(std::to_string(size))) {
      EXPECT_EQ(frontier.root(), hex_hash(*root)) << size;
      ++cases;
    }
    if (size < leaves.size()) {
      EXPECT_EQ(leaves[size], hex_hash(tree.at("level0_leaf_hashes_hex").at(size)));
      frontier.push(leaves[size]);
      ++cases;
    }
  }
  count("rfc6962/tree8", cases);
}

Hash32 range_root(const std::vector<Hash32>& leaves, std::size_t begin, std::size_t end) {
  Frontier frontier;
  for (std::size_t i = begin; i < end; ++i) {
    frontier.push(leaves[i]);
  }
  return frontier.root();
}

TEST_F(Vectors, KnownAnswers) {
  const json::value answers = document("rfc6962/ct_cpp_known_answers.json");
  const std::vector<Hash32> leaves = tree8_leaves(document("rfc6962/tree8.json"));
  std::size_t cases = 0;
  for (const json::value& c : answers.at("paths").as_array()) {
    const auto number = c.at("leaf_1based").to_number<std::size_t>();
    const auto size = c.at("tree_size").to_number<std::size_t>();
    ++cases;
    if (number == 0) {
      EXPECT_FALSE(verify_inclusion(0, size, {}, {}, Frontier{}.root()));
      continue;
    }
    InclusionPathBuilder builder(number - 1, size);
    for (std::size_t i = 0; i < size; ++i) {
      builder.push(i, leaves[i]);
    }
    std::vector<Hash32> want;
    for (const json::value& node : c.at("path_hex").as_array()) {
      want.push_back(hex_hash(node));
    }
    EXPECT_EQ(builder.path(), want);
    EXPECT_TRUE(
        verify_inclusion(number - 1, size, leaves[number - 1], want, range_root(leaves, 0, size)));
  }
  for (const json::value& c : answers.at("consistency").as_array()) {
    const auto size1 = c.at("size1").to_number<std::size_t>();
    const auto size2 = c.at("size2").to_number<std::size_t>();
    std::vector<Hash32> path;
    for (const json::value& node : c.at("proof_hex").as_array()) {
      path.push_back(hex_hash(node));
    }
    EXPECT_TRUE(verify_consistency(size1, size2, range_root(leaves, 0, size1),
                                   range_root(leaves, 0, size2), path));
    ++cases;
  }
  count("rfc6962/ct_cpp_known_answers", cases);
}

TEST_F(Vectors, Accumulated130) {
  std::vector<Hash32> leaves;
  for (unsigned i = 0; i < 130; ++i) {
    const std::array<Byte, 1> one{static_cast<Byte>(i)};
    leaves.push_back(leaf_hash(one));
  }
  std::string hashes;
  std::string proofs;
  std::size_t cases = 0;
  for (std::size_t end = 0; end <= 130; ++end) {
    for (std::size_t start = 0; start <= end; ++start) {
      if (start != end && start % std::bit_ceil(end - start) != 0) {
        continue;
      }
      const std::string range = "[" + std::to_string(start) + ", " + std::to_string(end) + ")";
      const Hash32 root = range_root(leaves, start, end);
      hashes += range + " " + crypto::hex_encode(root) + "\n";
      for (std::size_t index = start; index < end; ++index) {
        InclusionPathBuilder builder(index - start, end - start);
        for (std::size_t i = start; i < end; ++i) {
          builder.push(i - start, leaves[i]);
        }
        proofs += std::to_string(index) + " " + range;
        const std::vector<Hash32> path = builder.path();
        for (const Hash32& node : path) {
          proofs += " " + crypto::hex_encode(node);
        }
        proofs += "\n";
        ASSERT_TRUE(verify_inclusion(index - start, end - start, leaves[index], path, root));
        ++cases;
      }
      ++cases;
    }
  }
  const json::value wanted = document("rfc6962/accumulated_130.json");
  EXPECT_EQ(crypto::hex_encode(crypto::sha256(as_bytes(hashes))),
            str(wanted.at("cases").at(0).at("sha256")));
  EXPECT_EQ(crypto::hex_encode(crypto::sha256(as_bytes(proofs))),
            str(wanted.at("cases").at(1).at("sha256")));
  count("rfc6962/accumulated_130", cases);
}

TEST_F(Vectors, NoteOpen) {
  const auto cases = lines("signed-note/open.jsonl");
  for (const json::object& c : cases) {
    const std::string name = str(c.at("name"));
    std::vector<NoteKey> keys;
    for (const json::value& vkey : c.at("vkeys").as_array()) {
      keys.push_back(parse_verifier_key(str(vkey)).value());
    }
    const std::string note =
        c.contains("note_b64") ? std::string(as_text(*crypto::base64_decode(str(c.at("note_b64")))))
                               : str(c.at("note"));
    const auto opened = open_note(note, keys);
    EXPECT_EQ(opened.has_value() ? "ok" : opened.error().detail_code, str(c.at("want"))) << name;
    if (opened.has_value() && c.contains("verified")) {
      EXPECT_EQ(opened->verified, json::value_to<std::vector<std::string>>(c.at("verified")))
          << name;
      EXPECT_EQ(opened->unverified, json::value_to<std::vector<std::string>>(c.at("unverified")))
          << name;
    }
  }
  count("signed-note/open", cases.size());
}

crypto::Ed25519Signer published_signer(const std::string& skey) {
  std::size_t at = 0;  // PRIVATE+KEY+name+hash+base64, and base64 may hold a plus too
  for (int i = 0; i < 4; ++i) {
    at = skey.find('+', at) + 1;
  }
  const Bytes blob = *crypto::base64_decode(skey.substr(at));
  return crypto::Ed25519Signer(SecretBytes(ByteView(blob).subspan(1, 32)));
}

TEST_F(Vectors, NoteSign) {
  const json::value c = document("signed-note/sign.json");
  const crypto::Ed25519Signer signer = published_signer(str(c.at("PUBLIC_TEST_skey")));
  const std::string vkey = str(c.at("vkey"));
  const std::string name = vkey.substr(0, vkey.find('+'));
  EXPECT_EQ(format_verifier_key(make_note_key(name, signer.public_key())), vkey);
  EXPECT_EQ(sign_note(str(c.at("text")), name, signer).value(), str(c.at("signed")));
  std::size_t cases = 2;
  for (const json::value& bad : c.at("bad").as_array()) {
    EXPECT_TRUE(sign_note(str(bad.at("text")), name, signer).has_error());
    ++cases;
  }
  count("signed-note/sign", cases);
}

TEST_F(Vectors, VerifierKeys) {
  const json::value document_ = document("signed-note/vkeys.json");
  std::size_t cases = 0;
  for (const json::value& c : document_.at("cases").as_array()) {
    EXPECT_EQ(parse_verifier_key(str(c.at("vkey"))).has_value(), c.at("ok").as_bool())
        << str(c.at("vkey"));
    ++cases;
  }
  const std::string first = str(document_.at("cases").at(0).at("vkey"));
  for (std::size_t begin = 0; begin < first.size(); ++begin) {
    for (std::size_t size = 0; begin + size <= first.size(); ++size) {
      if (size != first.size()) {
        EXPECT_TRUE(parse_verifier_key(first.substr(begin, size)).has_error());
        ++cases;
      }
    }
    std::string changed = first;
    ++changed[begin];
    EXPECT_TRUE(parse_verifier_key(changed).has_error()) << changed;
    ++cases;
  }
  count("signed-note/vkeys", cases);
}

TEST_F(Vectors, CheckpointBodies) {
  const json::value document_ = document("signed-note/checkpoint_body.json");
  std::size_t cases = 0;
  std::size_t short_roots = 0;
  for (const json::value& c : document_.at("cases").as_array()) {
    const std::string body = str(c.at("body"));
    const auto parsed = parse_checkpoint(body);
    ++cases;
    if (c.at("wantErr").as_bool()) {
      EXPECT_TRUE(parsed.has_error()) << str(c.at("desc"));
      continue;
    }
    // Some of these have a root that is not 32 bytes long; this parser is strict and refuses them.
    const std::size_t begin = body.find('\n', body.find('\n') + 1) + 1;
    const auto root = crypto::base64_decode(body.substr(begin, body.find('\n', begin) - begin));
    if (!root || root->size() != 32) {
      EXPECT_TRUE(parsed.has_error()) << str(c.at("desc"));
      ++short_roots;
      continue;
    }
    ASSERT_TRUE(parsed.has_value()) << str(c.at("desc"));
    EXPECT_EQ(parsed->origin, str(c.at("origin")));
    EXPECT_EQ(parsed->size, c.at("size").to_number<std::uint64_t>());
    if (const json::value* of = c.as_object().if_contains("root_is_leaf_hash_of")) {
      EXPECT_EQ(parsed->root, leaf_hash(as_bytes(str(*of))));
    }
  }
  count("signed-note/checkpoint_body", cases);
  count("  of these valid there, refused here for a root that is not 32 bytes", short_roots);
}

TEST_F(Vectors, TesseraLog) {
  // Trees of others: the entries of one bundle, and the checkpoint that was signed over them.
  const json::value key = document("tlog-tiles/tessera-log/KEY.json");
  std::size_t cases = 0;
  for (int size = 0; size <= 8; ++size) {
    const std::string signed_text =
        text("tlog-tiles/tessera-log/checkpoint." + std::to_string(size));
    if (signed_text.empty()) {
      continue;
    }
    std::optional<NoteKey> vkey;
    for (const auto& member : key.as_object()) {
      if (member.value().is_string()) {
        if (auto parsed = parse_verifier_key(str(member.value())); parsed.has_value()) {
          vkey = *parsed;
        }
      }
    }
    ASSERT_TRUE(vkey.has_value());
    const auto note = open_note(signed_text, std::array{*vkey});
    ASSERT_TRUE(note.has_value()) << note.error().message;
    const auto checkpoint = parse_checkpoint(note->text);
    ASSERT_TRUE(checkpoint.has_value());
    ASSERT_EQ(checkpoint->size, static_cast<std::uint64_t>(size));
    Frontier frontier;
    const std::string entries =
        size == 0 ? "" : text("tlog-tiles/tessera-log/tile/entries/000.p/" + std::to_string(size));
    for (std::size_t at = 0; at + 2 <= entries.size();) {
      const auto length = static_cast<std::size_t>(
          load_be<2>(as_bytes(std::string_view(entries).substr(at)).data()));
      frontier.push(leaf_hash(as_bytes(std::string_view(entries).substr(at + 2, length))));
      at += 2 + length;
    }
    EXPECT_EQ(frontier.size(), checkpoint->size);
    EXPECT_EQ(frontier.root(), checkpoint->root);
    ++cases;
  }
  count("tlog-tiles/tessera-log checkpoints", cases);
}

}  // namespace
}  // namespace fieldgate::audit
