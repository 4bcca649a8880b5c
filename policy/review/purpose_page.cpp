#include "policy/review/purpose_page.h"

#include "policy/model/transforms.h"
#include "policy/review/outline.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

std::string basis_words(Basis basis) {
  switch (basis) {
    case Basis::kConsent:
      return "the person's consent";
    case Basis::kContract:
      return "a contract with the person";
    case Basis::kLegalObligation:
      return "a legal obligation";
    case Basis::kVitalInterest:
      return "a vital interest of the person or of somebody else";
    case Basis::kPublicTask:
      return "a task in the public interest";
    case Basis::kLegitimateInterest:
      return "a legitimate interest";
  }
  return {};
}

class PageWriter {
 public:
  PageWriter(const CompiledPolicy& policy, PurposeIndex index)
      : policy_(policy),
        index_(index),
        purpose_(policy.purposes_[index]),
        rules_(policy.purpose_rules_[index]) {}

  PurposePage write() {
    page_.title = purpose_.says.empty() ? purpose_.name : purpose_.says;
    page_.name = purpose_.name;
    fact("What the person has from it", purpose_.benefit, "");
    fact("Term", purpose_.dpv_purpose, "");
    basis();
    choice();
    consent();
    fact("Profiling", purpose_.profiling ? "people are assessed for it" : "", "GDPR 4(4)");
    automated();
    moments();
    fact("While a person's data is restricted",
         rules_.when_restricted.empty() ? "" : "it goes on: " + rules_.when_restricted,
         "GDPR 18(2)");
    compatible();
    transfers();
    fields();
    apps();
    return std::move(page_);
  }

 private:
  void fact(std::string label, std::string text, std::string because) {
    if (!text.empty()) {
      page_.facts.push_back({std::move(label), std::move(text), std::move(because)});
    }
  }

  void basis() {
    std::string text = basis_words(purpose_.basis);
    if (!rules_.balancing_test.empty()) {
      text += "; the balancing test is " + rules_.balancing_test;
    }
    fact("Lawful basis", text, std::string(basis_article(purpose_.basis)));
    const bool rests_on_law =
        purpose_.basis == Basis::kLegalObligation || purpose_.basis == Basis::kPublicTask;
    fact("Law", rules_.law, rests_on_law ? "GDPR 6(3)" : "");
    fact("Condition for special data", purpose_.art9, "GDPR 9(2)");
    fact("Law on offences", rules_.art10, "GDPR 10");
  }

  void choice() {
    if (rules_.needs_consent) {
      fact("What the person decides", "it is off until they turn it on, and they may turn it off",
           "GDPR 4(11), 7(3)");
    } else if (purpose_.direct_marketing || rules_.can_be_objected) {
      fact("What the person decides", "they may object", "GDPR 21");
    } else {
      fact("What the person decides", "nothing: it is shown to them, without a switch",
           "GDPR 13(1)(c)");
    }
    if (purpose_.direct_marketing) {
      fact("Direct marketing", "an objection ends it at once and is never outweighed",
           "GDPR 21(2)-(3)");
    }
  }

  void consent() {
    if (purpose_.consent_text != kUnknownIndex) {
      const ConsentText& text = policy_.texts_[purpose_.consent_text];
      std::string words = text.name;
      for (const ConsentTextVersion& version : text.versions) {
        words += "; " + version.name + " in";
        for (std::size_t i = 0; i < version.files.size(); ++i) {
          words += (i == 0 ? " " : ", ") + version.files[i].first;
        }
        words += version.processing_changed ? ", which voids earlier consents" : "";
      }
      fact("Consent text", words, "GDPR 7(1)");
    }
    if (rules_.refresh_after) {
      fact("Asked again after", period_words(*rules_.refresh_after), "");
    }
  }

  void automated() {
    automated_ground();
    fact("How it decides", rules_.automated_says, "GDPR 13(2)(f)");
    fact("What the person can do", rules_.automated_safeguards, "GDPR 22(3)");
  }

