#include "policy/load/draft.h"
#include "policy/load/purpose_fields.h"
#include "policy/load/vocabulary.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

struct PurposeReader {
  Draft& draft;
  const EntryRef& entry;
  PurposeIndex index;
  Purpose purpose;
  PurposeRules rules;

  NodeReader& read() { return draft.read; }
  NodeRef find(std::string_view key) { return entry.value.find(key); }

  void text(std::string_view key, std::string& out) { text(entry.value, key, out); }
  void text(const NodeRef& map, std::string_view key, std::string& out) {
    if (const NodeRef node = map.find(key)) {
      if (auto value = read().read_text(node, "`" + std::string(key) + "`")) {
        out = std::move(*value);
      }
    }
  }
  void flag(std::string_view key, bool& out) {
    if (const NodeRef node = find(key)) {
      out = read().read_bool(node, "`" + std::string(key) + "`").value_or(out);
    }
  }

  bool basis() {
    const NodeRef node =
        read().require(entry.value, entry.key.place(), "basis", "the purpose", "GDPR 6(1)");
    if (!node) {
      return false;
    }
    rules.basis_where = node.place();
    const auto chosen = read().read_choice(node, "`basis`", kBases);
    if (!chosen) {
      return false;
    }
    purpose.basis = static_cast<Basis>(*chosen);
    rules.basis_known = true;
    rules.consent_basis = purpose.basis == Basis::kConsent;
    rules.can_be_objected =
        purpose.basis == Basis::kPublicTask || purpose.basis == Basis::kLegitimateInterest;
    return true;
  }

  void special_categories() {
    if (const NodeRef node = find("art9")) {
      if (const auto chosen = read().read_choice(node, "`art9`", kArt9Conditions)) {
        purpose.art9 = kArt9Conditions[*chosen];
      }
    }
    text("art10", rules.art10);
  }

  // Decision rule 23. `true` takes the ground that goes with the basis.
  void automated_decision() {
    static const std::vector<std::string> kGrounds{"contract", "law", "explicit-consent"};
    NodeRef node = find("automated_decision");
    if (!node) {
      return;
    }
    const Place where = node.place();
    if (node.is_map()) {
      (void)read().check_keys(node, "`automated_decision`", {"ground", "says", "safeguards"});
      text(node, "says", rules.automated_says);
      text(node, "safeguards", rules.automated_safeguards);
      node = read().require(node, where, "ground", "`automated_decision`", "GDPR 22(2)");
      if (!node) {
        return;
      }
    }
    const bool plain = node.is_scalar() && !node.node->quoted;
    if (plain && (node.node->scalar == "false" || node.node->scalar == "none")) {
      return;
    }
    std::size_t ground = kGrounds.size();
    if (plain && node.node->scalar == "true") {
      if (purpose.basis == Basis::kContract) {
        ground = 0;
      } else if (purpose.basis == Basis::kLegalObligation || purpose.basis == Basis::kPublicTask) {
        ground = 1;
      } else if (purpose.basis == Basis::kConsent) {
        ground = 2;
      }
    } else if (const auto chosen = read().read_choice(node, "`automated_decision`", kGrounds)) {
      ground = *chosen;
      if (ground == 0 && purpose.basis != Basis::kContract) {
        ground = kGrounds.size();
      }
    } else {
      return;
    }
    if (ground == kGrounds.size()) {
      read().error(where, "automated-decision-ground",
                   "an automated decision on this basis has no ground of Art. 22(2)",
                   "use contract, law or explicit-consent, or let a person decide", "GDPR 22(2)");
      return;
    }
    rules.automated = static_cast<AutomatedDecision>(ground + 1);
  }

  void automated_special_data() {
    if (rules.automated == AutomatedDecision::kNone || purpose.art9.empty() ||
        purpose.art9 == "explicit-consent" || purpose.art9 == "substantial-public-interest") {
      return;
    }
    read().error(find("art9").place(), "automated-decision-ground",
                 "an automated decision over special data needs explicit consent or a substantial "
                 "public interest",
                 {}, "GDPR 22(4)");
  }

  void consent() {
    const bool explicit_needed = purpose.art9 == "explicit-consent" ||
                                 rules.automated == AutomatedDecision::kExplicitConsent;
    rules.needs_consent = rules.consent_basis || explicit_needed;
    rules.needs_explicit = explicit_needed;
    rules.consent_where = rules.basis_where;
    const NodeRef node = find("consent");
    if (!node) {
      if (rules.needs_consent) {
        (void)read().require(entry.value, entry.key.place(), "consent", "the consent purpose",
                             "GDPR 7(1)");
      }
      return;
    }
    rules.consent_where = node.place();
    if (!rules.needs_consent) {
      read().error(node.place(), "consent-without-basis",
                   "the purpose does not rest on consent and must not offer it",
                   "remove `consent`, or set `basis: consent`", "GDPR 5(1)(a), 13(1)(c)");
      return;
    }
    if (!read().check_keys(node, "`consent`", {"text", "refresh_after"})) {
      return;
    }
    if (const NodeRef refresh = node.find("refresh_after")) {
      rules.refresh_after = read().read_period(refresh, "`refresh_after`");
    }
    if (const NodeRef text_node =
            read().require(node, node.place(), "text", "`consent`", "GDPR 7(1)")) {
      consent_text(text_node);
    }
  }

