#include "gateway/store/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "gateway/store/ledger_fold.h"
#include "gateway/store/name_table.h"
#include "gateway/store/snapshot.h"
#include "gateway/store/store_errors.h"
#include "gateway/store/writer_turn.h"

namespace fieldgate::store {
namespace {

using LinkKey = std::pair<IdentifierType, BlindIndex>;

/// Everything stored. Immutable once published, so a reader needs the lock only to get hold of it.
struct Content {
  std::unordered_map<SubjectId, ProfilePtr> people;
  std::map<LinkKey, std::set<SubjectId>> links;
  std::vector<ConsentRecord> consents;
  std::vector<ObjectionRecord> objections;
  std::vector<RestrictionRecord> restrictions;
  std::map<std::string, Credential, std::less<>> credentials;
};

ProfilePtr find_in(const Content& content, IdentifierType type, const BlindIndex& index) {
  const auto link = content.links.find({type, index});
  if (link == content.links.end() || link->second.size() != 1) {
    return nullptr;
  }
  const auto person = content.people.find(*link->second.begin());
  return person == content.people.end() ? nullptr : person->second;
}

ProfilePtr load_from(const Content& content, const SubjectId& subject) {
  const auto person = content.people.find(subject);
  return person == content.people.end() ? nullptr : person->second;
}

template <class Record>
std::vector<Record> of_subject(const std::vector<Record>& records, const SubjectId& subject) {
  std::vector<Record> out;
  std::copy_if(records.begin(), records.end(), std::back_inserter(out),
               [&subject](const Record& record) { return record.subject == subject; });
  return out;
}

template <class Record>
bool has_id(const std::vector<Record>& records, const std::string& id) {
  return std::any_of(records.begin(), records.end(),
                     [&id](const Record& record) { return record.id == id; });
}

class MemoryNames final : public Names {
 public:
  Result<NameId> intern(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    if (const NameId known = table_.find(name); known != kNoName) {
      return known;
    }
    FIELDGATE_TRY(const NameId id, table_.next_id(name));
    table_.add(name);
    return id;
  }
  NameId find(std::string_view name) const override { return table_.find(name); }
  std::string_view name(NameId id) const override { return table_.name(id); }
  std::size_t size() const override { return table_.size(); }

 private:
  std::mutex mutex_;  // one `add` at a time
  NameTable table_;
};

class MemoryStore final : public ProfileStore {
 public:
  Names& names() override { return names_; }
  bool failed() const override { return false; }
  Result<std::unique_ptr<Reader>> reader() override;
  Result<std::unique_ptr<Transaction>> begin() override;
  Result<std::vector<Credential>> credentials() override {
    std::vector<Credential> out;
    for (const auto& [prefix, credential] : content()->credentials) {
      out.push_back(credential);
    }
    return out;
  }

  std::shared_ptr<const Content> content() const {
    const std::lock_guard lock(mutex_);
    return content_;
  }
  void publish(std::shared_ptr<const Content> content) {
    const std::lock_guard lock(mutex_);
    content_ = std::move(content);
  }
  WriterGate& gate() { return gate_; }

 private:
  MemoryNames names_;
  WriterGate gate_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Content> content_ = std::make_shared<Content>();  // guarded by mutex_
};

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const MemoryStore& store) : store_(store) {}

  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    return find_in(*store_.content(), type, index);
  }
  Result<ProfilePtr> load(const SubjectId& subject) override {
    return load_from(*store_.content(), subject);
  }
  Result<std::vector<ConsentRecord>> consent_history(const SubjectId& subject, NameId purpose,
                                                     const HistoryPage& page) override {
    const std::shared_ptr<const Content> content = store_.content();
    std::vector<ConsentRecord> out;
    bool reached = page.after.empty();
    for (const ConsentRecord& record : content->consents) {
      if (reached && out.size() < std::min(page.limit, kMaxHistoryPage) &&
          record.subject == subject && (purpose == kNoName || record.purpose == purpose)) {
        out.push_back(record);
      }
      reached = reached || record.id == page.after;
    }
    return out;
  }
  Result<std::optional<ConsentRecord>> consent_record(std::string_view id) override {
    const std::shared_ptr<const Content> content = store_.content();
    for (const ConsentRecord& record : content->consents) {
      if (record.id == id) {
        return std::optional(record);
      }
    }
    return std::optional<ConsentRecord>();
  }
  Result<std::vector<ObjectionRecord>> objection_history(const SubjectId& subject) override {
    return of_subject(store_.content()->objections, subject);
  }
  Result<std::vector<RestrictionRecord>> restriction_history(const SubjectId& subject) override {
    return of_subject(store_.content()->restrictions, subject);
  }
  Result<std::uint64_t> count_profiles() override { return store_.content()->people.size(); }

 private:
  const MemoryStore& store_;
};

class MemoryTransaction final : public Transaction {
 public:
  explicit MemoryTransaction(MemoryStore& store)
      : store_(store), turn_(store.gate()), content_(std::make_shared<Content>(*store.content())) {}

