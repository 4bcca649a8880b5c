#include "policy/load/test_case.h"

#include "policy/load/draft.h"
#include "policy/load/vocabulary.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

const std::vector<std::string> kContextKeys{"channel", "country", "place", "device", "event"};

struct CaseReader {
  const CompiledPolicy& policy;
  NodeReader& read;
  CaseForm form;
  const std::vector<bool>& faulty_purposes;
  TestCase made;
  std::vector<std::pair<PlacedText, std::string_view>> unknown_names;  // in `ask`, with their kind

  [[nodiscard]] bool is_faulty(PurposeIndex purpose) const {
    return purpose < faulty_purposes.size() && faulty_purposes[purpose];
  }

  std::uint16_t look_up(const NameTable& table, std::string_view kind, const PlacedText& word) {
    const std::uint16_t index = find_name(table, word.text);
    if (index == kUnknownIndex) {
      read.unknown(word.where, "unknown-" + std::string(kind), kind, word.text, known_names(table));
    }
    return index;
  }

  void ask(const NodeRef& node) {
    if (!read.check_keys(node, "`ask`", {"app", "purpose", "fields", "context"})) {
      return;
    }
    if (const NodeRef app = read.require(node, node.place(), "app", "`ask`")) {
      made.app_name = read.read_text(app, "`app`").value_or("");
      made.app = policy.app(made.app_name);
      if (made.app == kUnknownIndex) {
        unknown_names.push_back({{made.app_name, app.place()}, "app"});
      }
    }
    if (const NodeRef purpose = read.require(node, node.place(), "purpose", "`ask`")) {
      made.purpose_name = read.read_text(purpose, "`purpose`").value_or("");
      made.purpose = policy.purpose(made.purpose_name);
      if (made.purpose == kUnknownIndex) {
        unknown_names.push_back({{made.purpose_name, purpose.place()}, "purpose"});
      }
    }
    if (const NodeRef fields = node.find("fields")) {
      made.all_fields = false;
      for (PlacedText& word : read.read_words(fields, "`fields`")) {
        const FieldIndex index = policy.field(word.text);
        if (index != kUnknownIndex) {
          made.asked.set(index);
        } else {
          made.unknown_fields.push_back(word.text);
          unknown_names.push_back({std::move(word), "field"});
        }
      }
    }
    if (const NodeRef context = node.find("context")) {
      if (!read.check_keys(context, "`context`", kContextKeys)) {
        return;
      }
      for (std::size_t i = 0; i < kContextKeys.size(); ++i) {
        if (const NodeRef word = context.find(kContextKeys[i])) {
          made.context[i] = read.read_text(word, "`context`").value_or("");
        }
      }
    }
  }

  // A name that is not in the policy is a typing mistake, save where the test is about that.
  void report_unknown_names() {
    if (form == CaseForm::kRequest) {
      return;
    }
    for (const auto& [word, kind] : unknown_names) {
      const auto expected = made.expect.code;
      const bool wanted = (kind == "app" && (expected == ReasonCode::kPurposeNotGranted ||
                                             expected == ReasonCode::kCannotDecide)) ||
                          (kind == "purpose" && expected == ReasonCode::kUnknownPurpose) ||
                          (kind == "field" && expected == ReasonCode::kUnknownField);
      if (wanted) {
        continue;
      }
      const NameTable& table = kind == "app"       ? policy.app_names_
                               : kind == "purpose" ? policy.purpose_names_
                                                   : policy.field_names_;
      read.unknown(word.where, "unknown-" + std::string(kind), kind, word.text, known_names(table));
    }
  }

  void consent_level(const NodeRef& node, const Purpose& purpose, ConsentFact& fact) {
    const auto word = read.read_text(node, "`level`");
    if (!word) {
      return;
    }
    if (*word == "off") {
      fact.status = ConsentStatus::kRefused;
      return;
    }
    const auto found = std::find_if(purpose.levels.begin(), purpose.levels.end(),
                                    [&](const Level& level) { return level.name == *word; });
    if (found != purpose.levels.end()) {
      fact.level = static_cast<std::uint8_t>(found - purpose.levels.begin());
      return;
    }
    fact.level = kUnknownLevel;
    if (form == CaseForm::kTest && !is_faulty(fact.purpose)) {
      std::vector<std::string> known;
      for (const Level& level : purpose.levels) {
        known.push_back(level.name);
      }
      read.unknown(node.place(), "unknown-level", "level", *word, known);
    }
  }

  void consent_text(const NodeRef& node, const Purpose& purpose, ConsentFact& fact) {
    const auto word = read.read_text(node, "`text`");
    if (!word || purpose.consent_text == kUnknownIndex) {
      return;
    }
    const auto& versions = policy.texts_[purpose.consent_text].versions;
    const auto found = std::find_if(versions.begin(), versions.end(),
                                    [&](const auto& version) { return version.name == *word; });
    if (found != versions.end()) {
      fact.text_version = static_cast<std::uint16_t>(found - versions.begin());
    } else if (form == CaseForm::kTest && !is_faulty(fact.purpose)) {
      std::vector<std::string> known;
      for (const ConsentTextVersion& version : versions) {
        known.push_back(version.name);
      }
      read.unknown(node.place(), "unknown-text-version", "text version", *word, known);
    }
  }

