#include "policy/load/load_draft.h"
#include "policy/model/compiled_policy.h"
#include "policy/review/third_countries.h"

#include <fieldgate/policy/invariants.h>
#include <fieldgate/policy/load.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace fieldgate::policy {

namespace {

class Linter {
 public:
  Linter(const CompiledPolicy& policy, const std::filesystem::path& directory)
      : policy_(policy), directory_(directory) {}

  std::vector<Diagnostic> run() {
    for (std::size_t i = 0; i < policy_.purposes_.size(); ++i) {
      lint_purpose(policy_.purposes_[i], policy_.purpose_rules_[i]);
    }
    lint_use();
    lint_bases();
    lint_recipients();
    lint_texts();
    lint_unused();
    lint_terms();
    lint_invariants();
    std::sort(findings_.begin(), findings_.end(), [](const auto& a, const auto& b) {
      return std::tie(a.where.file, a.where.line, a.where.column, a.code, a.message) <
             std::tie(b.where.file, b.where.line, b.where.column, b.code, b.message);
    });
    return std::move(findings_);
  }

 private:
  void add(Severity severity, SourcePosition where, std::string code, std::string message,
           std::string suggestion, std::string because) {
    findings_.push_back({std::move(where), severity, std::move(code), std::move(message),
                         std::move(suggestion), std::move(because)});
  }
  void warn(SourcePosition where, std::string code, std::string message, std::string suggestion,
            std::string because) {
    add(Severity::kWarning, std::move(where), std::move(code), std::move(message),
        std::move(suggestion), std::move(because));
  }
  void fail(SourcePosition where, std::string code, std::string message, std::string suggestion,
            std::string because) {
    add(Severity::kError, std::move(where), std::move(code), std::move(message),
        std::move(suggestion), std::move(because));
  }

  void lint_purpose(const Purpose& purpose, const PurposeRules& rules) {
    const SourcePosition where = purpose.where;
    if (!rules.says_what) {
      warn(where, "says-missing", "`" + purpose.name + "` does not say in plain words what it is",
           "add `says`", "GDPR 12(1), 13(1)(c)");
    }
    if (!rules.without_keep.empty() && !(rules.faulty && rules.says_keep)) {
      const bool none = rules.retention.empty() && !rules.keeps_until_withdrawn;
      std::string fields;
      rules.without_keep.for_each([&](FieldIndex field) {
        fields += (fields.empty() ? "`" : ", `") + policy_.fields_[field].name + "`";
      });
      warn(none ? where : policy_.position(rules.keep_where), "retention-missing",
           "`" + purpose.name + "` does not say how long it keeps " + fields, "add `keep`",
           "GDPR 5(1)(e)");
    }
    if (rules.keeps_until_withdrawn && !rules.needs_consent && rules.basis_known) {
      warn(policy_.position(rules.keep_where), "keep-without-consent",
           "`until-withdrawn` has no end where nothing can be withdrawn", "name a duration",
           "GDPR 5(1)(e)");
    }
    if (purpose.basis == Basis::kLegitimateInterest && !rules.says_balancing_test) {
      warn(policy_.position(rules.basis_where), "balancing-test-missing",
           "`" + purpose.name + "` rests on a legitimate interest and names no balancing test",
           "add `balancing_test` with its reference", "GDPR 6(1)(f)");
    }
    if (!rules.compatible_with.empty() && rules.compatibility_test.empty()) {
      warn(policy_.position(rules.compatible_with.front().second), "compatibility-test-missing",
           "the compatibility of `" + purpose.name + "` rests on no recorded test",
           "write {purpose: …, test: …}", "GDPR 6(4)");
    }
    static const std::set<std::string> kMarketing{
        "dpv:DirectMarketing",         "dpv:Marketing",           "dpv:Advertising",
        "dpv:PersonalisedAdvertising", "dpv:TargetedAdvertising", "dpv:SocialMediaMarketing"};
    if (kMarketing.contains(purpose.dpv_purpose) && !purpose.direct_marketing &&
        !(rules.faulty && rules.says_marketing)) {
      warn(where, "marketing-not-marked",
           "`" + purpose.name + "` is marketing by its term and is not marked `direct_marketing`",
           "add direct_marketing: true, or another term", "GDPR 21(2)-(3)");
    }
    for (const Transfer& transfer : rules.transfers) {
      if (needs_safeguard(transfer.country) && transfer.safeguard.empty()) {
        fail(policy_.position(transfer.where), "safeguard-missing",
             "the transfer to " + transfer.country + " names no safeguard", "add `safeguard`",
             "GDPR 44-46");
      }
    }
  }

