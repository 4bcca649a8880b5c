// Sections that name things: controller, fields, recipients, apps, consent texts.
#include "policy/load/draft.h"
#include "policy/load/vocabulary.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace fieldgate::policy {

namespace {

void text_into(Draft& draft, const NodeRef& map, std::string_view key, std::string_view what,
               std::string& out) {
  if (const NodeRef node = map.find(key)) {
    if (auto text = draft.read.read_text(node, what)) {
      out = std::move(*text);
    }
  }
}

void country_into(Draft& draft, const NodeRef& map, std::string& out) {
  if (const NodeRef node = map.find("country")) {
    if (const auto country = draft.read.read_country(node, "`country`")) {
      out.assign(country->letters.begin(), country->letters.end());
    }
  }
}

struct TypeWord {
  std::string_view word;
  FieldType type;
};
constexpr std::array<TypeWord, 10> kTypes{{{"text", FieldType::kText},
                                           {"email", FieldType::kEmail},
                                           {"phone", FieldType::kPhone},
                                           {"country", FieldType::kCountry},
                                           {"date", FieldType::kDate},
                                           {"list", FieldType::kList},
                                           {"money", FieldType::kMoney},
                                           {"number", FieldType::kNumber},
                                           {"boolean", FieldType::kBoolean},
                                           {"address", FieldType::kText}}};

void read_field(Draft& draft, const EntryRef& entry, Field& field) {
  static const std::vector<std::string> kKeys{"says",    "type",       "category",
                                              "special", "identifier", "source"};
  if (!draft.read.check_keys(entry.value, "a field", kKeys)) {
    return;
  }
  text_into(draft, entry.value, "says", "`says`", field.says);
  text_into(draft, entry.value, "source", "`source`", field.source);
  text_into(draft, entry.value, "category", "`category`", field.category);
  if (!field.category.empty() && field.category.find(':') == std::string::npos) {
    draft.read.error(entry.value.find("category").place(), "bad-term",
                     "`category` must be a term with its vocabulary, such as pd:EmailAddress", {},
                     "W3C DPV");
  } else if (!field.category.empty()) {
    draft.policy.terms_.push_back(
        {field.category, TermKind::kPersonalData, entry.value.find("category").place()});
  }
  if (const NodeRef type =
          draft.read.require(entry.value, entry.key.place(), "type", "the field")) {
    std::vector<std::string> words;
    for (const TypeWord& known : kTypes) {
      words.emplace_back(known.word);
    }
    if (const auto chosen = draft.read.read_choice(type, "`type`", words)) {
      field.type = kTypes[*chosen].type;
    }
  }
  if (const NodeRef special = entry.value.find("special")) {
    if (const auto chosen = draft.read.read_choice(special, "`special`", {"art9", "art10"})) {
      field.special = *chosen == 0 ? Special::kArt9 : Special::kArt10;
    }
  }
  if (const NodeRef identifier = entry.value.find("identifier")) {
    if (const auto chosen =
            draft.read.read_choice(identifier, "`identifier`", {"direct", "indirect"})) {
      field.identifier_direct = *chosen == 0;
      field.identifier_indirect = *chosen == 1;
    }
  }
}

bool is_safe_path(const std::string& text) {
  const std::filesystem::path path(text);
  if (path.empty() || path.is_absolute() || text.find('\\') != std::string::npos) {
    return false;
  }
  return std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
}

void read_text_version(Draft& draft, const EntryRef& entry, ConsentTextVersion& version,
                       bool is_first, Place& from_where) {
  static const std::vector<std::string> kKeys{"from", "processing_changed", "files"};
  from_where = entry.key.place();
  if (!draft.read.check_keys(entry.value, "a version of a consent text", kKeys)) {
    return;
  }
  if (const NodeRef from =
          draft.read.require(entry.value, entry.key.place(), "from", "the text's version")) {
    from_where = from.place();
    if (const auto date = draft.read.read_date(from, "`from`")) {
      version.from = *date;
    }
  }
  if (const NodeRef changed = entry.value.find("processing_changed")) {
    version.processing_changed =
        draft.read.read_bool(changed, "`processing_changed`").value_or(true);
  } else if (!is_first) {
    // Whether older consents stay good is a legal question: the policy must answer it.
    (void)draft.read.require(entry.value, entry.key.place(), "processing_changed",
                             "the text's version", "EDPB Guidelines 05/2020, 110");
  }
  const NodeRef files = draft.read.require(entry.value, entry.key.place(), "files",
                                           "the text's version", "GDPR 7(1)");
  if (!files) {
    return;
  }
  const auto languages = draft.read.read_map(files, "`files`");
  if (!languages) {
    return;
  }
  if (languages->empty()) {
    draft.read.error(files.place(), "missing-key", "the text's version names no file",
                     "add one file for each language", "GDPR 7(1)");
  }
  for (const EntryRef& language : *languages) {
    const auto name = draft.read.read_name(language.key, "a language");
    const auto path = draft.read.read_text(language.value, "a consent text's file");
    if (path && !is_safe_path(*path)) {
      draft.read.error(language.value.place(), "bad-path",
                       "a consent text's file must lie beside the policy");
      version.files.emplace_back(language.name(), "");  // the language is there
    } else if (name && path) {
      version.files.emplace_back(*name, *path);
    }
  }
}

void read_consent_text(Draft& draft, const EntryRef& entry, ConsentText& text) {
  const auto versions = draft.read.read_map(entry.value, "a consent text");
  if (!versions) {
    return;
  }
  if (versions->empty()) {
    draft.read.error(entry.key.place(), "missing-key", "the consent text has no version");
  }
  std::vector<std::pair<ConsentTextVersion, Place>> read;
  for (const EntryRef& version : *versions) {
    ConsentTextVersion made;
    Place from_where;
    if (!draft.read.read_name(version.key, "a version's name")) {
      continue;
    }
    made.name = version.name();
    made.where = draft.policy.position(version.key.place());
    read_text_version(draft, version, made, read.empty(), from_where);
    read.emplace_back(std::move(made), from_where);
  }
  std::sort(read.begin(), read.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.from, a.second.line, a.second.column) <
           std::tie(b.first.from, b.second.line, b.second.column);
  });
  for (auto& [version, where] : read) {
    if (!text.versions.empty() && version.from.ok() && text.versions.back().from == version.from) {
      draft.read.error(where, "same-date", "two versions of the text begin on the same day");
    }
    text.versions.push_back(std::move(version));
  }
}

