// Pseudonyms: what an app sees in place of the master id (GDPR 4(5), EDPB Guidelines 01/2025).
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>

#include <memory>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

/// Makes and reverses the pseudonyms of one (app, purpose, key version): AES-256-SIV (RFC 5297) of
/// the master id, written "psn1_" and base64url. Deterministic; a forgery is refused. The key is
/// derived from the tenant's `psn` key with the app's and the purpose's names, so the pseudonyms
/// of two apps or purposes share nothing. Thread-safe: cipher contexts are kept per thread.
class PseudonymDomain {
 public:
  PseudonymDomain(const SecretBytes& psn_key, KeyVersion version, std::string_view app,
                  std::string_view purpose);
  ~PseudonymDomain();
  PseudonymDomain(const PseudonymDomain&) = delete;
  PseudonymDomain& operator=(const PseudonymDomain&) = delete;
  PseudonymDomain(PseudonymDomain&&) noexcept;
  PseudonymDomain& operator=(PseudonymDomain&&) noexcept;

  [[nodiscard]] std::string encode(const SubjectId& subject) const;
  /// `kInvalid` when the text is no pseudonym at all, `kNotFound` when it is well-formed and was
  /// not made by this domain (docs/api.md: 400 and 404).
  [[nodiscard]] Result<SubjectId> decode(std::string_view pseudonym) const;
  /// A keyed pseudonym of one field's value (policy transform `pseudonymise`): "pv1_" and base64url
  /// of 20 bytes of keyed BLAKE2b.
  [[nodiscard]] std::string of_value(std::string_view value) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fieldgate::crypto