  void automated_ground() {
    switch (rules_.automated) {
      case AutomatedDecision::kNone:
        return;
      case AutomatedDecision::kContract:
        return fact("Decision without a person", "needed for the contract", "GDPR 22(2)(a)");
      case AutomatedDecision::kLaw:
        return fact("Decision without a person", "a law allows it", "GDPR 22(2)(b)");
      case AutomatedDecision::kExplicitConsent:
        return fact("Decision without a person", "with explicit consent", "GDPR 22(2)(c)");
    }
  }

  void moments() {
    std::string words;
    for (const std::uint16_t index : rules_.moments) {
      const Moment& moment = policy_.moments_[index];
      words += (words.empty() ? "" : ", and ") + moment.name + " (" +
               (moment.says.empty() ? "" : moment.says + ": ") + moment_words(policy_, moment) +
               ")";
    }
    fact("Only when", words, "GDPR 5(1)(b)");
  }

  void compatible() {
    std::string words;
    for (const auto& [other, where] : rules_.compatible_with) {
      words += (words.empty() ? "" : ", ") + policy_.purposes_[other].name;
    }
    if (!words.empty() && !rules_.compatibility_test.empty()) {
      words += "; the test is " + rules_.compatibility_test;
    }
    fact("Compatible with", words, "GDPR 6(4)");
  }

  void transfers() {
    std::string words;
    for (const Transfer& transfer : rules_.transfers) {
      words += (words.empty() ? "" : ", ") + transfer.country +
               (transfer.recipient.empty() ? "" : ", to " + transfer.recipient) +
               (transfer.safeguard.empty() ? "" : " (" + transfer.safeguard + ")");
    }
    fact("Third countries", words, "GDPR 44-46");
  }

  void fields() {
    page_.fields.caption = "What is learned, in which form, and how long it is kept";
    const bool has_levels = !purpose_.levels.empty();
    page_.fields.head = {"Field", "What is seen", "Kept"};
    if (has_levels) {
      page_.fields.head.insert(page_.fields.head.begin() + 2, "From level");
    }
    for (const FieldRule& rule : rules_.rules) {
      const Field& field = policy_.fields_[rule.field];
      std::string name = field.says.empty() ? field.name : field.says + " (" + field.name + ")";
      if (field.special != Special::kNone) {
        name += field.special == Special::kArt9 ? ", special data" : ", data on offences";
      }
      const std::string kept = keep_words(rules_, rule.field);
      std::vector<std::string> row{std::move(name), transform_sight(policy_, rule.transform),
                                   kept.empty() ? "not said" : kept};
      if (has_levels) {
        row.insert(row.begin() + 2, purpose_.levels[rule.level].name);
      }
      page_.fields.rows.push_back(std::move(row));
    }
  }

  void apps() {
    page_.apps.caption = "Who may ask for it";
    page_.apps.head = {"App", "Acts for", "Role", "Contract or safeguard"};
    for (std::size_t i = 0; i < policy_.apps_.size(); ++i) {
      if (!policy_.may_read(static_cast<AppIndex>(i), index_)) {
        continue;
      }
      const Recipient& recipient = policy_.recipients_[policy_.apps_[i].recipient];
      std::string name = recipient.says.empty() ? recipient.name : recipient.says;
      name += recipient.country.empty() ? "" : " (" + recipient.country + ")";
      std::string ground = recipient.contract;
      if (!recipient.safeguard.empty()) {
        ground += (ground.empty() ? "" : "; ") + recipient.safeguard;
      }
      const std::string& says = policy_.app_rules_[i].says;
      const std::string app = policy_.apps_[i].name + (says.empty() ? "" : " (" + says + ")");
      if (ground.empty()) {
        const bool needs_one = recipient.role != "controller" && recipient.role != "authority";
        ground = needs_one ? "none named" : "none needed";
      }
      page_.apps.rows.push_back({app, name, recipient.role, ground});
    }
  }

  const CompiledPolicy& policy_;
  PurposeIndex index_;
  const Purpose& purpose_;
  const PurposeRules& rules_;
  PurposePage page_;
};

}  // namespace

PurposePage purpose_page(const CompiledPolicy& policy, PurposeIndex purpose) {
  return PageWriter(policy, purpose).write();
}

}  // namespace fieldgate::policy
