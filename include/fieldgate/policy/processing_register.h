// What a policy declares, purpose by purpose, as records of processing ask for it (GDPR 30(1)).
#pragma once

#include <fieldgate/policy/model.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::policy {

/// A term of the Data Privacy Vocabulary, or words of the policy's own.
struct DeclaredTerm {
  std::string written;  ///< as the policy has it: "dpv:Customer", "people who buy"
  std::string iri;      ///< empty for words, and for a term that DPV does not have
};

struct DeclaredField {
  std::string name;
  std::string says;
  DeclaredTerm category;
  Special special = Special::kNone;
  std::string form;      ///< as the policy writes it: "show", "mask: last-4"
  std::string level;     ///< the lowest that gives it; empty where there are no levels
  std::string keep;      ///< in words; empty: not said
  std::string keep_iso;  ///< ISO 8601, "P13M"; empty for "until withdrawn"
};

struct DeclaredApp {
  std::string name;
  std::uint16_t recipient = kUnknownIndex;  ///< index into `PolicySet::recipients()`
};

struct DeclaredTransfer {
  std::string country;
  std::string safeguard;
};

/// A condition on where and how a read happens: all must hold, of the words one.
struct DeclaredCondition {
  std::string_view what;  ///< "hours", "channel", "country", "place", "device", "event"
  std::vector<std::string> words;
};

struct DeclaredPurpose {
  std::string name;
  std::string says;
  std::string benefit;
  DeclaredTerm term;
  Basis basis = Basis::kConsent;
  std::string basis_name;
  std::string basis_article;              ///< "GDPR 6(1)(a)"
  std::vector<DeclaredTerm> basis_terms;  ///< of the eu-gdpr vocabulary: 6(1), and 9(2) where named
  std::string art9;
  std::string art10;
  std::string balancing_test;
  std::string consent_text;  ///< name; empty: no consent is asked for
  std::vector<std::pair<std::string, std::string>> notices;  ///< version and language
  std::string refresh_after;                                 ///< in words
  bool direct_marketing = false;
  bool profiling = false;
  bool pseudonymises = false;
  std::vector<DeclaredField> fields;
  std::vector<DeclaredApp> apps;          ///< whose reads are a matter of the person's state alone
  std::vector<std::uint16_t> recipients;  ///< of those apps, and those that the purpose names
  std::vector<DeclaredTransfer> transfers;  ///< the purpose's own
  std::vector<DeclaredTerm> data_subjects;
  std::vector<DeclaredCondition> conditions;
};

/// A never-rule, for each app that it binds.
struct DeclaredProhibition {
  std::string it;
  std::vector<std::string> apps;
  std::vector<std::string> purposes;
  std::vector<std::string> fields;
  std::string finer_than;  ///< as the policy writes it; empty: in no form at all
};

struct ProcessingRegister {
  std::string version;
  std::string controller;
  std::string country;
  std::string address;
  std::string dpo;
  std::string authority;
  std::string representative;
  std::vector<std::string> joint_controllers;
  std::vector<DeclaredTerm> security_measures;
  std::vector<DeclaredPurpose> purposes;
  std::vector<DeclaredProhibition> prohibitions;
};

/// Pure. Everything is in the order of the policy.
[[nodiscard]] ProcessingRegister processing_register(const PolicySet& policy);

/// Whether a recipient in the country needs a safeguard (GDPR 44-46); false for an unknown one.
[[nodiscard]] bool is_third_country(std::string_view country);

}  // namespace fieldgate::policy
