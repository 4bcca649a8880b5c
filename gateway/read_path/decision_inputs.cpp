#include "gateway/read_path/decision_inputs.h"

#include <algorithm>

namespace fieldgate::read_path {

namespace {

// The layout (docs/audit-format.md): version, flags, then numbers of seven bits to a byte, the
// least significant first, each byte but the last with its top bit set. Times are the difference in
// microseconds to the time before, the first to that of the record.
constexpr unsigned kAllFields = 1;
constexpr unsigned kRestricted = 2;
constexpr unsigned kFactsKnown = 4;
constexpr unsigned kHasCountry = 8;
constexpr unsigned kHasBirthDate = 16;
constexpr unsigned kHasContext = 32;
constexpr unsigned kKnownFlags = 63;

constexpr unsigned kExplicit = 1;
constexpr unsigned kByGuardian = 2;

constexpr std::size_t kMaxNumberBytes = 10;
constexpr std::size_t kMaxEntryBytes = 5 * kMaxNumberBytes;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

class Encoder {
 public:
  Encoder(std::size_t most, UtcTime recorded_at) : out_(most), last_(recorded_at) {}

  void byte(unsigned value) { out_.reveal_mutable()[size_++] = static_cast<Byte>(value); }
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      byte(static_cast<unsigned>(value & 0x7fU) | 0x80U);
      value >>= 7U;
    }
    byte(static_cast<unsigned>(value));
  }
  void time(UtcTime at) {
    // Unsigned, so that even absurd times cannot overflow.
    number(zigzag(static_cast<std::int64_t>(micros(at) - micros(last_))));
    last_ = at;
  }
  void text(std::string_view words) {
    number(words.size());
    std::copy(words.begin(), words.end(),
              out_.reveal_mutable().begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += words.size();
  }
  SecretBytes take() {
    out_.truncate(size_);
    return std::move(out_);
  }

 private:
  static std::uint64_t micros(UtcTime at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }
  SecretBytes out_;
  std::size_t size_ = 0;
  UtcTime last_;
};

class Decoder {
 public:
  Decoder(ByteView in, UtcTime recorded_at)
      : in_(in), last_(static_cast<std::uint64_t>(recorded_at.time_since_epoch().count())) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return in_.empty(); }
  unsigned byte() {
    if (in_.empty()) {
      ok_ = false;
      return 0;
    }
    const unsigned value = in_[0];
    in_ = in_.subspan(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned next = byte();
      if (shift == 63 && next > 1) {
        break;
      }
      value |= std::uint64_t{next & 0x7fU} << shift;
      if ((next & 0x80U) == 0) {
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  UtcTime time() {
    last_ += static_cast<std::uint64_t>(unzigzag(number()));
    return UtcTime(std::chrono::microseconds(static_cast<std::int64_t>(last_)));
  }
  store::NameId name() {
    const std::uint64_t value = number();
    ok_ = ok_ && value <= store::kMaxNames;
    return ok_ ? static_cast<store::NameId>(value) : store::kNoName;
  }
  /// Entries that follow: never more than there are bytes left.
  std::size_t count() {
    const std::uint64_t value = number();
    ok_ = ok_ && value <= in_.size();
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::string text() {
    const std::size_t size = count();
    const std::string words(as_text(in_.first(size)));
    in_ = in_.subspan(size);
    return words;
  }

 private:
  ByteView in_;
  std::uint64_t last_;
  bool ok_ = true;
};

std::array<std::string_view, 5> words_of(const policy::Context& context) {
  return {context.channel, context.country, context.place, context.device, context.event};
}

std::uint64_t pack(Date date) {
  return (static_cast<std::uint64_t>(static_cast<int>(date.year())) << 9U) |
         (static_cast<std::uint64_t>(static_cast<unsigned>(date.month())) << 5U) |
         static_cast<std::uint64_t>(static_cast<unsigned>(date.day()));
}

Date unpack(std::uint64_t value) {
  return Date{std::chrono::year(static_cast<int>((value >> 9U) & 0x7fffU)),
              std::chrono::month(static_cast<unsigned>((value >> 5U) & 0xfU)),
              std::chrono::day(static_cast<unsigned>(value & 0x1fU))};
}

template <class Entries, class Keep>
std::size_t count_if(const Entries& entries, const Keep& keep) {
  return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), keep));
}

}  // namespace

