#include "gateway/policies/candidate.h"

#include "gateway/durable_file.h"
#include "gateway/http/json.h"
#include "gateway/policies/bundle_text.h"

#include <boost/json/object.hpp>

#include <utility>

namespace fieldgate::policies {

namespace {

constexpr std::string_view kFolderStart = "{\"format\":\"fieldgate-policy-folder\",\"v\":1,\n";

Candidate of_folder(Content content) {
  Candidate made;
  made.origin.digest = content.digest;
  made.origin.version = content.policy->version();
  made.source = content.digest;
  made.document = std::string(kFolderStart) + "\"files\":" + files_text(content.files) + "}\n";
  made.content = std::move(content);
  return made;
}

Result<Candidate> of_bundle(std::string text, const std::string& name,
                            const std::vector<Signer>& signers, std::vector<Diagnostic>& findings) {
  FIELDGATE_TRY(Bundle bundle, read_bundle(text));
  FIELDGATE_CHECK_OK(verify_bundle(bundle, signers));
  Candidate made;
  made.source = bundle.id();
  FIELDGATE_TRY(made.content, load_content(std::move(bundle.files), name, findings));
  if (made.content.policy->version() != bundle.version) {
    return make_error(ErrorCode::kCorrupt,
                      "the bundle `" + name + "` names another version than its policy does");
  }
  made.origin = {made.content.digest, std::move(bundle.version), std::move(bundle.author.name),
                 std::move(bundle.approval->by.name), bundle.sequence};
  made.document = std::move(text);
  return made;
}

}  // namespace

Result<Candidate> read_configured(const config::Config& config, std::vector<Diagnostic>& findings) {
  if (!config.policy_bundle.empty()) {
    const std::string name = config.policy_bundle.string();
    auto text = read_whole(config.policy_bundle, kMaxBundleBytes);
    if (text.has_error()) {
      return make_error(ErrorCode::kInvalid, text.error().message);
    }
    auto read = of_bundle(std::move(*text), name, config.policy_signers, findings);
    if (read.has_error()) {
      Error error = read.error();
      error.message = '`' + name + "`: " + error.message;
      return error;
    }
    return read;
  }
  if (config.production) {
    return make_error(ErrorCode::kInvalid,
                      "in production a policy comes as a bundle that somebody has approved: give "
                      "`policy_bundle` in place of `policy_directory`");
  }
  FIELDGATE_TRY(Content content, read_directory(config.policy_directory, findings));
  return of_folder(std::move(content));
}

Result<Candidate> read_archived(const config::Config& config, const Archive& archive,
                                const std::string& digest, std::vector<Diagnostic>& findings) {
  const std::string name = "policy " + digest;
  FIELDGATE_TRY(std::string text, archive.read(digest));
  Result<Candidate> read = make_error(ErrorCode::kInternal, "nothing was read");
  if (!text.starts_with(kFolderStart)) {
    read = of_bundle(std::move(text), name, config.policy_signers, findings);
  } else if (!config.policy_bundle.empty() || config.production) {
    read = make_error(ErrorCode::kForbidden,
                      "it came from a folder, and this deployment takes approved bundles alone");
  } else {
    FIELDGATE_TRY(auto parsed, http::parse_json(text));
    const auto* whole = parsed.if_object();
    FIELDGATE_TRY(Files files,
                  read_files(whole == nullptr ? nullptr : whole->if_contains("files")));
    FIELDGATE_TRY(Content content, load_content(std::move(files), name, findings));
    read = of_folder(std::move(content));
  }
  if (read.has_error()) {
    return make_error(read.error().code, "policy " + digest + " of the archive cannot be used: " +
                                             read.error().message);
  }
  if (read->content.digest != digest) {
    return make_error(ErrorCode::kCorrupt, "policy " + digest + " of the archive is damaged");
  }
  return read;
}

}  // namespace fieldgate::policies
