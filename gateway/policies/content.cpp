#include "gateway/policies/content.h"

#include "gateway/durable_file.h"
#include "gateway/http/utf8.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace fieldgate::policies {

namespace {

/// How often a folder that changes while it is read is read again.
constexpr int kMaxReadings = 10;

Error broken(const std::string& name, const std::vector<Diagnostic>& findings) {
  std::string message = "the policy in `" + name + "` has errors";
  for (const Diagnostic& finding : findings) {
    if (finding.severity == Severity::kError) {
      message += ", first " + finding.where.file + ':' + std::to_string(finding.where.line) + ':' +
                 std::to_string(finding.where.column) + " [" + finding.code + ']';
      break;
    }
  }
  return make_error(ErrorCode::kInvalid, message + "; run `fieldgate policy check` on it");
}

bool is_policy_file(std::string_view name) {
  return name.find('/') == std::string_view::npos && !name.starts_with('.') &&
         name.ends_with(".yaml");
}

// No way out of the folder, no name that a terminal or another system would read otherwise.
bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxFileNameBytes || !http::is_utf8(name) ||
      std::any_of(name.begin(), name.end(), [](char c) {
        return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    return false;
  }
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    start = end + 1;
  }
  return true;
}

std::set<std::string> notices_of(const policy::PolicySet& policy) {
  std::set<std::string> names;
  for (const policy::ConsentText& text : policy.consent_texts()) {
    for (const policy::ConsentTextVersion& version : text.versions) {
      for (const auto& [language, file] : version.files) {
        names.insert(file);
      }
    }
  }
  return names;
}

Result<void> check_files(const Files& files) {
  if (files.size() > kMaxContentFiles) {
    return make_error(ErrorCode::kTooLarge,
                      "a policy has at most " + std::to_string(kMaxContentFiles) + " files");
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const policy::PolicyFile& file = files[i];
    if (!is_plain_name(file.name)) {
      return make_error(ErrorCode::kInvalid, '`' + excerpt(file.name) +
                                                 "` is no name of a file below the policy's "
                                                 "folder");
    }
    if (i > 0 && files[i - 1].name >= file.name) {
      return make_error(ErrorCode::kInvalid,
                        "the file `" + excerpt(file.name) + "` stands twice, or out of order");
    }
    if (!http::is_utf8(file.text) || file.text.find('\0') != std::string::npos) {
      return make_error(ErrorCode::kInvalid,
                        "the file `" + excerpt(file.name) + "` is not text in UTF-8");
    }
    bytes += file.name.size() + file.text.size();
  }
  if (bytes > kMaxContentBytes) {
    return make_error(ErrorCode::kTooLarge, "the files of a policy have at most " +
                                                std::to_string(kMaxContentBytes) + " bytes");
  }
  return ok();
}

// The notices that a policy's files name; asked for once while the files stay the same.
struct Named {
  Files by;
  std::set<std::string> notices;
};

// One reading of the folder; what is wrong with the policy itself is left to `load_content`.
Result<Files> read_once(const std::filesystem::path& directory, Named& named,
                        std::vector<Diagnostic>& findings) {
  Files files = policy::read_policy_files(directory, findings);
  if (has_errors(findings)) {
    return broken(directory.string(), findings);
  }
  if (files != named.by) {
    const policy::LoadResult loaded = policy::load_policy(files);
    named = {files,
             loaded.policy == nullptr ? std::set<std::string>() : notices_of(*loaded.policy)};
  }
  for (const std::string& name : named.notices) {
    if (!is_policy_file(name)) {
      auto text = read_whole(directory / name, kMaxContentBytes);
      if (text.has_error()) {
        return make_error(
            ErrorCode::kInvalid,
            text.error().message + "; every text that the policy names must lie beside it");
      }
      files.push_back({name, std::move(*text)});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

}  // namespace

const std::string* Content::text(std::string_view name) const {
  const auto found = std::lower_bound(
      files.begin(), files.end(), name,
      [](const auto& file, std::string_view wanted) { return file.name < wanted; });
  return found != files.end() && found->name == name ? &found->text : nullptr;
}

std::string digest_of(const Files& files) {
  std::string bytes;
  for (const policy::PolicyFile& file : files) {
    bytes += std::to_string(file.name.size()) + ':' + file.name;
    bytes += std::to_string(file.text.size()) + ':' + file.text;
  }
  return crypto::hex_encode(crypto::sha256(as_bytes(bytes)));
}

Result<Content> load_content(Files files, const std::string& name,
                             std::vector<Diagnostic>& findings) {
  FIELDGATE_CHECK_OK(check_files(files));
  Files policy_files;
  std::copy_if(files.begin(), files.end(), std::back_inserter(policy_files),
               [](const auto& file) { return is_policy_file(file.name); });
  policy::LoadResult loaded = policy::load_policy(policy_files);
  findings.insert(findings.end(), loaded.findings.begin(), loaded.findings.end());
  if (loaded.policy == nullptr) {
    return broken(name, loaded.findings);
  }
  // A broken never-rule, or a third country without a safeguard, is an error like any other.
  const std::vector<Diagnostic> judged = policy::lint_policy(*loaded.policy, {});
  findings.insert(findings.end(), judged.begin(), judged.end());
  if (has_errors(judged)) {
    return broken(name, judged);
  }
  Content content{std::move(files), std::move(loaded.policy), {}};
  const std::set<std::string> notices = notices_of(*content.policy);
  for (const std::string& notice : notices) {
    const std::string* text = content.text(notice);
    if (text == nullptr || text->empty()) {
      return make_error(ErrorCode::kInvalid, "the notice `" + excerpt(notice) + "` of `" + name +
                                                 "` is missing or empty; every text that the "
                                                 "policy names must lie beside it");
    }
  }
  for (const policy::PolicyFile& file : content.files) {
    if (!is_policy_file(file.name) && !notices.contains(file.name)) {
      return make_error(ErrorCode::kInvalid, "the file `" + excerpt(file.name) + "` of `" + name +
                                                 "` belongs to no policy: nothing names it");
    }
  }
  content.digest = digest_of(content.files);
  return content;
}

Result<Content> read_directory(const std::filesystem::path& directory,
                               std::vector<Diagnostic>& findings) {
  Named named;
  std::vector<Diagnostic> found;
  auto files = read_once(directory, named, found);
  for (int reading = 1;; ++reading) {
    std::vector<Diagnostic> again;
    auto second = read_once(directory, named, again);
    if (files.has_value() == second.has_value() && (files.has_error() || *files == *second)) {
      break;
    }
    if (reading == kMaxReadings) {
      return make_error(ErrorCode::kUnavailable,
                        "the policy in `" + directory.string() +
                            "` keeps changing while it is read; send SIGHUP once it is whole");
    }
    files = std::move(second);
    found = std::move(again);
  }
  findings.insert(findings.end(), found.begin(), found.end());
  if (files.has_error()) {
    return files.error();
  }
  return load_content(std::move(*files), directory.string(), findings);
}

}  // namespace fieldgate::policies
