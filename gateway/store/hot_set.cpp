#include "gateway/store/hot_set.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/store/clock_table.h"
#include "gateway/store/writer_turn.h"

namespace fieldgate::store {
namespace {

struct LinkKey {
  IdentifierType type = IdentifierType::kEmail;
  BlindIndex index;
  friend bool operator==(const LinkKey&, const LinkKey&) = default;
};

}  // namespace
}  // namespace fieldgate::store

template <>
struct std::hash<fieldgate::store::LinkKey> {
  std::size_t operator()(const fieldgate::store::LinkKey& key) const noexcept {
    return std::hash<fieldgate::BlindIndex>{}(key.index);
  }
};

namespace fieldgate::store {
namespace {

constexpr std::size_t kMaxShards = 64;
/// A shard below this size would turn people away that fit the whole.
constexpr std::size_t kMinShardBytes = std::size_t{1} << 20U;
/// Links kept for each person kept: one of each kind of identifier. Beyond it, those of people who
/// are no longer kept would crowd out people.
constexpr std::size_t kLinksPerPerson = 3;

using Versions = std::array<std::uint64_t, kMaxShards>;

/// The shared part: people by id, and links from identifiers to ids, in shards by hash.
///
/// Coherence: each shard counts writes. A fill notes the counters before its read transaction
/// begins, and is discarded when its shard's counter has moved. A writer moves it before its
/// commit, and again in the same locked step in which it corrects the shard after the commit. So
/// what an old transaction read either arrives before the correction, which undoes it, or is turned
/// away.
class HotSet {
 public:
  explicit HotSet(std::size_t max_bytes)
      : shard_count_(
            std::bit_floor(std::clamp(max_bytes / kMinShardBytes, std::size_t{1}, kMaxShards))),
        shard_bytes_(max_bytes / shard_count_) {}

  [[nodiscard]] bool keeps_nobody() const { return shard_bytes_ == 0; }

  [[nodiscard]] ProfilePtr person(const SubjectId& subject) {
    Shard& shard = shard_of(subject);
    const std::lock_guard lock(shard.mutex);
    const ProfilePtr* found = shard.people.find(subject);
    if (found == nullptr) {
      return nullptr;
    }
    ++shard.hits;
    return *found;
  }

  [[nodiscard]] bool holds(const SubjectId& subject) {
    Shard& shard = shard_of(subject);
    const std::lock_guard lock(shard.mutex);
    return shard.people.peek(subject) != nullptr;
  }

  [[nodiscard]] std::optional<SubjectId> linked(const LinkKey& link) {
    Shard& shard = shard_of(link);
    const std::lock_guard lock(shard.mutex);
    const SubjectId* found = shard.links.find(link);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  /// All counters, since a fill learns whom it is about only from its read.
  [[nodiscard]] Versions versions() const {
    Versions out;
    for (std::size_t i = 0; i < shard_count_; ++i) {
      out[i] = versions_[i].load(std::memory_order_acquire);
    }
    return out;
  }

  void fill(const ProfilePtr& profile, const Versions& noted) {
    const std::size_t number = number_of(profile->subject());
    Shard& shard = shards_[number];
    const std::lock_guard lock(shard.mutex);
    if (versions_[number].load(std::memory_order_relaxed) != noted[number] ||
        shard.people.peek(profile->subject()) != nullptr) {
      return;
    }
    const std::size_t bytes = profile->memory_bytes();
    if (bytes + shard.people.table_bytes() + shard.links.table_bytes() > shard_bytes_) {
      return;  // would not fit an empty shard, so nobody is sent away for it
    }
    while (shard.profile_bytes + bytes + shard.people.table_bytes_after_insert() +
               shard.links.table_bytes() >
           shard_bytes_) {
      if (shard.people.size() == 0) {
        return;
      }
      shard.profile_bytes -= shard.people.evict()->memory_bytes();
    }
    shard.people.insert(profile->subject(), profile);
    shard.profile_bytes += bytes;
  }

  void fill_link(const LinkKey& link, const SubjectId& subject, const Versions& noted) {
    const std::size_t number = number_of(link);
    Shard& shard = shards_[number];
    const std::lock_guard lock(shard.mutex);
    if (versions_[number].load(std::memory_order_relaxed) != noted[number] ||
        shard.links.peek(link) != nullptr) {
      return;
    }
    while (shard.links.size() > 0 &&
           shard.links.size() >= kLinksPerPerson * (shard.people.size() + 1)) {
      shard.links.evict();
    }
    while (shard.profile_bytes + shard.people.table_bytes() +
               shard.links.table_bytes_after_insert() >
           shard_bytes_) {
      if (shard.people.size() == 0) {
        return;
      }
      shard.profile_bytes -= shard.people.evict()->memory_bytes();
    }
    shard.links.insert(link, subject);
  }

  void announce(const SubjectId& subject) { bump(number_of(subject)); }
  void announce(const LinkKey& link) { bump(number_of(link)); }

  /// Puts the new state in the place of the old one where that is kept; forgets the person when
  /// `profile` is null.
  void correct(const SubjectId& subject, const ProfilePtr& profile) {
    const std::size_t number = number_of(subject);
    Shard& shard = shards_[number];
    const std::lock_guard lock(shard.mutex);
    bump(number);
    ProfilePtr* kept = shard.people.peek(subject);
    if (kept == nullptr) {
      return;
    }
    shard.profile_bytes -= (*kept)->memory_bytes();
    if (profile == nullptr) {
      shard.people.erase(subject);
      return;
    }
    *kept = profile;
    shard.profile_bytes += profile->memory_bytes();
    while (shard.bytes() > shard_bytes_ && shard.people.size() > 0) {
      shard.profile_bytes -= shard.people.evict()->memory_bytes();
    }
  }

  void forget(const LinkKey& link) {
    const std::size_t number = number_of(link);
    Shard& shard = shards_[number];
    const std::lock_guard lock(shard.mutex);
    bump(number);
    shard.links.erase(link);
  }

  void count_miss() { misses_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] HotSetCounters counters() const {
    HotSetCounters total;
    total.misses = misses_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < shard_count_; ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      total.hits += shards_[i].hits;
      total.bytes += shards_[i].bytes();
      total.people += shards_[i].people.size();
    }
    return total;
  }

