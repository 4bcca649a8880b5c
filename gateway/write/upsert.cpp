#include "gateway/write/upsert.h"

#include "gateway/read_path/decision_facts.h"
#include "gateway/values/values.h"

#include <algorithm>

namespace fieldgate::write {

namespace {

using importing::PersonField;
using importing::PersonIdentifier;
using importing::PersonRow;

// The row's identifiers, and those that stand in its direct identifier fields.
std::vector<PersonIdentifier> all_identifiers(const policy::PolicySet& policy,
                                              const PersonRow& row) {
  std::vector<PersonIdentifier> all = row.identifiers;
  for (const PersonField& field : row.fields) {
    const policy::Field& described = policy.fields()[field.field];
    if (!described.identifier_direct) {
      continue;
    }
    PersonIdentifier found;
    if (described.type == policy::FieldType::kEmail) {
      found.type = IdentifierType::kEmail;
    } else if (described.type == policy::FieldType::kPhone) {
      found.type = IdentifierType::kPhone;
    } else {
      continue;
    }
    found.normalised = field.plaintext;  // canonical already: values::encode_value normalised it
    if (std::find(all.begin(), all.end(), found) == all.end()) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

// Who the row is about; null for nobody yet.
Result<store::ProfilePtr> find_person(store::Transaction& transaction,
                                      const std::vector<store::IdentifierLink>& links) {
  store::ProfilePtr person;
  bool named = false;  // by something that leads to one person only
  for (const store::IdentifierLink& link : links) {
    if (link.type == IdentifierType::kPhone) {
      continue;
    }
    named = true;
    FIELDGATE_TRY(store::ProfilePtr found, transaction.find(link.type, link.index));
    if (found == nullptr) {
      continue;
    }
    if (person != nullptr && person->subject() != found->subject()) {
      return make_error(ErrorCode::kConflict,
                        "the identifiers belong to two different people; nothing was written",
                        "two-people");
    }
    person = std::move(found);
  }
  if (named) {
    return person;
  }
  for (const store::IdentifierLink& link : links) {
    FIELDGATE_TRY(const bool known, transaction.is_linked(link.type, link.index));
    if (known) {
      return make_error(ErrorCode::kConflict,
                        "a phone number alone does not name a person; add an e-mail address or an "
                        "account id",
                        "phone-alone");
    }
  }
  return store::ProfilePtr{};
}

const store::StoredField* stored_field(const store::Profile* person, store::NameId name) {
  if (person == nullptr) {
    return nullptr;
  }
  for (const store::StoredField& field : person->fields()) {
    if (field.field == name) {
      return &field;
    }
  }
  return nullptr;
}

SubjectId new_subject(Random& random) {
  SubjectId subject;
  random.fill(subject.bytes);
  return subject;
}

Result<store::NameId> intern_source(store::Names& names, std::string_view source) {
  if (const store::NameId known = names.find(source); known != store::kNoName) {
    return known;
  }
  if (names.size() >= kMaxNamesForSources) {
    return make_error(
        ErrorCode::kInvalid,
        "there are too many different sources; name kinds of sources, not single ones",
        "too-many-sources");
  }
  return names.intern(source);
}

// Seals each value of the row that is newer than what is stored.
Result<std::vector<const PersonField*>> seal_fields(
    const Sealing& sealing, const read_path::BoundPolicy& policy, const store::Profile* person,
    const crypto::SubjectKey& key, const PersonRow& row, store::ProfileWrite& write) {
  std::vector<const PersonField*> taken;
  crypto::FieldContext context;
  context.tenant = sealing.keyring.tenant();
  context.subject = write.subject;
  for (const PersonField& field : row.fields) {
    const policy::Field& described = policy.set().fields()[field.field];
    const store::NameId name = policy.name_of_field(field.field);
    const store::StoredField* old = stored_field(person, name);
    if (old != nullptr && old->collected_at > field.collected_at) {
      continue;
    }
    context.field = described.name;
    context.type = values::value_type(described.type);
    context.value_version = old == nullptr ? 1 : old->value_version + 1;
    store::FieldWrite value;
    value.field = name;
    FIELDGATE_TRY(value.source, intern_source(sealing.names, field.source));
    value.type = static_cast<std::uint8_t>(context.type);
    value.value_version = context.value_version;
    value.collected_at = field.collected_at;
    FIELDGATE_TRY(value.sealed,
                  crypto::seal_field(key, context, as_bytes(field.plaintext), sealing.random));
    write.fields.push_back(std::move(value));
    taken.push_back(&field);
  }
  return taken;
}

// Birth date and country are sealed a second time, apart, for the decision alone.
Result<void> seal_facts(const Sealing& sealing, const policy::PolicySet& policy,
                        const store::Profile* person, const crypto::SubjectKey& key,
                        const std::vector<const PersonField*>& taken, store::ProfileWrite& write) {
  read_path::DecisionFacts facts;
  if (person != nullptr) {
    FIELDGATE_TRY(facts, read_path::open_facts(sealing.keyring, key, *person));
  }
  bool changed = false;
  for (const PersonField* field : taken) {
    if (field->field == policy.birth_date_field()) {
      facts.birth_date = parse_date(field->plaintext);
      changed = true;
    } else if (field->field == policy.country_field()) {
      facts.country = policy::parse_country(field->plaintext);
      changed = true;
    }
  }
  if (!changed) {
    return ok();
  }
  write.facts_version = person == nullptr ? 1 : person->facts_version() + 1;
  const std::string plain = read_path::encode_decision_facts(facts);
  FIELDGATE_TRY(write.facts,
                crypto::seal_field(key,
                                   read_path::facts_context(sealing.keyring.tenant(), write.subject,
                                                            write.facts_version),
                                   as_bytes(plain), sealing.random));
  return ok();
}

}  // namespace

Result<Upserted> upsert_person(const Sealing& sealing, const read_path::BoundPolicy& policy,
                               store::Transaction& transaction, const PersonRow& row) {
  const std::vector<PersonIdentifier> identifiers = all_identifiers(policy.set(), row);
  std::vector<store::IdentifierLink> links;
  links.reserve(identifiers.size());
  for (const PersonIdentifier& identifier : identifiers) {
    links.push_back({identifier.type, crypto::kNormaliserProfile,
                     sealing.indexer.index(identifier.type, identifier.normalised)});
  }
  FIELDGATE_TRY(const store::ProfilePtr person, find_person(transaction, links));
  if (person != nullptr && person->wrapped_key().empty()) {
    // The same words as for any conflict: that somebody was erased is for the officer alone.
    return make_error(ErrorCode::kConflict,
                      "these identifiers cannot be written; nothing was written", "conflict");
  }

  store::ProfileWrite write;
  write.create = person == nullptr;
  write.subject = write.create ? new_subject(sealing.random) : person->subject();
  write.add_links = std::move(links);
  crypto::SubjectKey key;
  if (write.create) {
    key = sealing.keyring.make_subject_key(sealing.random);
    write.wrapped_key = sealing.keyring.wrap_subject_key(write.subject, key, sealing.random);
  } else {
    FIELDGATE_TRY(key, sealing.keyring.unwrap_subject_key(write.subject, person->wrapped_key()));
  }
  FIELDGATE_TRY(const auto taken, seal_fields(sealing, policy, person.get(), key, row, write));
  FIELDGATE_CHECK_OK(seal_facts(sealing, policy.set(), person.get(), key, taken, write));
  FIELDGATE_CHECK_OK(transaction.put(write));
  Upserted upserted{write.subject, write.create, {}};
  for (const PersonField* field : taken) {
    upserted.written.set(field->field);
  }
  return upserted;
}

}  // namespace fieldgate::write