void grant(Draft& draft, const NodeRef& list, App& app, AppRules& rules) {
  rules.purposes_where = list.place();
  for (const PlacedText& word : draft.read.read_words(list, "`purposes`")) {
    const PurposeIndex purpose = resolve(draft, draft.policy.purpose_names_, "purpose", word);
    if (purpose != kUnknownIndex) {
      app.purposes.push_back(purpose);
      rules.granted[purpose / 64U] |= std::uint64_t{1} << (purpose % 64U);
    }
  }
}

void read_app(Draft& draft, const EntryRef& entry, App& app, AppRules& rules) {
  static const std::vector<std::string> kKeys{
      "says", "recipient", "purposes", "default_purpose", "roles", "reason_detail"};
  if (!draft.read.check_keys(entry.value, "an app", kKeys)) {
    return;
  }
  text_into(draft, entry.value, "says", "`says`", rules.says);
  if (const NodeRef recipient =
          draft.read.require(entry.value, entry.key.place(), "recipient", "the app", "GDPR 4(9)")) {
    if (auto word = draft.read.read_text(recipient, "`recipient`")) {
      app.recipient = resolve(draft, draft.policy.recipient_names_, "recipient",
                              {std::move(*word), recipient.place()});
    }
  }
  if (const NodeRef purposes = entry.value.find("purposes")) {
    grant(draft, purposes, app, rules);
  }
  if (const NodeRef fallback = entry.value.find("default_purpose")) {
    if (auto word = draft.read.read_text(fallback, "`default_purpose`")) {
      app.default_purpose = resolve(draft, draft.policy.purpose_names_, "purpose",
                                    {std::move(*word), fallback.place()});
      if (app.default_purpose != kUnknownIndex && !rules.grants(app.default_purpose)) {
        draft.read.error(fallback.place(), "default-not-granted",
                         "the default purpose is not one of the app's `purposes`",
                         "add it to `purposes`", "GDPR 5(1)(b)");
      }
    }
  }
  if (const NodeRef roles = entry.value.find("roles")) {
    for (const PlacedText& role : draft.read.read_words(roles, "`roles`")) {
      if (std::find(kAppRoles.begin(), kAppRoles.end(), role.text) == kAppRoles.end()) {
        draft.read.unknown(role.where, "unknown-role", "role", role.text, kAppRoles);
      } else {
        app.roles.push_back(role.text);
      }
    }
  }
  if (const NodeRef detail = entry.value.find("reason_detail")) {
    static const std::vector<std::string> kDetails{"full", "code", "none"};
    if (const auto chosen = draft.read.read_choice(detail, "`reason_detail`", kDetails)) {
      rules.reason_detail = kDetails[*chosen];
    }
  }
}

void read_recipient(Draft& draft, const EntryRef& entry, Recipient& recipient,
                    RecipientRules& rules) {
  static const std::vector<std::string> kKeys{"says",    "role",      "contract",
                                              "country", "safeguard", "purposes"};
  if (!draft.read.check_keys(entry.value, "a recipient", kKeys)) {
    return;
  }
  text_into(draft, entry.value, "says", "`says`", recipient.says);
  text_into(draft, entry.value, "contract", "`contract`", recipient.contract);
  text_into(draft, entry.value, "safeguard", "`safeguard`", recipient.safeguard);
  country_into(draft, entry.value, recipient.country);
  if (const NodeRef role = draft.read.require(entry.value, entry.key.place(), "role",
                                              "the recipient", "GDPR 4(7)-(10)")) {
    if (const auto chosen = draft.read.read_choice(role, "`role`", kRecipientRoles)) {
      recipient.role = kRecipientRoles[*chosen];
    }
  }
  rules.is_controller = recipient.role == "controller";
  rules.says_safeguard = mentions(entry.value, "safeguard", kKeys);
  if (recipient.role == "processor" && !mentions(entry.value, "contract", kKeys)) {
    draft.read.error(entry.key.place(), "contract-missing",
                     "the processor `" + recipient.name + "` has no `contract`",
                     "name the processing contract", "GDPR 28(3)");
  }
  if (const NodeRef purposes = entry.value.find("purposes")) {
    rules.limits_purposes = true;
    for (const PlacedText& word : draft.read.read_words(purposes, "`purposes`")) {
      const PurposeIndex purpose = resolve(draft, draft.policy.purpose_names_, "purpose", word);
      if (purpose != kUnknownIndex) {
        rules.contract_purposes[purpose / 64U] |= std::uint64_t{1} << (purpose % 64U);
      }
    }
  }
}

