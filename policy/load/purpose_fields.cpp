#include "policy/load/purpose_fields.h"
#include "policy/model/transforms.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

std::uint16_t domain_index(CompiledPolicy& policy, const std::string& name) {
  const auto found = std::find(policy.domains_.begin(), policy.domains_.end(), name);
  if (found != policy.domains_.end()) {
    return static_cast<std::uint16_t>(found - policy.domains_.begin());
  }
  policy.domains_.push_back(name);
  return static_cast<std::uint16_t>(policy.domains_.size() - 1);
}

std::optional<Transform> read_transform(Draft& draft, const NodeRef& node) {
  static const std::vector<std::string> kKeys{"mask", "generalise", "pseudonymise", "round"};
  if (node.is_scalar()) {
    if (node.node->scalar == "show") {
      return Transform{};
    }
    const auto word = draft.read.read_text(node, "what is done to the field");
    if (word) {
      draft.read.unknown(node.place(), "unknown-transform", "transform", *word, {"show"});
    }
    return std::nullopt;
  }
  const auto entries = draft.read.read_map(node, "what is done to the field");
  if (!entries) {
    return std::nullopt;
  }
  if (entries->size() != 1) {
    draft.read.error(node.place(), "bad-transform", "a field takes exactly one transform",
                     "for example {mask: last-4}");
    return std::nullopt;
  }
  const EntryRef& entry = entries->front();
  if (std::find(kKeys.begin(), kKeys.end(), entry.name()) == kKeys.end()) {
    draft.read.unknown(entry.key.place(), "unknown-transform", "transform", entry.name(), kKeys);
    return std::nullopt;
  }
  Transform transform;
  if (entry.name() == "pseudonymise") {
    const auto domain = draft.read.read_name(entry.value, "a pseudonym's domain");
    if (!domain) {
      return std::nullopt;
    }
    transform.kind = TransformKind::kPseudonymise;
    transform.domain = domain_index(draft.policy, *domain);
    return transform;
  }
  const auto value = draft.read.read_text(entry.value, "`" + entry.name() + "`");
  if (!value) {
    return std::nullopt;
  }
  const auto kind = parse_transform(entry.name(), *value);
  if (!kind) {
    draft.read.unknown(entry.value.place(), "unknown-transform", entry.name() + " value", *value,
                       transform_values(entry.name()));
    return std::nullopt;
  }
  transform.kind = *kind;
  return transform;
}

// Decision rule 15: the condition stands beside the basis, and consent is no law.
void check_special(Draft& draft, const Field& field, const Place& where, const Purpose& purpose,
                   const PurposeRules& rules) {
  if (field.special == Special::kArt9 && purpose.art9.empty()) {
    draft.read.error(where, "art9-condition-missing",
                     "`" + field.name + "` is special data and the purpose has no `art9` condition",
                     "add a condition of Art. 9(2), such as art9: explicit-consent", "GDPR 9(2)");
  }
  if (field.special == Special::kArt10 && rules.art10.empty()) {
    draft.read.error(where, "art10-law-missing",
                     "`" + field.name + "` is about offences and the purpose names no law",
                     "name the law in `art10`; consent is not enough", "GDPR 10");
  }
}

void add_rule(Draft& draft, const EntryRef& entry, std::uint8_t level, const Purpose& purpose,
              PurposeRules& rules) {
  const std::string& name = entry.name();
  FieldIndex index = kUnknownIndex;
  if (!is_ambiguous_plain(*entry.key.node)) {
    index = find_name(draft.policy.field_names_, name);
  }
  if (index == kUnknownIndex) {
    if (const auto text = draft.read.read_text(entry.key, "a field's name")) {
      index = resolve(draft, draft.policy.field_names_, "field", {*text, entry.key.place()});
    } else {
      return;
    }
  }
  const auto transform = read_transform(draft, entry.value);
  if (index == kUnknownIndex || !transform) {
    draft.read.mean(name);  // the purpose was to read it
    return;
  }
  const Field& field = draft.policy.fields_[index];
  check_special(draft, field, entry.key.place(), purpose, rules);
  if (!transform_fits(transform->kind, field.type)) {
    draft.read.error(entry.value.place(), "transform-type",
                     "this transform cannot be done to `" + name + "`, given the field's type");
    draft.read.mean(name);
    return;
  }
  if (!rules.fields.test(index)) {
    rules.fields.set(index);
    rules.rules.push_back({index, *transform, level, entry.key.place(), std::nullopt});
    return;
  }
  const auto known = std::find_if(rules.rules.begin(), rules.rules.end(),
                                  [&](const FieldRule& rule) { return rule.field == index; });
  // Two lines for one field (decision rule 33): the narrower one counts, and both are named.
  const auto narrower = narrower_of(known->transform, *transform);
  if (!narrower) {
    draft.read.error(entry.value.place(), "conflicting-rules",
                     "`" + name + "` has two rules and neither is the narrower one",
                     "keep the one of line " + std::to_string(known->where.line) + " or this one");
    return;
  }
  draft.read.warning(entry.key.place(), "listed-twice",
                     "`" + name + "` stands in line " + std::to_string(known->where.line) +
                         " too; the narrower rule counts",
                     "keep one of the two");
  known->transform = *narrower;
  known->narrowed_by = entry.key.place();
}

