#include "gateway/export/export.h"

#include <csv.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace fieldgate::exporting {

namespace {

using policy::DeclaredField;
using policy::DeclaredPurpose;
using policy::PolicySet;
using policy::ProcessingRegister;
using replay::ObservedLog;
using replay::ObservedPurpose;
using replay::Sightings;

constexpr std::string_view kNotInTheLog = "not in the log";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : "; ") + word;
  }
  return text;
}

std::string in_brackets(const std::string& text, const std::vector<std::string>& notes) {
  std::string inside;
  for (const std::string& note : notes) {
    if (!note.empty()) {
      inside += (inside.empty() ? "" : ", ") + note;
    }
  }
  return inside.empty() ? text : text + " (" + inside + ')';
}

// RFC 4180, every cell in quotes. A spreadsheet takes a cell that begins with one of these for a
// formula; an apostrophe before it makes it text.
void append_cell(std::string& out, const std::string& text) {
  constexpr std::string_view kFormulaStarts = "=+-@\t\r\n";
  const bool harmless = text.empty() || kFormulaStarts.find(text[0]) == std::string_view::npos;
  const std::string safe = harmless ? text : '\'' + text;
  std::string cell(csv_write(nullptr, 0, safe.data(), safe.size()), '\0');
  csv_write(cell.data(), cell.size(), safe.data(), safe.size());
  out += cell;
}

std::string last_seen(const replay::Sighting& sighting) {
  return std::to_string(sighting.reads) + (sighting.reads == 1 ? " read" : " reads") +
         ", last on " + format_rfc3339(sighting.last).substr(0, 10);
}

// One purpose: what the policy says (nothing for one that only the log knows) and what was seen.
struct Activity {
  const ProcessingRegister& controller;
  const PolicySet& policy;
  std::string name;
  const DeclaredPurpose* declared = nullptr;
  const ObservedPurpose* observed = nullptr;

  [[nodiscard]] std::string recipient_of(std::string_view app) const {
    const policy::AppIndex index = policy.app(app);
    return index == policy::kUnknownIndex
               ? std::string()
               : policy.recipients()[policy.apps()[index].recipient].name;
  }
};

std::string declared_fields(const DeclaredPurpose& purpose, bool special_alone) {
  std::vector<std::string> words;
  for (const DeclaredField& field : purpose.fields) {
    if (!special_alone || field.special != policy::Special::kNone) {
      words.push_back(in_brackets(field.says.empty() ? field.name : field.says,
                                  {field.name, field.category.written, field.form}));
    }
  }
  return joined(words);
}

std::string recipients(const Activity& activity) {
  std::vector<std::string> words;
  for (const std::uint16_t index : activity.declared->recipients) {
    const policy::Recipient& one = activity.policy.recipients()[index];
    words.push_back(in_brackets(one.says.empty() ? one.name : one.says,
                                {one.name, one.role, one.contract, one.country}));
  }
  return joined(words);
}

template <class Say>
std::string transfers(const Activity& activity, const Say& say) {
  std::vector<std::string> words;
  for (const std::uint16_t index : activity.declared->recipients) {
    const policy::Recipient& one = activity.policy.recipients()[index];
    if (policy::is_third_country(one.country) || !one.safeguard.empty()) {
      words.push_back(say(one.name, one.country, one.safeguard));
    }
  }
  for (const policy::DeclaredTransfer& one : activity.declared->transfers) {
    words.push_back(say(std::string(), one.country, one.safeguard));
  }
  return joined(words);
}

std::string time_limits(const DeclaredPurpose& purpose) {
  std::vector<std::string> periods;
  for (const DeclaredField& field : purpose.fields) {
    if (std::find(periods.begin(), periods.end(), field.keep) == periods.end()) {
      periods.push_back(field.keep);
    }
  }
  if (periods.size() == 1) {
    return periods.front();
  }
  std::vector<std::string> words;
  for (const DeclaredField& field : purpose.fields) {
    words.push_back(field.name + ": " + (field.keep.empty() ? "not said" : field.keep));
  }
  return joined(words);
}

std::string terms(const std::vector<policy::DeclaredTerm>& terms) {
  std::vector<std::string> words;
  for (const policy::DeclaredTerm& term : terms) {
    words.push_back(term.written);
  }
  return joined(words);
}

