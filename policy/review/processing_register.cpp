#include <fieldgate/policy/processing_register.h>

#include "policy/load/vocabulary.h"
#include "policy/model/transforms.h"
#include "policy/review/outline.h"
#include "policy/review/third_countries.h"

#include <algorithm>
#include <array>

namespace fieldgate::policy {

namespace {

DeclaredTerm term_of(std::string written) {
  DeclaredTerm term{std::move(written), {}};
  if (const DpvTerm* known = find_dpv_term(term.written)) {
    term.iri = std::string(dpv_namespace(known->vocabulary)) + std::string(known->name);
  }
  return term;
}

std::vector<DeclaredTerm> terms_of(const std::vector<std::string>& words) {
  std::vector<DeclaredTerm> terms;
  for (const std::string& word : words) {
    terms.push_back(term_of(word));
  }
  return terms;
}

std::string iso_of(const PurposeRules& rules, FieldIndex field) {
  for (const RetentionClass& kept : rules.retention) {
    if (kept.fields.test(field)) {
      return period_iso(kept.period);
    }
  }
  return {};
}

class PurposeDeclaration {
 public:
  PurposeDeclaration(const CompiledPolicy& policy, PurposeIndex index)
      : policy_(policy),
        index_(index),
        purpose_(policy.purposes_[index]),
        rules_(policy.purpose_rules_[index]) {}

  DeclaredPurpose make() {
    out_.name = purpose_.name;
    out_.says = purpose_.says;
    out_.benefit = purpose_.benefit;
    out_.term = term_of(purpose_.dpv_purpose);
    out_.art10 = rules_.art10;
    out_.balancing_test = rules_.balancing_test;
    out_.direct_marketing = purpose_.direct_marketing;
    out_.profiling = purpose_.profiling;
    basis();
    consent();
    fields();
    apps();
    for (const Transfer& transfer : rules_.transfers) {
      out_.transfers.push_back({transfer.country, transfer.safeguard});
    }
    out_.data_subjects = terms_of(rules_.data_subjects.empty() ? policy_.controller_.data_subjects
                                                               : rules_.data_subjects);
    for (const std::uint16_t moment : rules_.moments) {
      conditions(policy_.moments_[moment]);
    }
    return std::move(out_);
  }

 private:
  void basis() {
    constexpr std::array<std::string_view, 6> kTerms{"a", "b", "c", "d", "e", "f"};
    out_.basis = purpose_.basis;
    out_.basis_name = basis_name(purpose_.basis);
    out_.basis_article = basis_article(purpose_.basis);
    out_.basis_terms.push_back(
        term_of("eu-gdpr:A6-1-" + std::string(kTerms[static_cast<std::size_t>(purpose_.basis)])));
    out_.art9 = purpose_.art9;
    const auto condition = std::find(kArt9Conditions.begin(), kArt9Conditions.end(), purpose_.art9);
    if (condition != kArt9Conditions.end()) {
      const auto letter = static_cast<char>('a' + (condition - kArt9Conditions.begin()));
      out_.basis_terms.push_back(term_of(std::string("eu-gdpr:A9-2-") + letter));
    }
  }

  void consent() {
    if (purpose_.consent_text == kUnknownIndex) {
      return;
    }
    const ConsentText& text = policy_.texts_[purpose_.consent_text];
    out_.consent_text = text.name;
    for (const ConsentTextVersion& version : text.versions) {
      for (const auto& [language, file] : version.files) {
        out_.notices.emplace_back(version.name, language);
      }
    }
    if (rules_.refresh_after) {
      out_.refresh_after = period_words(*rules_.refresh_after);
    }
  }

  void fields() {
    FieldSet seen;
    for (const FieldRule& rule : rules_.rules) {
      if (seen.test(rule.field)) {
        continue;  // a second line for a field makes its form narrower, as `transforms` has it
      }
      seen.set(rule.field);
      const Field& field = policy_.fields_[rule.field];
      const Transform& transform = rules_.transforms[rule.field];
      out_.pseudonymises = out_.pseudonymises || transform.kind == TransformKind::kPseudonymise;
      out_.fields.push_back({field.name, field.says, term_of(field.category), field.special,
                             transform_form(policy_, transform),
                             purpose_.levels.empty() ? "" : purpose_.levels[rule.level].name,
                             keep_words(rules_, rule.field), iso_of(rules_, rule.field)});
    }
  }

  void apps() {
    for (std::size_t i = 0; i < policy_.apps_.size(); ++i) {
      if (policy_.may_read(static_cast<AppIndex>(i), index_)) {
        out_.apps.push_back({policy_.apps_[i].name, policy_.apps_[i].recipient});
        out_.recipients.push_back(policy_.apps_[i].recipient);
      }
    }
    out_.recipients.insert(out_.recipients.end(), purpose_.recipients.begin(),
                           purpose_.recipients.end());
    std::sort(out_.recipients.begin(), out_.recipients.end());
    out_.recipients.erase(std::unique(out_.recipients.begin(), out_.recipients.end()),
                          out_.recipients.end());
  }

  void conditions(const Moment& moment) {
    Moment hours_alone;
    hours_alone.hours = moment.hours;
    if (!moment.hours.empty()) {
      const std::string words = moment_words(policy_, hours_alone);
      out_.conditions.push_back({"hours", {words.substr(words.find(' ') + 1)}});
    }
    for (const auto& [what, words] :
         {std::pair{"channel", &moment.channels}, std::pair{"country", &moment.countries},
          std::pair{"place", &moment.places}, std::pair{"device", &moment.devices},
          std::pair{"event", &moment.events}}) {
      if (!words->empty()) {
        out_.conditions.push_back({what, *words});
      }
    }
  }

  const CompiledPolicy& policy_;
  PurposeIndex index_;
  const Purpose& purpose_;
  const PurposeRules& rules_;
  DeclaredPurpose out_;
};

template <class Things, class Indexes>
std::vector<std::string> names_of(const Things& things, const Indexes& indexes) {
  std::vector<std::string> names;
  for (const auto index : indexes) {
    names.push_back(things[index].name);
  }
  return names;
}

}  // namespace

bool is_third_country(std::string_view country) {
  return needs_safeguard(country);
}

ProcessingRegister processing_register(const PolicySet& set) {
  ProcessingRegister out;
  const CompiledPolicy* policy = as_compiled(&set);
  if (policy == nullptr) {
    return out;
  }
  const Controller& controller = policy->controller_;
  out.version = policy->version_;
  out.controller = controller.name;
  out.country = controller.country;
  out.address = controller.address;
  out.dpo = controller.dpo;
  out.authority = controller.authority;
  out.representative = controller.representative;
  out.joint_controllers = controller.joint_controllers;
  out.security_measures = terms_of(controller.security_measures);
  for (std::size_t i = 0; i < policy->purposes_.size(); ++i) {
    out.purposes.push_back(PurposeDeclaration(*policy, static_cast<PurposeIndex>(i)).make());
  }
  for (const Invariant& one : policy->invariants_) {
    out.prohibitions.push_back(
        {one.it, names_of(policy->apps_, one.apps), names_of(policy->purposes_, one.purposes),
         names_of(policy->fields_, one.fields),
         one.finer_than ? transform_form(*policy, Transform{*one.finer_than, 0}) : ""});
  }
  return out;
}

}  // namespace fieldgate::policy
