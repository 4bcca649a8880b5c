#include "policy/review/outline.h"

#include "policy/load/vocabulary.h"
#include "policy/model/transforms.h"

#include <cstdio>

namespace fieldgate::policy {

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "" : std::string(between);
    text += word;
  }
  return text;
}

std::string date_words(const Date& date) {
  return format_rfc3339(UtcTime{std::chrono::sys_days{date}}).substr(0, 10);
}

std::string yes(bool value) {
  return value ? "yes" : "";
}

std::string_view type_name(FieldType type) {
  constexpr std::array<std::string_view, 9> kNames{"text", "email", "phone",  "country", "date",
                                                   "list", "money", "number", "boolean"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string automated_words(AutomatedDecision ground) {
  constexpr std::array<std::string_view, 4> kNames{"", "contract", "law", "explicit-consent"};
  return std::string(kNames[static_cast<std::size_t>(ground)]);
}

std::string below_words(BelowAge below) {
  return below == BelowAge::kGuardian ? "the guardian's consent" : "child's and guardian's consent";
}

std::string country_words(const CountryCode& country) {
  return {country.letters.begin(), country.letters.end()};
}

class Outline {
 public:
  explicit Outline(const CompiledPolicy& policy) : policy_(policy) {}

  std::map<OutlineKey, std::string> make() {
    section_ = "controller";
    say("name", policy_.controller_.name);
    say("country", policy_.controller_.country);
    say("dpo", policy_.controller_.dpo);
    say("address", policy_.controller_.address);
    say("authority", policy_.controller_.authority);
    say("representative", policy_.controller_.representative);
    say("joint_controllers", joined(policy_.controller_.joint_controllers, ", "));
    say("data_subjects", joined(policy_.controller_.data_subjects, ", "));
    say("security_measures", joined(policy_.controller_.security_measures, ", "));
    fields();
    recipients();
    apps();
    for (std::size_t i = 0; i < policy_.purposes_.size(); ++i) {
      purpose(policy_.purposes_[i], policy_.purpose_rules_[i]);
    }
    moments();
    minors();
    texts();
    section_ = "invariants";
    for (const Invariant& one : policy_.invariants_) {
      invariant(one);
    }
    return std::move(said_);
  }

 private:
  void say(std::string_view key, std::string value) {
    if (!value.empty()) {
      said_[{section_, name_, std::string(key)}] = std::move(value);
    }
  }

  void fields() {
    section_ = "fields";
    for (const Field& field : policy_.fields_) {
      name_ = field.name;
      say("type", std::string(type_name(field.type)));
      say("category", field.category);
      say("source", field.source);
      say("special", field.special == Special::kArt9    ? "art9"
                     : field.special == Special::kArt10 ? "art10"
                                                        : "");
      say("identifier", field.identifier_direct     ? "direct"
                        : field.identifier_indirect ? "indirect"
                                                    : "");
    }
  }

  void recipients() {
    section_ = "recipients";
    for (std::size_t i = 0; i < policy_.recipients_.size(); ++i) {
      const Recipient& recipient = policy_.recipients_[i];
      name_ = recipient.name;
      say("role", recipient.role);
      say("contract", recipient.contract);
      say("country", recipient.country);
      say("safeguard", recipient.safeguard);
      const RecipientRules& rules = policy_.recipient_rules_[i];
      if (rules.limits_purposes) {
        std::vector<std::string> names;
        for (std::size_t purpose = 0; purpose < policy_.purposes_.size(); ++purpose) {
          if (((rules.contract_purposes[purpose / 64U] >> (purpose % 64U)) & 1U) != 0) {
            names.push_back(policy_.purposes_[purpose].name);
          }
        }
        say("purposes", names.empty() ? "none" : joined(names, ", "));
      }
    }
  }

  void apps() {
    section_ = "apps";
    for (std::size_t i = 0; i < policy_.apps_.size(); ++i) {
      const App& app = policy_.apps_[i];
      name_ = app.name;
      say("recipient", policy_.recipients_[app.recipient].name);
      if (app.default_purpose != kUnknownIndex) {
        say("default_purpose", policy_.purposes_[app.default_purpose].name);
      }
      say("roles", joined(app.roles, ", "));
      say("reason_detail", policy_.app_rules_[i].reason_detail);
      for (const PurposeIndex purpose : app.purposes) {
        say("purpose " + policy_.purposes_[purpose].name, "granted");
      }
    }
  }

  void purpose(const Purpose& purpose, const PurposeRules& rules) {
    section_ = "purposes";
    name_ = purpose.name;
    say("says", purpose.says);
    say("purpose", purpose.dpv_purpose);
    say("basis", std::string(basis_name(purpose.basis)));
    say("law", rules.law);
    say("art9", purpose.art9);
    say("art10", rules.art10);
    say("direct_marketing", yes(purpose.direct_marketing));
    say("profiling", yes(purpose.profiling));
    say("automated_decision", automated_words(rules.automated));
    say("safeguards of the automated decision", rules.automated_safeguards);
    say("balancing_test", rules.balancing_test);
    if (purpose.consent_text != kUnknownIndex) {
      say("consent text", policy_.texts_[purpose.consent_text].name);
    }
    if (rules.refresh_after) {
      say("refresh_after", period_words(*rules.refresh_after));
    }
    std::vector<std::string> words;
    for (const Level& level : purpose.levels) {
      words.push_back(level.name);
    }
    say("levels", joined(words, ", "));
    if (rules.limits_recipients) {
      words.clear();
      for (const std::uint16_t recipient : purpose.recipients) {
        words.push_back(policy_.recipients_[recipient].name);
      }
      say("recipients", words.empty() ? "the controller alone" : joined(words, ", "));
    }
    words.clear();
    for (const auto& [other, where] : rules.compatible_with) {
      words.push_back(policy_.purposes_[other].name);
    }
    say("compatible_with", joined(words, ", "));
    say("compatibility test", rules.compatibility_test);
    words.clear();
    for (const Transfer& transfer : rules.transfers) {
      words.push_back(transfer.country +
                      (transfer.safeguard.empty() ? "" : " (" + transfer.safeguard + ")"));
    }
    say("transfers", joined(words, ", "));
    say("data_subjects", joined(rules.data_subjects, ", "));
    say("when_restricted", rules.when_restricted);
    words.clear();
    for (const std::uint16_t moment : rules.moments) {
      words.push_back(policy_.moments_[moment].name);
    }
    say("only_when", joined(words, ", "));
    keep(rules);
  }

  // One line where all fields are kept alike.
  void keep(const PurposeRules& rules) {
    std::map<std::string, std::vector<std::string>> by_period;
    rules.fields.for_each([&](FieldIndex field) {
      by_period[keep_words(rules, field)].push_back(policy_.fields_[field].name);
    });
    if (by_period.size() == 1) {
      say("keep", by_period.begin()->first);
      return;
    }
    for (const auto& [period, names] : by_period) {
      for (const std::string& name : names) {
        say("keep of " + name, period);
      }
    }
  }

  void moments() {
    section_ = "moments";
    for (const Moment& moment : policy_.moments_) {
      name_ = moment.name;
      say("holds", moment_words(policy_, moment));
    }
  }

  void minors() {
    const Minors& minors = policy_.minors_;
    if (!minors.present) {
      return;
    }
    section_ = "minors";
    name_.clear();
    if (policy_.birth_date_field_ != kUnknownIndex) {
      say("age_from", policy_.fields_[policy_.birth_date_field_].name);
    }
    say("age by default", std::to_string(minors.default_threshold));
    for (const auto& [country, age] : minors.thresholds) {
      say("age in " + country_words(country), std::to_string(age));
    }
    constexpr std::array<std::string_view, 3> kUnknown{"deny", "allow", "guardian"};
    say("unknown_age", std::string(kUnknown[static_cast<std::size_t>(minors.unknown)]));
    say("below by default", below_words(minors.default_below));
    for (const auto& [country, below] : minors.below) {
      say("below in " + country_words(country), below_words(below));
    }
  }

  template <class Things, class Indexes>
  static std::string names_of(const Things& things, const Indexes& indexes) {
    if (indexes.size() == things.size()) {
      return "all";
    }
    std::vector<std::string> names;
    for (const auto index : indexes) {
      names.push_back(things[index].name);
    }
    return joined(names, ", ");
  }

  void invariant(const Invariant& invariant) {
    name_ = invariant.it;
    say("apps", names_of(policy_.apps_, invariant.apps));
    say("purposes", names_of(policy_.purposes_, invariant.purposes));
    say("fields", names_of(policy_.fields_, invariant.fields));
    if (invariant.finer_than) {
      say("finer_than", transform_form(policy_, Transform{*invariant.finer_than, 0}));
    }
  }

  void texts() {
    section_ = "consent_texts";
    for (const ConsentText& text : policy_.texts_) {
      name_ = text.name;
      for (const ConsentTextVersion& version : text.versions) {
        say(version.name, "from " + date_words(version.from) +
                              (version.processing_changed ? ", the processing changed" : ""));
        for (const auto& [language, file] : version.files) {
          say(version.name + " in " + language, file);
        }
      }
    }
  }

  const CompiledPolicy& policy_;
  std::string section_;
  std::string name_;
  std::map<OutlineKey, std::string> said_;
};

}  // namespace

std::string_view basis_name(Basis basis) {
  return kBases[static_cast<std::size_t>(basis)];
}

std::string_view basis_article(Basis basis) {
  constexpr std::array<std::string_view, 6> kArticles{"GDPR 6(1)(a)", "GDPR 6(1)(b)",
                                                      "GDPR 6(1)(c)", "GDPR 6(1)(d)",
                                                      "GDPR 6(1)(e)", "GDPR 6(1)(f)"};
  return kArticles[static_cast<std::size_t>(basis)];
}

std::string keep_words(const PurposeRules& rules, FieldIndex field) {
  for (const RetentionClass& kept : rules.retention) {
    if (kept.fields.test(field)) {
      return period_words(kept.period);
    }
  }
  return rules.keeps_until_withdrawn && !rules.without_keep.test(field) ? "until withdrawn" : "";
}

std::string moment_words(const CompiledPolicy& policy, const Moment& moment) {
  std::vector<std::string> parts;
  std::vector<std::string> spans;
  for (const HoursWindow& window : moment.hours) {
    const int end = window.end_minute == 0 ? 24 * 60 : window.end_minute;
    std::array<char, 16> span{};
    std::snprintf(span.data(), span.size(), "%02d:%02d-%02d:%02d", window.start_minute / 60,
                  window.start_minute % 60, end / 60, end % 60);
    spans.push_back(span.data() + (' ' + policy.zones_[window.zone].id));
  }
  const auto add = [&](std::string_view what, const std::vector<std::string>& words) {
    if (!words.empty()) {
      parts.push_back(std::string(what) + ' ' + joined(words, " or "));
    }
  };
  add("hours", spans);
  add("channel", moment.channels);
  add("country", moment.countries);
  add("place", moment.places);
  add("device", moment.devices);
  add("event", moment.events);
  return joined(parts, "; ");
}

std::map<OutlineKey, std::string> outline(const CompiledPolicy& policy) {
  return Outline(policy).make();
}

}  // namespace fieldgate::policy