  void consent_text(const NodeRef& node) {
    const auto word = read().read_text(node, "`text`");
    if (!word) {
      return;
    }
    purpose.consent_text =
        resolve(draft, draft.policy.text_names_, "consent text", {*word, node.place()});
    if (purpose.consent_text == kUnknownIndex) {
      return;
    }
    const auto [first, is_new] = draft.consent_users.emplace(*word, node.place());
    if (!is_new) {
      read().error(node.place(), "bundled-consent",
                   "the consent text `" + *word + "` already serves another purpose, in line " +
                       std::to_string(first->second.line),
                   "give each purpose a text and a consent of its own",
                   "GDPR 6(1)(a), 7(2), EDPB Guidelines 05/2020");
    }
    const auto& versions = draft.policy.texts_[purpose.consent_text].versions;
    rules.outdated_from.assign(versions.size(), UtcTime::max());
    for (std::size_t i = 0; i < versions.size(); ++i) {
      for (std::size_t later = i + 1; later < versions.size(); ++later) {
        if (versions[later].processing_changed && versions[later].from.ok()) {
          rules.outdated_from[i] = UtcTime{std::chrono::sys_days{versions[later].from}};
          break;
        }
      }
    }
  }

  // A text that the purpose names in a `consent` with a fault is not one that nobody uses.
  void remember_text() {
    const NodeRef node = find("consent");
    if (!node || !node.is_map() || purpose.consent_text != kUnknownIndex) {
      return;
    }
    for (const auto& [key, value] : node.node->entries) {
      read().mean(value.scalar);
    }
  }

  void recipients() {
    const NodeRef node = find("recipients");
    if (!node) {
      return;
    }
    rules.limits_recipients = true;
    for (const PlacedText& word : read().read_words(node, "`recipients`")) {
      const std::uint16_t recipient =
          resolve(draft, draft.policy.recipient_names_, "recipient", word);
      if (recipient != kUnknownIndex) {
        purpose.recipients.push_back(recipient);
      }
    }
  }

  void only_when() {
    const NodeRef node = find("only_when");
    if (!node) {
      return;
    }
    std::vector<NodeRef> items;
    if (node.is_list()) {
      for (const YamlNode& item : node.node->items) {
        items.push_back(node.with(item));
      }
    } else {
      items.push_back(node);
    }
    for (const NodeRef& item : items) {
      std::uint16_t moment = kUnknownIndex;
      if (item.is_map()) {
        moment = read_moment(draft, item, "of-" + purpose.name).value_or(kUnknownIndex);
      } else if (auto word = read().read_text(item, "`only_when`")) {
        moment =
            resolve(draft, draft.policy.moment_names_, "moment", {std::move(*word), item.place()});
      }
      if (moment != kUnknownIndex) {
        rules.moments.push_back(moment);
        rules.moment_places.push_back(item.place());
      }
    }
  }

  void compatible_with() {
    NodeRef node = find("compatible_with");
    if (!node) {
      return;
    }
    if (node.is_map()) {
      (void)read().check_keys(node, "`compatible_with`", {"purpose", "test"});
      if (const NodeRef test = node.find("test")) {
        rules.compatibility_test = read().read_text(test, "`test`").value_or("");
      }
      node = read().require(node, node.place(), "purpose", "`compatible_with`", "GDPR 6(4)");
      if (!node) {
        return;
      }
    }
    for (const PlacedText& word : read().read_words(node, "`compatible_with`")) {
      const PurposeIndex other = resolve(draft, draft.policy.purpose_names_, "purpose", word);
      if (other == index) {
        read().error(word.where, "compatible-with-itself",
                     "a purpose cannot be compatible with itself", {}, "GDPR 6(4)");
      } else if (other != kUnknownIndex) {
        rules.compatible_with.emplace_back(other, word.where);
      }
    }
  }

