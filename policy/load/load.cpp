#include "policy/load/draft.h"
#include "policy/load/load_draft.h"

#include <fieldgate/policy/load.h>
#include <fieldgate/policy/yaml.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <tuple>

namespace fieldgate::policy {

namespace {

void read_version(Draft& draft) {
  const NodeRef& version = draft.sections.version;
  if (!version) {
    draft.read.error({0, 1, 1}, "missing-key", "the policy has no `policy` version",
                     "add a line such as policy: \"2026-11\"");
    return;
  }
  draft.policy.version_ = draft.read.read_text(version, "`policy`").value_or("");
  constexpr std::size_t kMaxVersionBytes = kMaxNameBytes;
  if (draft.policy.version_.size() > kMaxVersionBytes) {
    draft.read.error(version.place(), "bad-name", "the policy's version is too long");
  }
}

// Without `minors` nobody's age is known, so that no consent purpose can ever be read.
void warn_without_minors(Draft& draft) {
  if (draft.policy.minors_.present || draft.sections.minors) {
    return;
  }
  for (const PurposeRules& rules : draft.policy.purpose_rules_) {
    if (rules.needs_consent) {
      draft.read.warning(rules.basis_where, "minors-missing",
                         "the policy rests on consent and does not say whose age is known; every "
                         "such read of a person of unknown age is refused",
                         "add `minors` with `age_from`", "GDPR 8");
      return;
    }
  }
}

void sort_findings(std::vector<Diagnostic>& findings) {
  std::sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.where.file, a.where.line, a.where.column, a.code, a.message) <
           std::tie(b.where.file, b.where.line, b.where.column, b.code, b.message);
  });
}

DraftPolicy load_sorted(const std::vector<PolicyFile>& files) {
  DraftPolicy result;
  auto policy = std::make_shared<CompiledPolicy>();
  std::vector<YamlDocument> documents;
  documents.reserve(files.size());
  for (const PolicyFile& file : files) {
    policy->files_.push_back(file.name);
    documents.push_back(parse_yaml(file.text, file.name));
    result.findings.insert(result.findings.end(), documents.back().findings.begin(),
                           documents.back().findings.end());
  }
  const auto duplicates_only = [](const Diagnostic& finding) {
    return finding.code == "duplicate-key";
  };
  // A file that cannot be parsed leaves nothing that could be judged; a repeated key does.
  if (!std::all_of(result.findings.begin(), result.findings.end(), duplicates_only)) {
    sort_findings(result.findings);
    return result;
  }
  NodeReader read(policy->files_, result.findings);
  Draft draft{*policy, read, {}, {}, {}, {}};
  std::vector<NodeRef> roots;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    roots.push_back({&documents[i].node, static_cast<std::uint32_t>(i)});
  }
  merge_sections(draft, roots);
  register_names(draft);
  read_version(draft);
  read_controller(draft);
  read_fields(draft);
  read_recipients(draft);
  read_consent_texts(draft);
  read_moments(draft);
  read_purposes(draft);
  read_apps(draft);
  read_minors(draft);
  read_invariants(draft);
  warn_without_minors(draft);
  read_tests(draft);
  sort_findings(result.findings);
  policy->meant_ = read.meant();
  result.valid = !has_errors(result.findings);
  result.policy = std::move(policy);
  return result;
}

Diagnostic about_directory(const std::filesystem::path& path, std::string code, std::string message,
                           std::string suggestion) {
  return {{path.string(), 0, 0}, Severity::kError,      std::move(code),
          std::move(message),    std::move(suggestion), {}};
}

// True when the path, with links followed, still lies in the directory.
bool stays_inside(const std::filesystem::path& file, const std::filesystem::path& directory) {
  std::error_code status;
  const auto real_file = std::filesystem::canonical(file, status);
  if (status) {
    return false;
  }
  const auto real_directory = std::filesystem::canonical(directory, status);
  return !status && real_file.parent_path() == real_directory;
}

// `.yml`, `.YAML` and the like: somebody meant it to be read.
bool looks_like_policy(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return ending == ".yaml" || ending == ".yml";
}