 private:
  struct alignas(64) Shard {
    mutable std::mutex mutex;  // guards the rest
    ClockTable<SubjectId, ProfilePtr> people;
    ClockTable<LinkKey, SubjectId> links;
    std::size_t profile_bytes = 0;
    std::uint64_t hits = 0;
    [[nodiscard]] std::size_t bytes() const {
      return profile_bytes + people.table_bytes() + links.table_bytes();
    }
  };

  template <class Key>
  [[nodiscard]] std::size_t number_of(const Key& key) const {
    return std::hash<Key>{}(key) & (shard_count_ - 1);
  }
  template <class Key>
  [[nodiscard]] Shard& shard_of(const Key& key) {
    return shards_[number_of(key)];
  }
  void bump(std::size_t number) { versions_[number].fetch_add(1, std::memory_order_acq_rel); }

  std::size_t shard_count_;
  std::size_t shard_bytes_;
  std::array<Shard, kMaxShards> shards_;
  std::array<std::atomic<std::uint64_t>, kMaxShards> versions_{};
  std::atomic<std::uint64_t> misses_{0};
};

/// A read opens several of the person's fields, each on cache lines of its own: they are asked for
/// together, rather than waited for one by one.
constexpr std::size_t kPrefetchedBytes = 2048;
constexpr std::size_t kCacheLineBytes = 64;

void prefetch(const Profile& profile) {
  const auto* const begin = reinterpret_cast<const char*>(&profile);
  const std::size_t bytes = std::min(profile.memory_bytes(), kPrefetchedBytes);
  for (std::size_t at = kCacheLineBytes; at < bytes; at += kCacheLineBytes) {
    __builtin_prefetch(begin + at);
  }
}

class HotReader final : public Reader {
 public:
  HotReader(HotSet& set, std::unique_ptr<Reader> inner) : set_(set), inner_(std::move(inner)) {}

  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    const LinkKey link{type, index};
    if (!set_.keeps_nobody()) {
      if (const std::optional<SubjectId> subject = set_.linked(link); subject.has_value()) {
        if (ProfilePtr kept = find_kept(*subject); kept != nullptr) {
          return kept;
        }
      }
    }
    set_.count_miss();
    const Versions noted = set_.versions();
    FIELDGATE_TRY(ProfilePtr profile, inner_->find(type, index));
    if (profile != nullptr && !set_.keeps_nobody()) {
      set_.fill(profile, noted);
      set_.fill_link(link, profile->subject(), noted);
    }
    return profile;
  }

  Result<ProfilePtr> load(const SubjectId& subject) override {
    if (!set_.keeps_nobody()) {
      if (ProfilePtr kept = find_kept(subject); kept != nullptr) {
        return kept;
      }
    }
    set_.count_miss();
    const Versions noted = set_.versions();
    FIELDGATE_TRY(ProfilePtr profile, inner_->load(subject));
    if (profile != nullptr && !set_.keeps_nobody()) {
      set_.fill(profile, noted);
    }
    return profile;
  }

  Result<std::vector<ConsentRecord>> consent_history(const SubjectId& subject, NameId purpose,
                                                     const HistoryPage& page) override {
    return inner_->consent_history(subject, purpose, page);
  }
  Result<std::optional<ConsentRecord>> consent_record(std::string_view id) override {
    return inner_->consent_record(id);
  }
  Result<std::vector<ObjectionRecord>> objection_history(const SubjectId& subject) override {
    return inner_->objection_history(subject);
  }
  Result<std::vector<RestrictionRecord>> restriction_history(const SubjectId& subject) override {
    return inner_->restriction_history(subject);
  }
  Result<std::uint64_t> count_profiles() override { return inner_->count_profiles(); }