  void transfer(const NodeRef& node) {
    Transfer made;
    made.where = node.place();
    if (node.is_map()) {
      (void)read().check_keys(node, "a transfer", {"country", "safeguard", "recipient"});
      if (const NodeRef safeguard = node.find("safeguard")) {
        made.safeguard = read().read_text(safeguard, "`safeguard`").value_or("");
      }
      if (const NodeRef recipient = node.find("recipient")) {
        if (auto word = read().read_text(recipient, "`recipient`")) {
          made.recipient = *word;
          (void)resolve(draft, draft.policy.recipient_names_, "recipient",
                        {std::move(*word), recipient.place()});
        }
      }
      const NodeRef country =
          read().require(node, node.place(), "country", "a transfer", "GDPR 44");
      if (!country) {
        return;
      }
      if (const auto code = read().read_country(country, "`country`")) {
        made.country.assign(code->letters.begin(), code->letters.end());
      }
    } else if (const auto code = read().read_country(node, "a transfer")) {
      made.country.assign(code->letters.begin(), code->letters.end());
    }
    if (!made.country.empty()) {
      rules.transfers.push_back(std::move(made));
    }
  }

  void transfers() {
    const NodeRef node = find("transfers");
    if (!node) {
      return;
    }
    if (!node.is_list()) {
      transfer(node);
      return;
    }
    for (const YamlNode& item : node.node->items) {
      transfer(node.with(item));
    }
  }

  void when_restricted() {
    static const std::vector<std::string> kGrounds{"legal-claims", "rights-of-others",
                                                   "important-public-interest"};
    if (const NodeRef node = find("when_restricted")) {
      rules.restricted_where = node.place();
      const auto chosen = read().read_choice(node, "`when_restricted`", kGrounds);
      rules.when_restricted = chosen ? kGrounds[*chosen] : "";
    }
  }

  void read_all() {
    rules.where = entry.key.place();
    if (!read().check_keys(entry.value, "a purpose", kPurposeKeys)) {
      draft.policy.fields_known_ = false;
      return;
    }
    rules.says_what = mentions(entry.value, "says", kPurposeKeys);
    rules.says_keep = mentions(entry.value, "keep", kPurposeKeys);
    rules.says_balancing_test = mentions(entry.value, "balancing_test", kPurposeKeys);
    rules.says_marketing = mentions(entry.value, "direct_marketing", kPurposeKeys);
    rules.says_fields = find("fields") && find("fields").is_map();
    draft.policy.fields_known_ = draft.policy.fields_known_ && rules.says_fields;
    text("says", purpose.says);
    text("benefit", purpose.benefit);
    text("purpose", purpose.dpv_purpose);
    if (!purpose.dpv_purpose.empty() && purpose.dpv_purpose.find(':') == std::string::npos) {
      read().error(find("purpose").place(), "bad-term",
                   "`purpose` must be a term with its vocabulary, such as dpv:DirectMarketing", {},
                   "W3C DPV");
    } else if (!purpose.dpv_purpose.empty()) {
      draft.policy.terms_.push_back(
          {purpose.dpv_purpose, TermKind::kPurpose, find("purpose").place()});
    }
    text("law", rules.law);
    rules.data_subjects = read_terms(draft, entry.value, "data_subjects", TermKind::kDataSubject);
    text("balancing_test", rules.balancing_test);
    flag("direct_marketing", purpose.direct_marketing);
    flag("profiling", purpose.profiling);
    rules.direct_marketing = purpose.direct_marketing;
    special_categories();
    if (basis()) {
      automated_decision();
      automated_special_data();
      consent();
    }
    remember_text();
    recipients();
    only_when();
    compatible_with();
    transfers();
    when_restricted();
    read_purpose_fields(draft, entry, purpose, rules);
    read_keep(draft, entry, rules);
  }
};

}  // namespace

void read_purposes(Draft& draft) {
  CompiledPolicy& policy = draft.policy;
  for (std::size_t i = 0; i < draft.sections.purposes.size(); ++i) {
    const EntryRef& entry = draft.sections.purposes[i];
    const std::size_t before = draft.read.errors();
    PurposeReader reader{draft, entry, static_cast<PurposeIndex>(i), {}, {}};
    reader.purpose.name = entry.name();
    reader.purpose.where = policy.position(entry.key.place());
    reader.read_all();
    compile_masks(reader.rules, policy.fields_.size());
    reader.rules.faulty = draft.read.errors() != before;
    draft.faulty_purposes.push_back(reader.rules.faulty);
    policy.purposes_.push_back(std::move(reader.purpose));
    policy.purpose_rules_.push_back(std::move(reader.rules));
  }
  for (PurposeRules& rules : policy.purpose_rules_) {
    rules.covered_by_marketing_objection = rules.direct_marketing;
  }
  // Profiling that serves direct marketing falls with it (GDPR 21(3)).
  for (std::size_t i = 0; i < policy.purposes_.size(); ++i) {
    PurposeRules& rules = policy.purpose_rules_[i];
    for (const auto& [other, where] : rules.compatible_with) {
      if (policy.purposes_[i].profiling && policy.purposes_[other].direct_marketing) {
        rules.covered_by_marketing_objection = true;
      }
    }
  }
}

}  // namespace fieldgate::policy