  void lint_use() {
    FieldSet read;
    std::vector<bool> used(policy_.purposes_.size());
    for (std::size_t i = 0; i < policy_.apps_.size(); ++i) {
      for (const PurposeIndex purpose : policy_.apps_[i].purposes) {
        used[purpose] = true;
        lint_grant(i, purpose);
      }
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
      read = read | policy_.purpose_rules_[i].fields;
      if (!used[i] && !policy_.meant_.contains(policy_.purposes_[i].name)) {
        warn(policy_.purposes_[i].where, "unused-purpose",
             "no app has the purpose `" + policy_.purposes_[i].name + "`",
             "grant it to an app or remove it", "GDPR 5(1)(b)");
      }
    }
    for (std::size_t i = 0; i < policy_.fields_.size(); ++i) {
      const auto field = static_cast<FieldIndex>(i);
      if (policy_.fields_known_ && !read.test(field) && field != policy_.birth_date_field_ &&
          field != policy_.country_field_ && !policy_.meant_.contains(policy_.fields_[i].name)) {
        warn(policy_.fields_[i].where, "unread-field",
             "no purpose may read `" + policy_.fields_[i].name + "`",
             "do not collect what nobody needs", "GDPR 5(1)(c)");
      }
    }
  }

  // A grant that the recipient's contract or the purpose's recipients make void.
  void lint_grant(std::size_t app, PurposeIndex purpose) {
    const std::uint16_t recipient = policy_.apps_[app].recipient;
    if (recipient >= policy_.recipients_.size() ||
        policy_.meant_.contains(policy_.recipients_[recipient].name) ||
        policy_.meant_.contains(policy_.purposes_[purpose].name)) {
      return;
    }
    if (!policy_.may_receive(recipient, purpose)) {
      warn(policy_.position(policy_.app_rules_[app].purposes_where), "void-grant",
           "`" + policy_.apps_[app].name + "` has the purpose `" + policy_.purposes_[purpose].name +
               "`, and its recipient is not one for it",
           "name the recipient there, or take the purpose away", "GDPR 28(3)(a)");
    }
  }

  // Decision rule 21: no other basis behind a consent that may be withdrawn.
  void lint_bases() {
    for (std::size_t i = 0; i < policy_.purposes_.size(); ++i) {
      for (std::size_t j = 0; j < policy_.purposes_.size(); ++j) {
        const Purpose& a = policy_.purposes_[i];
        const Purpose& b = policy_.purposes_[j];
        if (policy_.purpose_rules_[i].basis_known && policy_.purpose_rules_[j].basis_known &&
            a.basis == Basis::kConsent && b.basis != Basis::kConsent && !a.dpv_purpose.empty() &&
            a.dpv_purpose == b.dpv_purpose &&
            !(policy_.purpose_rules_[i].fields & policy_.purpose_rules_[j].fields).empty()) {
          warn(b.where, "second-basis",
               "`" + b.name + "` does with the same data what `" + a.name +
                   "` asks consent for; a withdrawal would not end it",
               "keep one basis for one purpose", "GDPR 5(1)(a), EDPB Guidelines 05/2020");
        }
      }
    }
  }

  void lint_recipients() {
    for (std::size_t i = 0; i < policy_.recipients_.size(); ++i) {
      const Recipient& recipient = policy_.recipients_[i];
      if (needs_safeguard(recipient.country) && !policy_.recipient_rules_[i].says_safeguard) {
        fail(recipient.where, "safeguard-missing",
             "`" + recipient.name + "` is in " + recipient.country +
                 ", outside the EEA and without an adequacy decision, and names no safeguard",
             "add `safeguard`", "GDPR 44-46");
      }
    }
  }

  // Every version speaks the languages that its text speaks anywhere, and the newest one also those
  // of the other texts: people choose one language for all of them.
  void lint_texts() {
    std::set<std::string> everywhere;
    for (const ConsentText& text : policy_.texts_) {
      add_languages(text, everywhere);
    }
    for (const ConsentText& text : policy_.texts_) {
      std::set<std::string> needed;
      add_languages(text, needed);
      for (const ConsentTextVersion& version : text.versions) {
        const bool newest = &version == &text.versions.back();
        lint_languages(text, version, newest ? everywhere : needed);
        lint_files(text, version);
      }
    }
  }
  static void add_languages(const ConsentText& text, std::set<std::string>& languages) {
    for (const ConsentTextVersion& version : text.versions) {
      for (const auto& [language, path] : version.files) {
        languages.insert(language);
      }
    }
  }