void keep_for(Draft& draft, const NodeRef& node, FieldSet fields, PurposeRules& rules) {
  if (node.is_scalar() && node.node->scalar == "until-withdrawn") {
    rules.keeps_until_withdrawn = true;
    rules.without_keep = rules.without_keep - fields;
    return;
  }
  const auto period = draft.read.read_period(node, "`keep`");
  if (!period) {
    return;
  }
  rules.without_keep = rules.without_keep - fields;
  for (RetentionClass& known : rules.retention) {
    if (known.period == *period) {
      known.fields = known.fields | fields;
      return;
    }
  }
  rules.retention.push_back({*period, fields, node.place()});
}

}  // namespace

void read_purpose_fields(Draft& draft, const EntryRef& entry, Purpose& purpose,
                         PurposeRules& rules) {
  if (const NodeRef fields = draft.read.require(entry.value, entry.key.place(), "fields",
                                                "the purpose", "GDPR 5(1)(c)")) {
    if (const auto entries = draft.read.read_map(fields, "`fields`", true)) {
      for (const EntryRef& field : *entries) {
        add_rule(draft, field, 0, purpose, rules);
      }
    }
  }
  rules.levels_where = entry.key.place();
  const NodeRef levels = entry.value.find("levels");
  if (!levels) {
    return;
  }
  rules.levels_where = levels.place();
  if (!rules.needs_consent && rules.basis_where.line != 0) {
    draft.read.error(levels.place(), "levels-without-consent",
                     "a purpose that does not rest on consent has no levels to choose from",
                     "remove `levels`", "GDPR 13(1)(c)");
    draft.policy.fields_known_ = false;
    return;
  }
  const auto entries = draft.read.read_map(levels, "`levels`");
  if (!entries) {
    return;
  }
  if (entries->empty()) {
    draft.read.error(levels.place(), "empty-map", "`levels` must name at least one level");
  }
  if (entries->size() > kMaxLevels) {
    draft.read.error((*entries)[kMaxLevels].key.place(), "too-many",
                     "a purpose has at most " + std::to_string(kMaxLevels) + " levels");
    return;
  }
  for (std::size_t level = 0; level < entries->size(); ++level) {
    const EntryRef& one = (*entries)[level];
    if (!draft.read.read_name(one.key, "a level's name")) {
      continue;
    }
    if (one.name() == "off") {
      draft.read.error(one.key.place(), "reserved-name", "`off` is a refusal and cannot be a level",
                       "give the level another name");
      continue;
    }
    purpose.levels.push_back({one.name()});
    rules.level_places.push_back(one.key.place());
    const auto fields = draft.read.read_map(one.value, "a level", true);
    for (const EntryRef& field : fields.value_or(std::vector<EntryRef>{})) {
      add_rule(draft, field, static_cast<std::uint8_t>(level), purpose, rules);
    }
  }
}

void read_keep(Draft& draft, const EntryRef& entry, PurposeRules& rules) {
  rules.without_keep = rules.fields;
  rules.keep_where = entry.key.place();
  const NodeRef keep = entry.value.find("keep");
  if (!keep) {
    return;
  }
  rules.keep_where = keep.place();
  if (!keep.is_map()) {
    keep_for(draft, keep, rules.without_keep, rules);
    return;
  }
  NodeRef fallback;
  const auto entries = draft.read.read_map(keep, "`keep`");
  if (!entries) {
    return;
  }
  for (const EntryRef& one : *entries) {
    if (one.name() == "default") {
      fallback = one.value;
      continue;
    }
    const FieldIndex field =
        resolve(draft, draft.policy.field_names_, "field", {one.name(), one.key.place()});
    if (field == kUnknownIndex) {
      continue;
    }
    FieldSet single;
    single.set(field);
    if ((single & rules.fields).empty()) {
      draft.read.error(one.key.place(), "keep-of-other-field",
                       "`" + one.name() + "` is kept here and is no field of the purpose",
                       "remove the line, or list the field");
      continue;
    }
    keep_for(draft, one.value, single, rules);
  }
  if (fallback) {
    keep_for(draft, fallback, rules.without_keep, rules);
  }
}

void compile_masks(PurposeRules& rules, std::size_t field_count) {
  std::size_t levels = std::max<std::size_t>(1, rules.level_places.size());
  rules.released_at.assign(levels, FieldSet{});
  rules.transforms.assign(field_count, Transform{});
  for (const FieldRule& rule : rules.rules) {
    rules.transforms[rule.field] = rule.transform;
    for (std::size_t level = rule.level; level < levels; ++level) {
      rules.released_at[level].set(rule.field);
    }
  }
}

}  // namespace fieldgate::policy
