#include "audit/merkle/note.h"

#include "audit/format/utf8.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace fieldgate::audit {

namespace {

constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // em dash, space
constexpr Byte kEd25519 = 0x01;
constexpr std::size_t kHashBytes = 4;
constexpr std::size_t kSignatureBytes = std::tuple_size_v<crypto::Ed25519Signature>;

Error note_error(std::string_view what, std::string detail) {
  return make_error(ErrorCode::kInvalid, "the signed note is not valid: " + std::string(what),
                    std::move(detail));
}

Error malformed(std::string_view what) {
  return note_error(what, "malformed");
}

// A note is UTF-8 text whose only control character is the newline.
bool valid_note_text(std::string_view text) {
  const bool no_control = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<Byte>(c);
    return byte >= 0x20 || c == '\n';
  });
  return no_control && is_utf8(text);
}

struct SignatureLine {
  std::string_view name;
  std::uint32_t hash;
  Bytes signature;
};

std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) {
    return std::nullopt;
  }
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !valid_key_name(line.substr(0, space))) {
    return std::nullopt;
  }
  std::optional<Bytes> blob = crypto::base64_decode(line.substr(space + 1));
  if (!blob || blob->size() <= kHashBytes) {
    return std::nullopt;
  }
  SignatureLine out{
      line.substr(0, space), static_cast<std::uint32_t>(load_be<kHashBytes>(blob->data())), {}};
  out.signature.assign(blob->begin() + kHashBytes, blob->end());
  return out;
}

}  // namespace

bool valid_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxKeyNameBytes && is_utf8(name) &&
         name.find('+') == std::string_view::npos && !has_space_or_control(name);
}

NoteKey make_note_key(std::string name, const crypto::Ed25519PublicKey& key) {
  const std::array<Byte, 2> separator{'\n', kEd25519};
  const Hash32 digest = crypto::sha256({as_bytes(name), ByteView(separator), ByteView(key)});
  const auto hash = static_cast<std::uint32_t>(load_be<kHashBytes>(digest.data()));
  return NoteKey{std::move(name), hash, key};
}

std::string format_verifier_key(const NoteKey& key) {
  std::array<Byte, kHashBytes> hash{};
  store_be<kHashBytes>(hash.data(), key.hash);
  Bytes blob{kEd25519};
  blob.insert(blob.end(), key.key.begin(), key.key.end());
  return key.name + "+" + crypto::hex_encode(hash) + "+" + crypto::base64_encode(blob);
}

Result<NoteKey> parse_verifier_key(std::string_view text) {
  Error refused =
      make_error(ErrorCode::kInvalid, "this is not a signed-note verifier key", "verifier-key");
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos) {
    return refused;
  }
  const std::size_t second = text.find('+', first + 1);
  if (second == std::string_view::npos || !valid_key_name(text.substr(0, first))) {
    return refused;
  }
  const std::optional<Bytes> blob = crypto::base64_decode(text.substr(second + 1));
  NoteKey key;
  if (!blob || blob->size() != 1 + key.key.size() || blob->front() != kEd25519) {
    return refused;
  }
  std::copy(blob->begin() + 1, blob->end(), key.key.begin());
  key = make_note_key(std::string(text.substr(0, first)), key.key);
  // Writing it again compares the hash and refuses every other spelling at once.
  if (format_verifier_key(key) != text) {
    return refused;
  }
  return key;
}

Result<std::string> sign_note(std::string_view text, const std::string& name,
                              const crypto::Ed25519Signer& signer) {
  if (text.empty() || text.back() != '\n' || !valid_note_text(text) || !valid_key_name(name)) {
    return malformed("it cannot hold this text or key name");
  }
  const NoteKey key = make_note_key(name, signer.public_key());
  const crypto::Ed25519Signature signature = signer.sign(as_bytes(text));
  Bytes blob;
  blob.reserve(kHashBytes + kSignatureBytes);
  append_be<kHashBytes>(blob, key.hash);
  blob.insert(blob.end(), signature.begin(), signature.end());
  std::string note(text);
  note += '\n';
  note += kSignaturePrefix;
  note += name;
  note += ' ';
  note += crypto::base64_encode(blob);
  note += '\n';
  return note;
}

Result<OpenedNote> open_note(std::string_view note, std::span<const NoteKey> keys) {
  if (note.size() > kMaxNoteBytes) {
    return malformed("it is too long");
  }
  if (!valid_note_text(note)) {
    return malformed("it holds a control character or is not UTF-8");
  }
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) {
    return malformed("it has no signature");
  }
  OpenedNote out;
  out.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty() || rest.back() != '\n') {
    return malformed("its last signature line is unfinished");
  }
  std::vector<const NoteKey*> seen;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == kMaxNoteSignatures) {
      return malformed("it has too many signatures");
    }
    const std::size_t end = rest.find('\n');
    const std::optional<SignatureLine> line = parse_signature_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (!line) {
      return malformed("a signature line cannot be read");
    }
    const NoteKey* known = nullptr;
    for (const NoteKey& key : keys) {
      if (key.hash == line->hash && key.name == line->name) {
        if (known != nullptr) {
          return note_error("two of the given keys have the same name and hash", "ambiguous_key");
        }
        known = &key;
      }
    }
    if (known == nullptr) {
      out.unverified.emplace_back(line->name);
      continue;
    }
    if (std::find(seen.begin(), seen.end(), known) != seen.end()) {
      continue;  // a second signature of the same key adds nothing
    }
    seen.push_back(known);
    crypto::Ed25519Signature signature;
    if (line->signature.size() != signature.size()) {
      return note_error("a signature of a known key has the wrong length", "invalid_signature");
    }
    std::copy(line->signature.begin(), line->signature.end(), signature.begin());
    if (!crypto::verify_ed25519(known->key, as_bytes(out.text), signature)) {
      return note_error("a signature of a known key does not fit the text", "invalid_signature");
    }
    out.verified.push_back(known->name);
  }
  if (out.verified.empty()) {
    return note_error("no known key has signed it", "no_verifiable_signature");
  }
  return out;
}

}  // namespace fieldgate::audit