  Result<bool> is_linked(IdentifierType type, const BlindIndex& index) override {
    FIELDGATE_CHECK_OK(still_open());
    const auto link = content_->links.find({type, index});
    return link != content_->links.end() && !link->second.empty();
  }
  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    FIELDGATE_CHECK_OK(still_open());
    return find_in(*content_, type, index);
  }
  Result<ProfilePtr> load(const SubjectId& subject) override {
    FIELDGATE_CHECK_OK(still_open());
    return load_from(*content_, subject);
  }

  Result<void> put(const ProfileWrite& write) override {
    FIELDGATE_CHECK_OK(still_open());
    ProfilePtr& person = content_->people[write.subject];
    Result<void> done = put_person(write, person);
    if (person == nullptr) {
      content_->people.erase(write.subject);
    }
    return done;
  }

  Result<void> append_consent(ConsentRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    FIELDGATE_TRY(ProfileState state, state_for(content_->consents, record));
    FIELDGATE_CHECK_OK(fold_consent(state, record));
    FIELDGATE_CHECK_OK(replace(record.subject, state));
    content_->consents.push_back(record);
    return ok();
  }
  Result<void> append_objection(const ObjectionRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    FIELDGATE_TRY(ProfileState state, state_for(content_->objections, record));
    FIELDGATE_CHECK_OK(fold_objection(state, record));
    FIELDGATE_CHECK_OK(replace(record.subject, state));
    content_->objections.push_back(record);
    return ok();
  }
  Result<void> append_restriction(const RestrictionRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    FIELDGATE_TRY(ProfileState state, state_for(content_->restrictions, record));
    fold_restriction(state, record);
    FIELDGATE_CHECK_OK(replace(record.subject, state));
    content_->restrictions.push_back(record);
    return ok();
  }

  Result<void> add_credential(const Credential& credential) override {
    FIELDGATE_CHECK_OK(still_open());
    if (!content_->credentials.emplace(credential.prefix, credential).second) {
      return prefix_taken();
    }
    return ok();
  }
  Result<void> revoke_credential(std::string_view prefix, UtcTime at) override {
    FIELDGATE_CHECK_OK(still_open());
    const auto found = content_->credentials.find(prefix);
    if (found == content_->credentials.end()) {
      return credential_unknown();
    }
    if (!found->second.revoked.has_value()) {
      found->second.revoked = at;
    }
    return ok();
  }

  Result<void> commit() override {
    FIELDGATE_CHECK_OK(still_open());
    store_.publish(std::exchange(content_, nullptr));
    turn_.end();
    return ok();
  }

 private:
  Result<void> still_open() const {
    if (content_ == nullptr) {
      return transaction_over();
    }
    return ok();
  }

  Result<void> put_person(const ProfileWrite& write, ProfilePtr& person) {
    if (write.create && person != nullptr) {
      return person_exists();
    }
    if (!write.create && person == nullptr) {
      return person_unknown();
    }
    if (write.create && write.wrapped_key.empty()) {
      return key_missing();
    }
    for (const IdentifierLink& link : write.add_links) {
      const auto found = content_->links.find({link.type, link.index});
      if (leads_to_one_person(link.type) && found != content_->links.end() &&
          !found->second.contains(write.subject)) {
        return link_taken();
      }
    }
    ProfileState state = person == nullptr ? ProfileState{} : state_of(*person);
    FIELDGATE_CHECK_OK(apply_write(state, write));
    const ByteView key =
        write.wrapped_key.empty() ? person->wrapped_key() : ByteView(write.wrapped_key);
    encode_state(state, encoded_);
    FIELDGATE_TRY(person, make_profile(write.subject, key, encoded_));
    // Removed first: a link that is named in both lists stays.
    for (const IdentifierLink& link : write.remove_links) {
      const auto found = content_->links.find({link.type, link.index});
      if (found != content_->links.end()) {
        found->second.erase(write.subject);
        if (found->second.empty()) {
          content_->links.erase(found);
        }
      }
    }
    for (const IdentifierLink& link : write.add_links) {
      content_->links[{link.type, link.index}].insert(write.subject);
    }
    return ok();
  }

  template <class Record>
  Result<ProfileState> state_for(const std::vector<Record>& ledger, const Record& record) const {
    const ProfilePtr person = load_from(*content_, record.subject);
    if (person == nullptr) {
      return person_unknown();
    }
    if (has_id(ledger, record.id)) {
      return record_exists();
    }
    return state_of(*person);
  }

  Result<void> replace(const SubjectId& subject, const ProfileState& state) {
    ProfilePtr& person = content_->people[subject];
    encode_state(state, encoded_);
    FIELDGATE_TRY(person, make_profile(subject, person->wrapped_key(), encoded_));
    return ok();
  }

  MemoryStore& store_;
  WriterTurn turn_;
  std::shared_ptr<Content> content_;  // empty once committed
  Bytes encoded_;
};

Result<std::unique_ptr<Reader>> MemoryStore::reader() {
  return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(*this));
}

Result<std::unique_ptr<Transaction>> MemoryStore::begin() {
  return std::unique_ptr<Transaction>(std::make_unique<MemoryTransaction>(*this));
}

}  // namespace

std::unique_ptr<ProfileStore> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace fieldgate::store