  void lint_languages(const ConsentText& text, const ConsentTextVersion& version,
                      const std::set<std::string>& needed) {
    for (const std::string& language : needed) {
      const auto has = std::any_of(version.files.begin(), version.files.end(),
                                   [&](const auto& file) { return file.first == language; });
      // A version whose files could not be read at all is a finding of its own.
      if (!has && !version.files.empty()) {
        warn(version.where, "language-missing",
             "version `" + version.name + "` of `" + text.name + "` has no text in `" + language +
                 "`",
             "add the file", "GDPR 7(2)");
      }
    }
  }

  void lint_unused() {
    std::set<std::size_t> recipients;
    std::set<std::size_t> moments;
    std::set<std::size_t> texts;
    for (const App& app : policy_.apps_) {
      recipients.insert(app.recipient);
    }
    for (std::size_t i = 0; i < policy_.purposes_.size(); ++i) {
      const Purpose& purpose = policy_.purposes_[i];
      const PurposeRules& rules = policy_.purpose_rules_[i];
      recipients.insert(purpose.recipients.begin(), purpose.recipients.end());
      moments.insert(rules.moments.begin(), rules.moments.end());
      texts.insert(purpose.consent_text);
    }
    const auto report = [&](const std::string& kind, const auto& things, const auto& used,
                            const auto& where) {
      for (std::size_t i = 0; i < things.size(); ++i) {
        if (!used.contains(i) && !policy_.meant_.contains(things[i].name)) {
          warn(where(things[i]), "unused-" + kind,
               "nothing uses the " + kind + " `" + things[i].name + "`", "use it or remove it", "");
        }
      }
    };
    const auto own = [](const auto& thing) { return thing.where; };
    report("recipient", policy_.recipients_, recipients, own);
    report("text", policy_.texts_, texts, own);
    report("moment", policy_.moments_, moments,
           [&](const Moment& moment) { return policy_.position(moment.where); });
  }

  // The vocabularies have more measures than the table, so one that it lacks is not surely wrong.
  void lint_terms() {
    for (const TermUse& use : policy_.terms_) {
      const DpvTerm* known = find_dpv_term(use.term);
      if (known != nullptr && known->kind == use.kind) {
        continue;
      }
      const std::string near = nearest_dpv_term(use.term, use.kind);
      const std::string kind(term_kind_words(use.kind));
      add(use.kind == TermKind::kMeasure ? Severity::kWarning : Severity::kError,
          policy_.position(use.where), "unknown-term",
          '`' + excerpt(use.term) + "` is not " + kind + " of the W3C vocabulary DPV " +
              std::string(kDpvVersion),
          near.empty() ? "choose a term of https://w3id.org/dpv" : "did you mean `" + near + "`?",
          "W3C DPV");
    }
  }

  void lint_files(const ConsentText& text, const ConsentTextVersion& version) {
    if (directory_.empty()) {
      return;
    }
    for (const auto& [language, path] : version.files) {
      std::error_code status;
      if (!path.empty() && !std::filesystem::is_regular_file(directory_ / path, status)) {
        warn(version.where, "consent-text-file-missing",
             "the file `" + path + "` of consent text `" + text.name + "` is not there",
             "put it beside the policy", "GDPR 7(1)");
      }
    }
  }

  void lint_invariants() {
    for (const InvariantResult& result : check_invariants(policy_)) {
      if (result.broken_by) {
        fail(result.where, "invariant-broken",
             "`" + result.broken_by->app + "` may see `" + result.broken_by->field + "` for `" +
                 result.broken_by->purpose + "`, in line " +
                 std::to_string(result.broken_by->where.line),
             "change the purpose or the invariant", "GDPR 25(2)");
      }
    }
  }

  const CompiledPolicy& policy_;
  const std::filesystem::path& directory_;
  std::vector<Diagnostic> findings_;
};

}  // namespace

std::vector<Diagnostic> lint_policy(const PolicySet& policy,
                                    const std::filesystem::path& directory) {
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return {};
  }
  return Linter(*compiled, directory).run();
}

LoadResult check_policy_directory(const std::filesystem::path& directory) {
  DraftPolicy draft = load_draft_directory(directory);
  LoadResult result{nullptr, std::move(draft.findings)};
  if (draft.policy != nullptr) {
    std::vector<Diagnostic> more = Linter(*draft.policy, directory).run();
    result.findings.insert(result.findings.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
    std::stable_sort(
        result.findings.begin(), result.findings.end(), [](const auto& a, const auto& b) {
          return std::tie(a.where.file, a.where.line, a.where.column, a.code, a.message) <
                 std::tie(b.where.file, b.where.line, b.where.column, b.code, b.message);
        });
  }
  if (draft.valid) {
    result.policy = std::move(draft.policy);
  }
  return result;
}

}  // namespace fieldgate::policy