std::string seen(const Sightings& sightings) {
  std::vector<std::string> words;
  for (const auto& [name, sighting] : sightings) {
    words.push_back(in_brackets(name, {last_seen(sighting)}));
  }
  return joined(words);
}

std::string seen_recipients(const Activity& activity) {
  std::vector<std::string> words;
  for (const auto& [app, sighting] : activity.observed->apps) {
    const std::string recipient = activity.recipient_of(app);
    words.push_back(in_brackets(recipient.empty() ? "unknown" : recipient,
                                {"app " + app, last_seen(sighting)}));
  }
  return joined(words);
}

std::string seen_transfers(const Activity& activity) {
  std::set<std::string> words;
  for (const auto& [app, sighting] : activity.observed->apps) {
    const policy::AppIndex index = activity.policy.app(app);
    if (index == policy::kUnknownIndex) {
      continue;
    }
    const policy::Recipient& one =
        activity.policy.recipients()[activity.policy.apps()[index].recipient];
    if (policy::is_third_country(one.country)) {
      words.insert(one.country);
    }
  }
  return joined({words.begin(), words.end()});
}

std::string seen_special(const Activity& activity) {
  Sightings special;
  for (const auto& [name, sighting] : activity.observed->fields) {
    const FieldIndex field = activity.policy.field(name);
    if (field != policy::kUnknownIndex &&
        activity.policy.fields()[field].special != policy::Special::kNone) {
      special.emplace(name, sighting);
    }
  }
  return seen(special);
}

std::string contact(const std::string& name, const ProcessingRegister& controller) {
  return in_brackets(name, {controller.address, controller.country});
}

/// A column of GDPR 30(1). `seen` is null where the log cannot show it.
struct Column {
  std::string_view name;
  std::function<std::string(const Activity&)> declared;  ///< of a declared purpose
  std::function<std::string(const Activity&)> seen;      ///< of a purpose that was seen
};

std::vector<Column> columns() {
  const auto country = [](const std::string& name, const std::string& where, const std::string&) {
    return in_brackets(where, {name});
  };
  const auto safeguard = [](const std::string& name, const std::string& where,
                            const std::string& with) {
    return in_brackets(with.empty() ? "none named" : with, {where, name});
  };
  return {
      {"controller",
       [](const Activity& a) { return contact(a.controller.controller, a.controller); }, nullptr},
      {"joint_controllers",
       [](const Activity& a) { return joined(a.controller.joint_controllers); }, nullptr},
      {"representative", [](const Activity& a) { return a.controller.representative; }, nullptr},
      {"data_protection_officer", [](const Activity& a) { return a.controller.dpo; }, nullptr},
      {"activity", [](const Activity& a) { return a.name; },
       [](const Activity& a) {
         return in_brackets(a.name,
                            {a.observed->answered.reads == 0 ? std::string("refused only")
                                                             : last_seen(a.observed->answered)});
       }},
      {"purpose",
       [](const Activity& a) { return in_brackets(a.declared->says, {a.declared->term.written}); },
       nullptr},
      {"lawful_basis",
       [](const Activity& a) {
         return in_brackets(a.declared->basis_name,
                            {a.declared->basis_article,
                             a.declared->art9.empty() ? "" : "9(2): " + a.declared->art9,
                             a.declared->art10, a.declared->balancing_test});
       },
       [](const Activity& a) { return seen(a.observed->bases); }},
      {"categories_of_data_subjects",
       [](const Activity& a) { return terms(a.declared->data_subjects); }, nullptr},
      {"categories_of_personal_data",
       [](const Activity& a) { return declared_fields(*a.declared, false); },
       [](const Activity& a) { return seen(a.observed->fields); }},
      {"special_categories", [](const Activity& a) { return declared_fields(*a.declared, true); },
       seen_special},
      {"recipients", recipients, seen_recipients},
      {"transfers_to_third_countries",
       [country](const Activity& a) { return transfers(a, country); }, seen_transfers},
      {"safeguards", [safeguard](const Activity& a) { return transfers(a, safeguard); }, nullptr},
      {"time_limits_for_erasure", [](const Activity& a) { return time_limits(*a.declared); },
       nullptr},
      {"security_measures", [](const Activity& a) { return terms(a.controller.security_measures); },
       nullptr}};
}