SecretBytes encode_decision_inputs(const BoundPolicy& policy, const policy::Question& question,
                                   const store::Profile& profile, const policy::PersonFacts& person,
                                   bool facts_known) {
  const store::NameId purpose = policy.name_of_purpose(question.purpose);
  const auto words = words_of(question.context);
  std::size_t text_bytes = 0;
  for (const std::string_view word : words) {
    text_bytes += word.size();
  }
  const std::size_t asked = question.all_fields ? 0 : question.asked.count();
  const auto own_consent = [&](const store::StoredConsent& stored) {
    return stored.purpose == purpose;
  };
  const auto own_objection = [&](const store::StoredObjection& stored) {
    return stored.purpose == purpose ||
           policy.purpose_of(stored.purpose) == policy::kDirectMarketing;
  };
  const std::size_t consents = count_if(profile.consents(), own_consent);
  const std::size_t objections = count_if(profile.objections(), own_objection);
  Encoder out(2 + kMaxEntryBytes * (3 + consents + objections) + kMaxNumberBytes * (5 + asked) +
                  2 * kMaxNumberBytes * profile.fields().size() + text_bytes,
              question.now);
  out.byte(kInputsVersion);
  out.byte((question.all_fields ? kAllFields : 0) | (person.restricted_since ? kRestricted : 0) |
           (facts_known ? kFactsKnown : 0) | (person.country ? kHasCountry : 0) |
           (person.birth_date ? kHasBirthDate : 0) | (text_bytes != 0 ? kHasContext : 0));
  if (person.country) {
    out.byte(static_cast<Byte>(person.country->letters[0]));
    out.byte(static_cast<Byte>(person.country->letters[1]));
  }
  if (person.birth_date) {
    out.number(pack(*person.birth_date));
  }
  if (text_bytes != 0) {
    for (const std::string_view word : words) {
      out.text(word);
    }
  }
  if (!question.all_fields) {
    out.number(asked);
    question.asked.for_each([&](FieldIndex field) { out.number(policy.name_of_field(field)); });
  }
  if (person.restricted_since) {
    out.time(*person.restricted_since);
  }
  out.number(consents);
  for (const store::StoredConsent& stored : profile.consents()) {
    if (own_consent(stored)) {
      out.byte(static_cast<unsigned>(stored.status));
      out.byte((stored.is_explicit ? kExplicit : 0) | (stored.by_guardian ? kByGuardian : 0));
      out.number(stored.level);
      out.number(stored.text_version);
      out.time(stored.at);
    }
  }
  out.number(objections);
  for (const store::StoredObjection& stored : profile.objections()) {
    if (own_objection(stored)) {
      out.byte(stored.purpose == purpose ? 0 : 1);
      out.byte(static_cast<unsigned>(stored.status));
      out.time(stored.at);
    }
  }
  out.number(profile.fields().size());
  for (const store::StoredField& stored : profile.fields()) {
    out.number(stored.field);
    out.time(stored.collected_at);
  }
  return out.take();
}

Result<DecisionInputs> decode_decision_inputs(ByteView bytes, UtcTime recorded_at) {
  const auto damaged = [] {
    return make_error(ErrorCode::kCorrupt, "the inputs of a recorded decision are not well-formed",
                      "decision-inputs");
  };
  Decoder in(bytes, recorded_at);
  if (in.byte() != kInputsVersion) {
    return damaged();
  }
  const unsigned flags = in.byte();
  if (!in.ok() || (flags & ~kKnownFlags) != 0) {
    return damaged();
  }
  DecisionInputs inputs;
  inputs.all_fields = (flags & kAllFields) != 0;
  inputs.facts_known = (flags & kFactsKnown) != 0;
  if ((flags & kHasCountry) != 0) {
    const std::array<char, 2> letters{static_cast<char>(in.byte()), static_cast<char>(in.byte())};
    inputs.country = policy::parse_country({letters.data(), letters.size()});
    if (!inputs.country) {
      return damaged();
    }
  }
  if ((flags & kHasBirthDate) != 0) {
    inputs.birth_date = unpack(in.number());
    if (!inputs.birth_date->ok()) {
      return damaged();
    }
  }
  if ((flags & kHasContext) != 0) {
    for (std::string& word : inputs.context) {
      word = in.text();
    }
  }
  if (!inputs.all_fields) {
    inputs.asked.resize(in.count());
    for (store::NameId& name : inputs.asked) {
      name = in.name();
    }
  }
  if ((flags & kRestricted) != 0) {
    inputs.restricted_since = in.time();
  }
  inputs.consents.resize(in.count());
  for (DecisionInputs::Consent& consent : inputs.consents) {
    const unsigned status = in.byte();
    const unsigned marks = in.byte();
    consent.level = in.name();
    consent.text_version = in.name();
    consent.at = in.time();
    if (status > static_cast<unsigned>(policy::ConsentStatus::kInvalidated) ||
        marks > (kExplicit | kByGuardian)) {
      return damaged();
    }
    consent.status = static_cast<policy::ConsentStatus>(status);
    consent.is_explicit = (marks & kExplicit) != 0;
    consent.by_guardian = (marks & kByGuardian) != 0;
  }
  inputs.objections.resize(in.count());
  for (DecisionInputs::Objection& objection : inputs.objections) {
    const unsigned marketing = in.byte();
    const unsigned status = in.byte();
    objection.at = in.time();
    if (marketing > 1 || status < static_cast<unsigned>(policy::ObjectionStatus::kRaised) ||
        status > static_cast<unsigned>(policy::ObjectionStatus::kOverruled)) {
      return damaged();
    }
    objection.to_all_marketing = marketing == 1;
    objection.status = static_cast<policy::ObjectionStatus>(status);
  }
  inputs.held.resize(in.count());
  for (DecisionInputs::Held& held : inputs.held) {
    held.field = in.name();
    held.collected_at = in.time();
  }
  if (!in.ok() || !in.at_end()) {
    return damaged();
  }
  return inputs;
}

}  // namespace fieldgate::read_path