  void consents(const NodeRef& node, std::string_view what, std::vector<ConsentFact>& out) {
    const auto entries = read.read_map(node, what, true);
    for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
      ConsentFact fact;
      fact.purpose = look_up(policy.purpose_names_, "purpose", {entry.name(), entry.key.place()});
      if (!read.check_keys(entry.value, "a consent",
                           {"state", "text", "at", "level", "explicit"}) ||
          fact.purpose == kUnknownIndex) {
        continue;
      }
      if (const NodeRef state =
              read.require(entry.value, entry.key.place(), "state", "the consent")) {
        if (const auto chosen = read.read_choice(state, "`state`", kConsentStates)) {
          fact.status = *parse_consent_status(kConsentStates[*chosen]);
        }
      }
      const bool permits =
          fact.status == ConsentStatus::kGiven || fact.status == ConsentStatus::kRenewed;
      if (const NodeRef at = entry.value.find("at")) {
        fact.at = read.read_time(at, "`at`").value_or(UtcTime{});
      } else if (permits) {
        (void)read.require(entry.value, entry.key.place(), "at", "the consent");
      }
      const Purpose& purpose = policy.purposes_[fact.purpose];
      if (const NodeRef text = entry.value.find("text")) {
        consent_text(text, purpose, fact);
      }
      if (const NodeRef is_explicit = entry.value.find("explicit")) {
        fact.is_explicit = read.read_bool(is_explicit, "`explicit`").value_or(false);
      }
      if (const NodeRef level = entry.value.find("level")) {
        consent_level(level, purpose, fact);
      }
      out.push_back(fact);
    }
  }

  void objections(const NodeRef& node) {
    const auto entries = read.read_map(node, "`objections`", true);
    for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
      ObjectionFact fact;
      fact.purpose =
          entry.name() == kDirectMarketingName
              ? kDirectMarketing
              : look_up(policy.purpose_names_, "purpose", {entry.name(), entry.key.place()});
      if (!read.check_keys(entry.value, "an objection", {"state", "at", "grounds"}) ||
          fact.purpose == kUnknownIndex) {
        continue;
      }
      // Without its time, no later consent can be shown to have ended the objection.
      fact.at = UtcTime::max();
      if (const NodeRef at = entry.value.find("at")) {
        fact.at = read.read_time(at, "`at`").value_or(UtcTime::max());
      }
      const NodeRef state = read.require(entry.value, entry.key.place(), "state", "the objection");
      if (!state) {
        continue;
      }
      static const std::vector<std::string> kStates{"open", "withdrawn", "overruled", "raised"};
      const auto chosen = read.read_choice(state, "`state`", kStates);
      if (!chosen) {
        continue;
      }
      if (*chosen == 1) {
        fact.status = ObjectionStatus::kWithdrawn;
      } else if (*chosen == 2) {
        // Grounds that nobody wrote down overrule nothing (decision rule 18).
        fact.status =
            entry.value.find("grounds") ? ObjectionStatus::kOverruled : ObjectionStatus::kRaised;
      }
      if (const NodeRef grounds = entry.value.find("grounds")) {
        (void)read.read_text(grounds, "`grounds`");
      }
      made.person.objections.push_back(fact);
    }
  }

  void values(const NodeRef& node) {
    const auto entries = read.read_map(node, "`values`", true);
    for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
      const FieldIndex field =
          look_up(policy.field_names_, "field", {entry.name(), entry.key.place()});
      if (field == kUnknownIndex) {
        continue;
      }
      if (entry.value.is_null()) {
        made.person.held.reset(field);
        continue;
      }
      if (!read.check_keys(entry.value, "a value", {"collected_at"})) {
        continue;
      }
      if (const NodeRef at = entry.value.find("collected_at")) {
        made.person.collected_at[field] = read.read_time(at, "`collected_at`").value_or(made.now);
      }
    }
  }

  void restricted(const NodeRef& node) {
    if (!node.is_map()) {
      if (read.read_bool(node, "`restricted`").value_or(true)) {
        // Without its time, no consent can be shown to have come later.
        made.person.restricted_since = UtcTime::max();
      }
      return;
    }
    if (read.check_keys(node, "`restricted`", {"at"})) {
      if (const NodeRef at = read.require(node, node.place(), "at", "`restricted`")) {
        made.person.restricted_since = read.read_time(at, "`at`").value_or(UtcTime::max());
      }
    }
  }

  void person(const NodeRef& node) {
    PersonRecord& person = made.person;
    static const std::vector<std::string> kKeys{"country",    "age",      "birth_date",
                                                "restricted", "erased",   "consents",
                                                "objections", "guardian", "values"};
    if (node.is_null() || !read.check_keys(node, "`person`", kKeys)) {
      return;
    }
    if (const NodeRef country = node.find("country")) {
      person.country = read.read_country(country, "`country`");
    }
    if (const NodeRef age = node.find("age")) {
      person.age = read.read_int(age, "`age`", 0, kOldestAge);
    }
    if (const NodeRef birth_date = node.find("birth_date")) {
      person.birth_date = read.read_date(birth_date, "`birth_date`");
    }
    if (const NodeRef erased = node.find("erased")) {
      person.erased = read.read_bool(erased, "`erased`").value_or(true);
    }
    if (const NodeRef restriction = node.find("restricted")) {
      restricted(restriction);
    }
    if (const NodeRef own = node.find("consents")) {
      consents(own, "`consents`", person.consents);
    }
    if (const NodeRef guardian = node.find("guardian")) {
      consents(guardian, "`guardian`", person.guardian_consents);
    }
    if (const NodeRef objected = node.find("objections")) {
      objections(objected);
    }
    if (const NodeRef held = node.find("values")) {
      values(held);
    }
  }

  [[nodiscard]] std::optional<ReasonCode> reason(const NodeRef& node) {
    const auto word = read.read_text(node, "a reason code");
    if (!word) {
      return std::nullopt;
    }
    const auto code = parse_reason(*word);
    if (!code) {
      std::vector<std::string> known;
      for (int i = 1; i <= static_cast<int>(ReasonCode::kCannotDecide); ++i) {
        known.emplace_back(reason_name(static_cast<ReasonCode>(i)));
      }
      read.unknown(node.place(), "unknown-code", "reason code", *word, known);
    }
    return code;
  }

  void expectation(const NodeRef& node) {
    if (!read.check_keys(node, "`expect`", {"decision", "fields", "withheld", "code"})) {
      return;
    }
    if (node.node->entries.empty()) {
      read.error(node.place(), "empty-map", "the test expects nothing and cannot fail");
    }
    if (const NodeRef decision = node.find("decision")) {
      if (const auto chosen =
              read.read_choice(decision, "`decision`", {"deny", "partial", "allow"})) {
        made.expect.outcome = static_cast<Outcome>(*chosen);
      }
    }
    if (const NodeRef code = node.find("code")) {
      made.expect.code = reason(code);
    }
    if (const NodeRef fields = node.find("fields")) {
      std::vector<std::string> names;
      for (const PlacedText& word : read.read_words(fields, "`fields`")) {
        (void)look_up(policy.field_names_, "field", word);
        names.push_back(word.text);
      }
      made.expect.fields = std::move(names);
    }
    if (const NodeRef withheld = node.find("withheld")) {
      const auto entries = read.read_map(withheld, "`withheld`", true);
      for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
        if (made.expect.code != ReasonCode::kUnknownField) {
          (void)look_up(policy.field_names_, "field", {entry.name(), entry.key.place()});
        }
        if (const auto code = reason(entry.value)) {
          made.expect.withheld.emplace_back(entry.name(), *code);
        }
      }
    }
  }

  void read_all(const NodeRef& node) {
    made.where = node.place();
    static const std::vector<std::string> kTestKeys{"it", "now", "ask", "person", "expect"};
    static const std::vector<std::string> kRequestKeys{"it", "now", "ask", "person"};
    if (!read.check_keys(node, form == CaseForm::kTest ? "a test" : "a request",
                         form == CaseForm::kTest ? kTestKeys : kRequestKeys)) {
      return;
    }
    if (const NodeRef it = node.find("it")) {
      made.it = read.read_text(it, "`it`").value_or("");
    } else if (form == CaseForm::kTest) {
      (void)read.require(node, node.place(), "it", "the test");
    }
    if (const NodeRef now = read.require(node, node.place(), "now", "the case")) {
      made.now = read.read_time(now, "`now`").value_or(UtcTime{});
    }
    // Fields that a person does not list are present and fresh.
    made.person.held = policy.known_fields_;
    made.person.collected_at.assign(policy.fields_.size(), made.now);
    if (const NodeRef question = read.require(node, node.place(), "ask", "the case")) {
      ask(question);
    }
    if (const NodeRef who = node.find("person")) {
      person(who);
    }
    if (form == CaseForm::kTest) {
      if (const NodeRef expect = read.require(node, node.place(), "expect", "the test")) {
        expectation(expect);
      }
    }
    report_unknown_names();
  }
};

}  // namespace

std::optional<TestCase> read_test_case(const CompiledPolicy& policy, NodeReader& read,
                                       const NodeRef& node, CaseForm form,
                                       const std::vector<bool>& faulty_purposes) {
  const std::size_t before = read.errors();
  CaseReader reader{policy, read, form, faulty_purposes, {}, {}};
  reader.read_all(node);
  if (read.errors() != before) {
    return std::nullopt;
  }
  return std::move(reader.made);
}

void read_tests(Draft& draft) {
  for (const NodeRef& node : draft.sections.tests) {
    if (auto made = read_test_case(draft.policy, draft.read, node, CaseForm::kTest,
                                   draft.faulty_purposes)) {
      draft.policy.tests_.push_back(std::move(*made));
    }
  }
}

}  // namespace fieldgate::policy