// What is declared and was never seen, and what was seen and is not declared.
class Drift {
 public:
  explicit Drift(const Activity& activity) : activity_(activity) {}

  std::string words() {
    const DeclaredPurpose* declared = activity_.declared;
    const ObservedPurpose* observed = activity_.observed;
    if (declared == nullptr) {
      undeclared("the purpose", observed->answered);
      return text();
    }
    if (observed == nullptr || observed->answered.reads == 0) {
      unseen("the purpose");
      return text();
    }
    std::vector<std::string> apps;
    for (const policy::DeclaredApp& app : declared->apps) {
      apps.push_back(app.name);
    }
    std::vector<std::string> fields;
    for (const DeclaredField& field : declared->fields) {
      fields.push_back(field.name);
    }
    compare("app", apps, observed->apps);
    compare("field", fields, observed->fields);
    compare("basis", {declared->basis_name}, observed->bases);
    return text();
  }

 private:
  void unseen(const std::string& what) { unseen_.push_back(what); }
  void undeclared(const std::string& what, const replay::Sighting& sighting) {
    undeclared_.push_back(in_brackets(what, {last_seen(sighting)}));
  }
  void compare(const std::string& kind, const std::vector<std::string>& declared,
               const Sightings& observed) {
    for (const std::string& name : declared) {
      if (!observed.contains(name)) {
        unseen(kind + ' ' + name);
      }
    }
    for (const auto& [name, sighting] : observed) {
      if (std::find(declared.begin(), declared.end(), name) == declared.end()) {
        undeclared(kind + ' ' + name, sighting);
      }
    }
  }
  [[nodiscard]] std::string text() const {
    std::vector<std::string> parts;
    if (!undeclared_.empty()) {
      parts.push_back("observed but not declared: " + joined(undeclared_));
    }
    if (!unseen_.empty()) {
      parts.push_back("declared but never observed: " + joined(unseen_));
    }
    return parts.size() == 2 ? parts[0] + " | " + parts[1] : joined(parts);
  }

  const Activity& activity_;
  std::vector<std::string> unseen_;
  std::vector<std::string> undeclared_;
};

class RecordWriter {
 public:
  explicit RecordWriter(bool with_observed) : with_observed_(with_observed) {
    for (const Column& column : columns_) {
      cell(std::string(column.name));
      if (with_observed_) {
        cell(std::string(column.name) + "_observed");
      }
    }
    if (with_observed_) {
      cell("drift");
    }
    end_row();
  }

  void row(const Activity& activity) {
    for (const Column& column : columns_) {
      cell(activity.declared == nullptr ? std::string() : column.declared(activity));
      if (with_observed_) {
        cell(column.seen == nullptr         ? std::string(kNotInTheLog)
             : activity.observed == nullptr ? std::string("never")
                                            : column.seen(activity));
      }
    }
    if (with_observed_) {
      cell(Drift(activity).words());
    }
    end_row();
  }
  std::string take() { return std::move(out_); }

 private:
  void cell(const std::string& text) {
    out_ += at_start_ ? "" : ",";
    at_start_ = false;
    append_cell(out_, text);
  }
  void end_row() {
    out_ += "\r\n";
    at_start_ = true;
  }

  const std::vector<Column> columns_ = columns();
  bool with_observed_;
  bool at_start_ = true;
  std::string out_;
};

}  // namespace

std::string processing_record_csv(const ProcessingRegister& declared, const PolicySet& policy,
                                  const ObservedLog* observed) {
  RecordWriter writer(observed != nullptr);
  for (const DeclaredPurpose& purpose : declared.purposes) {
    Activity activity{declared, policy, purpose.name, &purpose, nullptr};
    if (observed != nullptr) {
      const auto found = observed->purposes.find(purpose.name);
      activity.observed = found == observed->purposes.end() ? nullptr : &found->second;
    }
    writer.row(activity);
  }
  if (observed != nullptr) {
    for (const auto& [name, purpose] : observed->purposes) {
      // What was only refused was received by nobody.
      if (policy.purpose(name) == policy::kUnknownIndex && purpose.answered.reads != 0) {
        writer.row({declared, policy, name, nullptr, &purpose});
      }
    }
  }
  return writer.take();
}

}  // namespace fieldgate::exporting