std::vector<PlacedText> words_of(Draft& draft, const NodeRef& map, std::string_view key) {
  const NodeRef node = map.find(key);
  return node ? draft.read.read_words(node, '`' + std::string(key) + '`')
              : std::vector<PlacedText>();
}

// "dpv:Customer", not "Customers: those who bought".
bool looks_like_term(std::string_view word) {
  return word.find(':') != std::string_view::npos && word.find(' ') == std::string_view::npos;
}

}  // namespace

void read_controller(Draft& draft) {
  static const std::vector<std::string> kKeys{"name",
                                              "dpo",
                                              "country",
                                              "says",
                                              "address",
                                              "authority",
                                              "representative",
                                              "data_subjects",
                                              "joint_controllers",
                                              "security_measures"};
  const NodeRef& controller = draft.sections.controller;
  if (!controller || !draft.read.check_keys(controller, "`controller`", kKeys)) {
    return;
  }
  (void)draft.read.require(controller, controller.place(), "name", "`controller`", "GDPR 13(1)(a)");
  text_into(draft, controller, "name", "the controller's `name`", draft.policy.controller_.name);
  country_into(draft, controller, draft.policy.controller_.country);
  Controller& read = draft.policy.controller_;
  text_into(draft, controller, "dpo", "the controller's `dpo`", read.dpo);
  text_into(draft, controller, "address", "the controller's `address`", read.address);
  text_into(draft, controller, "authority", "the controller's `authority`", read.authority);
  text_into(draft, controller, "representative", "the controller's `representative`",
            read.representative);
  std::string unused;
  text_into(draft, controller, "says", "`controller`", unused);
  for (const PlacedText& name : words_of(draft, controller, "joint_controllers")) {
    read.joint_controllers.push_back(name.text);
  }
  read.data_subjects = read_terms(draft, controller, "data_subjects", TermKind::kDataSubject);
  read.security_measures = read_terms(draft, controller, "security_measures", TermKind::kMeasure);
}

std::vector<std::string> read_terms(Draft& draft, const NodeRef& map, std::string_view key,
                                    TermKind kind) {
  std::vector<std::string> words;
  for (PlacedText& word : words_of(draft, map, key)) {
    if (looks_like_term(word.text)) {
      draft.policy.terms_.push_back({word.text, kind, word.where});
    }
    words.push_back(std::move(word.text));
  }
  return words;
}

void read_fields(Draft& draft) {
  for (const EntryRef& entry : draft.sections.fields) {
    Field field;
    field.name = entry.name();
    field.where = draft.policy.position(entry.key.place());
    read_field(draft, entry, field);
    const auto index = static_cast<FieldIndex>(draft.policy.fields_.size());
    if (field.type == FieldType::kCountry &&
        (draft.policy.country_field_ == kUnknownIndex || field.name == "country")) {
      draft.policy.country_field_ = index;
    }
    draft.policy.known_fields_.set(index);
    draft.policy.fields_.push_back(std::move(field));
  }
}

void read_recipients(Draft& draft) {
  for (const EntryRef& entry : draft.sections.recipients) {
    Recipient recipient;
    RecipientRules rules;
    recipient.name = entry.name();
    recipient.where = draft.policy.position(entry.key.place());
    rules.where = entry.key.place();
    read_recipient(draft, entry, recipient, rules);
    draft.policy.recipients_.push_back(std::move(recipient));
    draft.policy.recipient_rules_.push_back(rules);
  }
}

void read_consent_texts(Draft& draft) {
  for (const EntryRef& entry : draft.sections.consent_texts) {
    ConsentText text;
    text.name = entry.name();
    text.where = draft.policy.position(entry.key.place());
    read_consent_text(draft, entry, text);
    draft.policy.texts_.push_back(std::move(text));
  }
}

void read_apps(Draft& draft) {
  for (const EntryRef& entry : draft.sections.apps) {
    App app;
    AppRules rules;
    app.name = entry.name();
    app.where = draft.policy.position(entry.key.place());
    rules.where = entry.key.place();
    rules.purposes_where = rules.where;
    read_app(draft, entry, app, rules);
    draft.policy.apps_.push_back(std::move(app));
    draft.policy.app_rules_.push_back(std::move(rules));
  }
}

}  // namespace fieldgate::policy