 private:
  ProfilePtr find_kept(const SubjectId& subject) {
    ProfilePtr kept = set_.person(subject);
    if (kept != nullptr) {
      prefetch(*kept);
    }
    return kept;
  }

  HotSet& set_;
  std::unique_ptr<Reader> inner_;
};

class HotTransaction final : public Transaction {
 public:
  HotTransaction(HotSet& set, WriterTurn turn, std::unique_ptr<Transaction> inner)
      : set_(set), turn_(std::move(turn)), inner_(std::move(inner)) {}

  Result<bool> is_linked(IdentifierType type, const BlindIndex& index) override {
    return inner_->is_linked(type, index);
  }
  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    return inner_->find(type, index);
  }
  Result<ProfilePtr> load(const SubjectId& subject) override { return inner_->load(subject); }

  Result<void> put(const ProfileWrite& write) override {
    subjects_.push_back(write.subject);
    for (const std::vector<IdentifierLink>* changed : {&write.add_links, &write.remove_links}) {
      for (const IdentifierLink& link : *changed) {
        links_.push_back({link.type, link.index});
      }
    }
    return inner_->put(write);
  }
  Result<void> append_consent(ConsentRecord& record) override {
    subjects_.push_back(record.subject);
    return inner_->append_consent(record);
  }
  Result<void> append_objection(const ObjectionRecord& record) override {
    subjects_.push_back(record.subject);
    return inner_->append_objection(record);
  }
  Result<void> append_restriction(const RestrictionRecord& record) override {
    subjects_.push_back(record.subject);
    return inner_->append_restriction(record);
  }
  Result<void> add_credential(const Credential& credential) override {
    return inner_->add_credential(credential);
  }
  Result<void> revoke_credential(std::string_view prefix, UtcTime at) override {
    return inner_->revoke_credential(prefix, at);
  }

  Result<void> commit() override {
    std::sort(subjects_.begin(), subjects_.end());
    subjects_.erase(std::unique(subjects_.begin(), subjects_.end()), subjects_.end());
    std::vector<ProfilePtr> states = states_of_kept();
    for (const SubjectId& subject : subjects_) {
      set_.announce(subject);
    }
    for (const LinkKey& link : links_) {
      set_.announce(link);
    }
    Result<void> done = inner_->commit();
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      // After a failed commit the set must not know better than the disk.
      set_.correct(subjects_[i], done.has_value() ? states[i] : nullptr);
    }
    for (const LinkKey& link : links_) {
      set_.forget(link);
    }
    subjects_.clear();
    links_.clear();
    turn_.end();
    return done;
  }

 private:
  /// What the transaction leaves of the touched people that the set keeps; null for the others,
  /// and where it cannot be told.
  std::vector<ProfilePtr> states_of_kept() {
    std::vector<ProfilePtr> states(subjects_.size());
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      if (set_.holds(subjects_[i])) {
        Result<ProfilePtr> state = inner_->load(subjects_[i]);
        if (state.has_value()) {
          states[i] = std::move(*state);
        }
      }
    }
    return states;
  }

  HotSet& set_;
  WriterTurn turn_;  // until the set is correct: the next writer must not be overtaken
  std::unique_ptr<Transaction> inner_;
  std::vector<SubjectId> subjects_;
  std::vector<LinkKey> links_;
};

class HotSetStore final : public HotStore {
 public:
  HotSetStore(std::unique_ptr<ProfileStore> inner, std::size_t max_bytes)
      : inner_(std::move(inner)), set_(max_bytes) {}

  Names& names() override { return inner_->names(); }
  Result<std::unique_ptr<Reader>> reader() override {
    FIELDGATE_TRY(std::unique_ptr<Reader> inner, inner_->reader());
    return std::unique_ptr<Reader>(std::make_unique<HotReader>(set_, std::move(inner)));
  }
  Result<std::unique_ptr<Reader>> passing_reader() override { return inner_->reader(); }
  Result<std::unique_ptr<Transaction>> begin() override {
    WriterTurn turn(gate_);
    FIELDGATE_TRY(std::unique_ptr<Transaction> inner, inner_->begin());
    return std::unique_ptr<Transaction>(
        std::make_unique<HotTransaction>(set_, std::move(turn), std::move(inner)));
  }
  Result<std::vector<Credential>> credentials() override { return inner_->credentials(); }
  bool failed() const override { return inner_->failed(); }
  HotSetCounters counters() const override { return set_.counters(); }

 private:
  std::unique_ptr<ProfileStore> inner_;
  WriterGate gate_;
  HotSet set_;
};

}  // namespace

std::unique_ptr<HotStore> make_hot_store(std::unique_ptr<ProfileStore> inner,
                                         std::size_t max_bytes) {
  return std::make_unique<HotSetStore>(std::move(inner), max_bytes);
}

}  // namespace fieldgate::store