// Hidden files are editors' and systems' own, whatever they end in.
std::vector<std::filesystem::path> policy_paths(const std::filesystem::path& directory,
                                                std::vector<Diagnostic>& findings,
                                                std::error_code& status) {
  std::vector<std::filesystem::path> paths;
  std::filesystem::directory_iterator at(directory, status);
  const std::filesystem::directory_iterator end;
  while (!status && at != end) {
    const std::filesystem::path& path = at->path();
    if (path.filename().string().starts_with('.')) {
      // not ours
    } else if (path.extension() == ".yaml") {
      paths.push_back(path);
    } else if (looks_like_policy(path)) {
      findings.push_back(about_directory(path, "not-read",
                                         "the file is not read: only names that end in .yaml are",
                                         "rename it to `" + path.stem().string() + ".yaml`"));
    }
    at.increment(status);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

LoadResult load_policy(const std::vector<PolicyFile>& files) {
  DraftPolicy draft = load_draft(files);
  return {draft.valid ? std::move(draft.policy) : nullptr, std::move(draft.findings)};
}

LoadResult load_policy_directory(const std::filesystem::path& directory) {
  DraftPolicy draft = load_draft_directory(directory);
  return {draft.valid ? std::move(draft.policy) : nullptr, std::move(draft.findings)};
}

DraftPolicy load_draft(const std::vector<PolicyFile>& files) {
  DraftPolicy result;
  if (files.empty()) {
    result.findings.push_back(
        {{}, Severity::kError, "no-policy", "there is no policy file", {}, {}});
    return result;
  }
  std::vector<PolicyFile> sorted = files;
  std::sort(sorted.begin(), sorted.end(),
            [](const PolicyFile& a, const PolicyFile& b) { return a.name < b.name; });
  try {
    return load_sorted(sorted);
  } catch (const std::exception&) {
    // Memory is the one thing that can run out here; a policy that cannot be held is no policy.
    result.findings.push_back({{sorted.front().name, 0, 0},
                               Severity::kError,
                               "cannot-load",
                               "the policy could not be loaded",
                               {},
                               {}});
    return result;
  }
}

std::vector<PolicyFile> read_policy_files(const std::filesystem::path& directory,
                                          std::vector<Diagnostic>& findings) {
  std::error_code status;
  const auto paths = policy_paths(directory, findings, status);
  if (status) {
    findings.push_back(
        about_directory(directory, "cannot-read", "the policy directory cannot be read", {}));
    return {};
  }
  if (paths.empty() && findings.empty()) {
    findings.push_back(about_directory(directory, "no-policy", "the directory has no policy file",
                                       "add a file whose name ends in .yaml"));
    return {};
  }
  if (paths.size() > kMaxPolicyFiles) {
    findings.push_back(
        about_directory(directory, "too-many", "the directory has too many policy files", {}));
    return {};
  }
  std::vector<PolicyFile> files;
  for (const auto& path : paths) {
    if (!stays_inside(path, directory) || !std::filesystem::is_regular_file(path, status)) {
      findings.push_back(about_directory(path, "cannot-read",
                                         "the file is no regular file of the policy directory",
                                         "put the file itself there, not a link"));
      continue;
    }
    std::ifstream stream(path, std::ios::binary);
    std::string text;
    const std::uintmax_t size = std::filesystem::file_size(path, status);
    // One more than the reader takes, so that it says so.
    text.resize(std::min<std::uintmax_t>(status ? 0 : size, kMaxYamlBytes) + 1);
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (!stream.eof() && stream.fail()) {
      findings.push_back(about_directory(path, "cannot-read", "the file cannot be read", {}));
      continue;
    }
    files.push_back({path.filename().string(), std::move(text)});
  }
  return files;
}

DraftPolicy load_draft_directory(const std::filesystem::path& directory) {
  DraftPolicy result;
  const std::vector<PolicyFile> files = read_policy_files(directory, result.findings);
  return result.findings.empty() ? load_draft(files) : result;
}

}  // namespace fieldgate::policy
