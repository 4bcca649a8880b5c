#include "gateway/store/snapshot.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace fieldgate::store {
namespace {

// The layout, all integers big-endian:
//   header     version 1, flags 1, fields 2, consents 2, objections 2, facts length 4,
//              facts version 8, restricted since 8
//   field      name 2, source 2, type 1, value version 8, collected 8, sealed length 4
//   consent    purpose 2, level 2, text 2, status 1, flags 1, at 8, last refusal 8
//   objection  purpose 2, status 1, at 8
//   then the facts and the sealed values, in the order of their entries, and nothing else.
constexpr std::size_t kHeaderBytes = 28;
constexpr std::size_t kFieldBytes = 25;
constexpr std::size_t kConsentBytes = 24;
constexpr std::size_t kObjectionBytes = 11;

constexpr Byte kRestricted = 1;
constexpr Byte kExplicit = 1;
constexpr Byte kByGuardian = 2;
constexpr Byte kHasRefusal = 4;

// What the standard library and the allocator add to one shared allocation.
constexpr std::size_t kSharedOverheadBytes = 32 + 16;

template <std::size_t N>
void put(Byte*& out, std::uint64_t value) {
  store_be<N>(out, value);
  out += N;
}

template <std::size_t N>
std::uint64_t take(const Byte*& in) {
  const std::uint64_t value = load_be<N>(in);
  in += N;
  return value;
}

void put_time(Byte*& out, UtcTime time) {
  put<8>(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

UtcTime take_time(const Byte*& in) {
  return UtcTime(std::chrono::microseconds(static_cast<std::int64_t>(take<8>(in))));
}

NameId take_name(const Byte*& in) {
  return static_cast<NameId>(take<2>(in));
}

class Snapshot final : public Profile {
 public:
  const SubjectId& subject() const override { return subject_; }
  ByteView wrapped_key() const override { return wrapped_key_; }
  ByteView facts() const override { return facts_; }
  std::uint64_t facts_version() const override { return facts_version_; }
  std::span<const StoredField> fields() const override { return fields_; }
  std::span<const StoredConsent> consents() const override { return consents_; }
  std::span<const StoredObjection> objections() const override { return objections_; }
  std::optional<UtcTime> restricted_since() const override { return restricted_since_; }
  std::size_t memory_bytes() const override { return memory_bytes_; }

  SubjectId subject_;
  ByteView wrapped_key_;
  ByteView facts_;
  std::uint64_t facts_version_ = 0;
  std::span<const StoredField> fields_;
  std::span<const StoredConsent> consents_;
  std::span<const StoredObjection> objections_;
  std::optional<UtcTime> restricted_since_;
  std::size_t memory_bytes_ = 0;
};

Error corrupt_state() {
  return make_error(ErrorCode::kCorrupt, "the stored state of a person is damaged",
                    "state-damaged");
}

struct Header {
  bool restricted = false;
  std::size_t fields = 0;
  std::size_t consents = 0;
  std::size_t objections = 0;
  std::size_t facts_bytes = 0;
  std::uint64_t facts_version = 0;
  UtcTime restricted_since{};
};

std::optional<Header> read_header(ByteView state) {
  if (state.size() < kHeaderBytes || state[0] != kStateVersion || (state[1] & ~kRestricted) != 0) {
    return std::nullopt;
  }
  Header header;
  header.restricted = state[1] == kRestricted;
  const Byte* in = state.data() + 2;
  header.fields = take<2>(in);
  header.consents = take<2>(in);
  header.objections = take<2>(in);
  header.facts_bytes = take<4>(in);
  header.facts_version = take<8>(in);
  header.restricted_since = take_time(in);
  const std::size_t tables = header.fields * kFieldBytes + header.consents * kConsentBytes +
                             header.objections * kObjectionBytes;
  const std::size_t rest = state.size() - kHeaderBytes;
  if (tables > rest || header.facts_bytes > rest - tables ||
      std::max({header.fields, header.consents, header.objections}) > kMaxStateEntries) {
    return std::nullopt;
  }
  return header;
}

std::optional<StoredConsent> read_consent(const Byte*& in) {
  StoredConsent consent;
  consent.purpose = take_name(in);
  consent.level = take_name(in);
  consent.text_version = take_name(in);
  const std::uint64_t status = take<1>(in);
  const std::uint64_t flags = take<1>(in);
  consent.at = take_time(in);
  const UtcTime last_refusal = take_time(in);
  if (status > static_cast<std::uint64_t>(policy::ConsentStatus::kInvalidated) ||
      flags > (kExplicit | kByGuardian | kHasRefusal)) {
    return std::nullopt;
  }
  consent.status = static_cast<policy::ConsentStatus>(status);
  consent.is_explicit = (flags & kExplicit) != 0;
  consent.by_guardian = (flags & kByGuardian) != 0;
  if ((flags & kHasRefusal) != 0) {
    consent.last_refusal = last_refusal;
  }
  return consent;
}

std::optional<StoredObjection> read_objection(const Byte*& in) {
  StoredObjection objection;
  objection.purpose = take_name(in);
  const std::uint64_t status = take<1>(in);
  objection.at = take_time(in);
  if (status < static_cast<std::uint64_t>(policy::ObjectionStatus::kRaised) ||
      status > static_cast<std::uint64_t>(policy::ObjectionStatus::kOverruled)) {
    return std::nullopt;
  }
  objection.status = static_cast<policy::ObjectionStatus>(status);
  return objection;
}

}  // namespace

ProfileState state_of(const Profile& profile) {
  ProfileState state;
  state.fields.assign(profile.fields().begin(), profile.fields().end());
  state.consents.assign(profile.consents().begin(), profile.consents().end());
  state.objections.assign(profile.objections().begin(), profile.objections().end());
  state.restricted_since = profile.restricted_since();
  state.facts = profile.facts();
  state.facts_version = profile.facts_version();
  return state;
}

Result<void> apply_write(ProfileState& state, const ProfileWrite& write) {
  const auto by_name = [](const StoredField& stored, NameId name) { return stored.field < name; };
  for (const NameId name : write.remove_fields) {
    const auto at = std::lower_bound(state.fields.begin(), state.fields.end(), name, by_name);
    if (at != state.fields.end() && at->field == name) {
      state.fields.erase(at);
    }
  }
  state.fields.reserve(state.fields.size() + write.fields.size());
  for (const FieldWrite& field : write.fields) {
    const StoredField stored{field.field,         field.source,       field.type,
                             field.value_version, field.collected_at, field.sealed};
    const auto at =
        std::lower_bound(state.fields.begin(), state.fields.end(), field.field, by_name);
    if (at != state.fields.end() && at->field == field.field) {
      *at = stored;
    } else {
      state.fields.insert(at, stored);
    }
  }
  if (state.fields.size() > kMaxStateEntries) {
    return make_error(ErrorCode::kTooLarge, "a person can hold at most 4096 fields",
                      "too-many-fields");
  }
  if (write.facts.has_value()) {
    state.facts = *write.facts;
    state.facts_version = write.facts_version;
  }
  return ok();
}

void encode_state(const ProfileState& state, Bytes& out) {
  std::size_t size = kHeaderBytes + state.fields.size() * kFieldBytes +
                     state.consents.size() * kConsentBytes +
                     state.objections.size() * kObjectionBytes + state.facts.size();
  for (const StoredField& field : state.fields) {
    size += field.sealed.size();
  }
  out.resize(size);
  Byte* at = out.data();
  put<1>(at, kStateVersion);
  put<1>(at, state.restricted_since.has_value() ? kRestricted : 0);
  put<2>(at, state.fields.size());
  put<2>(at, state.consents.size());
  put<2>(at, state.objections.size());
  put<4>(at, state.facts.size());
  put<8>(at, state.facts_version);
  put_time(at, state.restricted_since.value_or(UtcTime{}));
  for (const StoredField& field : state.fields) {
    put<2>(at, field.field);
    put<2>(at, field.source);
    put<1>(at, field.type);
    put<8>(at, field.value_version);
    put_time(at, field.collected_at);
    put<4>(at, field.sealed.size());
  }
  for (const StoredConsent& consent : state.consents) {
    put<2>(at, consent.purpose);
    put<2>(at, consent.level);
    put<2>(at, consent.text_version);
    put<1>(at, static_cast<std::uint8_t>(consent.status));
    put<1>(at, static_cast<std::uint64_t>((consent.is_explicit ? kExplicit : 0) |
                                          (consent.by_guardian ? kByGuardian : 0) |
                                          (consent.last_refusal.has_value() ? kHasRefusal : 0)));
    put_time(at, consent.at);
    put_time(at, consent.last_refusal.value_or(UtcTime{}));
  }
  for (const StoredObjection& objection : state.objections) {
    put<2>(at, objection.purpose);
    put<1>(at, static_cast<std::uint8_t>(objection.status));
    put_time(at, objection.at);
  }
  at = std::copy(state.facts.begin(), state.facts.end(), at);
  for (const StoredField& field : state.fields) {
    at = std::copy(field.sealed.begin(), field.sealed.end(), at);
  }
}

Result<ProfilePtr> make_profile(const SubjectId& subject, ByteView wrapped_key, ByteView state) {
  const std::optional<Header> header = read_header(state);
  if (!header.has_value()) {
    return corrupt_state();
  }
  const std::size_t tables = header->fields * kFieldBytes + header->consents * kConsentBytes +
                             header->objections * kObjectionBytes;
  const ByteView payload = state.subspan(kHeaderBytes + tables);

  static_assert(alignof(Snapshot) <= alignof(std::uint64_t) &&
                alignof(StoredField) <= alignof(std::uint64_t) &&
                alignof(StoredConsent) <= alignof(std::uint64_t) &&
                alignof(StoredObjection) <= alignof(std::uint64_t));
  static_assert(sizeof(Snapshot) % alignof(std::uint64_t) == 0);
  const std::size_t bytes = sizeof(Snapshot) + header->fields * sizeof(StoredField) +
                            header->consents * sizeof(StoredConsent) +
                            header->objections * sizeof(StoredObjection) + wrapped_key.size() +
                            payload.size();
  // Everything lies in this one array. Nothing in it needs a destructor, so freeing it is enough.
  const std::size_t words = (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  std::shared_ptr<std::uint64_t[]> storage = std::make_shared_for_overwrite<std::uint64_t[]>(words);
  void* base = storage.get();
  auto* snapshot = ::new (base) Snapshot;
  Byte* free = reinterpret_cast<Byte*>(storage.get()) + sizeof(Snapshot);

  auto* fields = reinterpret_cast<StoredField*>(free);
  free += header->fields * sizeof(StoredField);
  auto* consents = reinterpret_cast<StoredConsent*>(free);
  free += header->consents * sizeof(StoredConsent);
  auto* objections = reinterpret_cast<StoredObjection*>(free);
  free += header->objections * sizeof(StoredObjection);
  Byte* key = free;
  Byte* content = std::copy(wrapped_key.begin(), wrapped_key.end(), key);
  std::copy(payload.begin(), payload.end(), content);

  const Byte* in = state.data() + kHeaderBytes;
  std::size_t used = header->facts_bytes;
  NameId previous = kNoName;
  for (std::size_t i = 0; i < header->fields; ++i) {
    StoredField field;
    field.field = take_name(in);
    field.source = take_name(in);
    field.type = static_cast<std::uint8_t>(take<1>(in));
    field.value_version = take<8>(in);
    field.collected_at = take_time(in);
    const std::size_t length = take<4>(in);
    if (length > payload.size() - used || (i != 0 && field.field <= previous)) {
      return corrupt_state();
    }
    field.sealed = ByteView(content + used, length);
    used += length;
    previous = field.field;
    ::new (fields + i) StoredField(field);
  }
  for (std::size_t i = 0; i < header->consents; ++i) {
    const std::optional<StoredConsent> consent = read_consent(in);
    if (!consent.has_value()) {
      return corrupt_state();
    }
    ::new (consents + i) StoredConsent(*consent);
  }
  for (std::size_t i = 0; i < header->objections; ++i) {
    const std::optional<StoredObjection> objection = read_objection(in);
    if (!objection.has_value()) {
      return corrupt_state();
    }
    ::new (objections + i) StoredObjection(*objection);
  }
  if (used != payload.size()) {
    return corrupt_state();
  }

  snapshot->subject_ = subject;
  snapshot->wrapped_key_ = ByteView(key, wrapped_key.size());
  snapshot->facts_ = ByteView(content, header->facts_bytes);
  snapshot->facts_version_ = header->facts_version;
  snapshot->fields_ = {fields, header->fields};
  snapshot->consents_ = {consents, header->consents};
  snapshot->objections_ = {objections, header->objections};
  if (header->restricted) {
    snapshot->restricted_since_ = header->restricted_since;
  }
  snapshot->memory_bytes_ = words * sizeof(std::uint64_t) + kSharedOverheadBytes;
  return ProfilePtr(std::move(storage), snapshot);
}

}  // namespace fieldgate::store
