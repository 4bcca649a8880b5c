// C2SP signed notes (c2sp.org/signed-note) with Ed25519 keys.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>
#include <fieldgate/crypto/signature.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::audit {

/// Signature lines that one note may carry.
inline constexpr std::size_t kMaxNoteSignatures = 100;
inline constexpr std::size_t kMaxNoteBytes = 1024UL * 1024;
inline constexpr std::size_t kMaxKeyNameBytes = 255;

struct NoteKey {
  std::string name;
  std::uint32_t hash = 0;
  crypto::Ed25519PublicKey key{};
};

/// A key name: not empty, valid UTF-8, at most `kMaxKeyNameBytes`, without white space, control
/// characters and "+".
[[nodiscard]] bool valid_key_name(std::string_view name);
/// The key of that name; the hash is the first four bytes of SHA-256(name || "\n" || 0x01 || key).
[[nodiscard]] NoteKey make_note_key(std::string name, const crypto::Ed25519PublicKey& key);
/// "<name>+<8 hex>+<base64(0x01 || key)>".
[[nodiscard]] std::string format_verifier_key(const NoteKey& key);
/// `kInvalid` for anything that `format_verifier_key` would not have written.
[[nodiscard]] Result<NoteKey> parse_verifier_key(std::string_view text);

/// Signs a text that ends with a newline; `kInvalid` for a text that no note can hold.
[[nodiscard]] Result<std::string> sign_note(std::string_view text, const std::string& name,
                                            const crypto::Ed25519Signer& signer);

struct OpenedNote {
  std::string_view text;              ///< with its final newline; a view into the note
  std::vector<std::string> verified;  ///< names of the known keys that signed
  std::vector<std::string> unverified;
};

/// Opens a note that at least one of `keys` signed. The error's `detail_code` is `malformed`,
/// `invalid_signature`, `no_verifiable_signature` or `ambiguous_key`.
[[nodiscard]] Result<OpenedNote> open_note(std::string_view note, std::span<const NoteKey> keys);

}  // namespace fieldgate::audit
