#include "gateway/policies/bundle.h"

#include "gateway/http/utf8.h"
#include "gateway/policies/bundle_text.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <utility>

namespace fieldgate::policies {

namespace {

// Each purpose of a signature begins its message in its own way, so that none passes for another.
constexpr std::string_view kAuthorContext = "fieldgate policy bundle v1, author\n";
constexpr std::string_view kApprovalContext = "fieldgate policy bundle v1, approval\n";

std::string author_message(const Bundle& bundle) {
  return std::string(kAuthorContext) + manifest_text(bundle);
}

// Covers the author's signature too: an approval belongs to one bundle.
std::string approval_message(const Bundle& bundle, const Approval& approval) {
  return std::string(kApprovalContext) + approver_text(approval) + '\n' +
         crypto::base64_encode(bundle.author.signature) + '\n' + manifest_text(bundle);
}

Error refused(std::string message) {
  return make_error(ErrorCode::kForbidden, std::move(message));
}

Result<void> check_two_people(const Signature& author, const Signature& approver) {
  if (author.name == approver.name) {
    return refused("the author and the approver are both `" + excerpt(author.name) +
                   "`; somebody else must approve");
  }
  if (author.key == approver.key) {
    return refused(
        "the author's key and the approver's are the same; each signs with a key of "
        "their own");
  }
  return ok();
}

Result<void> check_trusted(const Signature& person, const std::vector<Signer>& signers,
                           bool Signer::* part, const std::string& word) {
  const auto known = std::find_if(signers.begin(), signers.end(),
                                  [&](const Signer& each) { return each.key == person.key; });
  if (known == signers.end()) {
    return refused("the key of the " + word + " `" + excerpt(person.name) +
                   "` is not among `policy_signers`");
  }
  if (known->name != person.name) {
    return refused("the key of the " + word + " `" + excerpt(person.name) + "` belongs to `" +
                   known->name + "` in `policy_signers`");
  }
  if (!((*known).*part)) {
    return refused('`' + known->name + "` may not act as " + word + " by `policy_signers`");
  }
  return ok();
}

}  // namespace

std::string Bundle::id() const {
  return crypto::hex_encode(crypto::sha256(as_bytes(author_message(*this))));
}

Result<void> check_person_name(std::string_view name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (name.empty() || name.size() > kMaxPersonNameBytes || control || name.front() == ' ' ||
      name.back() == ' ' || !http::is_utf8(name)) {
    return make_error(ErrorCode::kInvalid,
                      "a person's name has 1 to " + std::to_string(kMaxPersonNameBytes) +
                          " bytes of UTF-8, no control characters and no spaces at its ends");
  }
  return ok();
}

Result<Bundle> sign_bundle(const Content& content, std::uint64_t sequence, UtcTime made,
                           std::string author, const crypto::Ed25519Signer& key) {
  FIELDGATE_CHECK_OK(check_person_name(author));
  if (sequence == 0 || sequence > kMaxSequence) {
    return make_error(ErrorCode::kInvalid,
                      "the sequence must be from 1 to " + std::to_string(kMaxSequence));
  }
  Bundle bundle;
  bundle.files = content.files;
  bundle.version = content.policy->version();
  bundle.sequence = sequence;
  bundle.made = std::chrono::floor<std::chrono::seconds>(made);
  bundle.author.name = std::move(author);
  bundle.author.key = key.public_key();
  bundle.author.signature = key.sign(as_bytes(author_message(bundle)));
  return bundle;
}

Result<void> approve_bundle(Bundle& bundle, UtcTime at, std::string approver,
                            const crypto::Ed25519Signer& key) {
  FIELDGATE_CHECK_OK(check_person_name(approver));
  Approval approval;
  approval.by.name = std::move(approver);
  approval.by.key = key.public_key();
  approval.at = std::chrono::floor<std::chrono::seconds>(at);
  FIELDGATE_CHECK_OK(check_two_people(bundle.author, approval.by));
  approval.by.signature = key.sign(as_bytes(approval_message(bundle, approval)));
  bundle.approval = std::move(approval);
  return ok();
}

Result<void> verify_signatures(const Bundle& bundle) {
  if (!crypto::verify_ed25519(bundle.author.key, as_bytes(author_message(bundle)),
                              bundle.author.signature)) {
    return refused("the signature of the author `" + excerpt(bundle.author.name) +
                   "` does not fit the bundle");
  }
  if (!bundle.approval) {
    return ok();
  }
  const Approval& approval = *bundle.approval;
  FIELDGATE_CHECK_OK(check_two_people(bundle.author, approval.by));
  if (!crypto::verify_ed25519(approval.by.key, as_bytes(approval_message(bundle, approval)),
                              approval.by.signature)) {
    return refused("the approval of `" + excerpt(approval.by.name) + "` does not fit the bundle");
  }
  return ok();
}

Result<void> verify_bundle(const Bundle& bundle, const std::vector<Signer>& signers) {
  FIELDGATE_CHECK_OK(verify_signatures(bundle));
  FIELDGATE_CHECK_OK(check_trusted(bundle.author, signers, &Signer::author, "author"));
  if (!bundle.approval) {
    return refused("nobody has approved the bundle; somebody other than `" +
                   excerpt(bundle.author.name) + "` must run `fieldgate policy approve` on it");
  }
  return check_trusted(bundle.approval->by, signers, &Signer::approver, "approver");
}

}  // namespace fieldgate::policies
