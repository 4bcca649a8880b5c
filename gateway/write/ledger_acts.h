// Acts of consent, objection and restriction as JSON says them: read in one way, whether an app
// sends one or a history from elsewhere holds many.
#pragma once

#include "gateway/write/upsert.h"

#include <fieldgate/store/consent_store.h>

#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fieldgate::write {

/// How far a `collected_at` may lie ahead of our clock.
inline constexpr std::chrono::minutes kMaxCollectedAhead{5};
/// Clear acts only (decision rule 10): scrolling, browsing and silence are not on the list.
inline constexpr std::array<std::string_view, 6> kConsentMethods = {
    "toggle", "checkbox", "button", "signed-form", "spoken", "email-confirmation"};

/// An act of today has one of three states, and says what text was shown and how the person acted.
/// A history that was made elsewhere may hold every state of ISO/IEC TS 27560, and less about it.
enum class ActOrigin : std::uint8_t { kToday, kElsewhere };

/// "raised" or "withdrawn": the states of objections and restrictions.
[[nodiscard]] std::string_view raised_word(bool raised);

/// Reads acts on behalf of one app. Each record gets a new id; its subject is left open. What is
/// referred to outlives the reader.
class ActReader {
 public:
  ActReader(const Sealing& sealing, const read_path::BoundPolicy& policy, UtcTime now,
            store::NameId app)
      : sealing_(sealing), policy_(policy), now_(now), app_(app) {}

  /// Member `collected_at`.
  [[nodiscard]] Result<UtcTime> collected_at(const boost::json::object& body) const;
  /// Members `state`, `level`, `notice`, `method`, `explicit`, `guardian`, `collected_at`.
  [[nodiscard]] Result<store::ConsentRecord> consent(const boost::json::object& body,
                                                     policy::PurposeIndex purpose,
                                                     ActOrigin origin) const;
  /// Member `state`. The purpose is left open: its name is kept only once it is known to be one.
  [[nodiscard]] Result<store::ObjectionRecord> objection(const boost::json::object& body,
                                                         UtcTime at) const;
  /// Member `state`.
  [[nodiscard]] Result<store::RestrictionRecord> restriction(const boost::json::object& body,
                                                             UtcTime at) const;

 private:
  [[nodiscard]] std::string new_id(std::string_view prefix) const;
  [[nodiscard]] Result<void> read_level(const boost::json::object& body,
                                        policy::PurposeIndex purpose,
                                        store::ConsentRecord& record) const;
  [[nodiscard]] Result<void> read_notice(const boost::json::object& body,
                                         policy::PurposeIndex purpose,
                                         store::ConsentRecord& record) const;
  [[nodiscard]] Result<void> read_method(const boost::json::object& body,
                                         store::ConsentRecord& record) const;

  Sealing sealing_;
  const read_path::BoundPolicy& policy_;
  UtcTime now_;
  store::NameId app_;
};

}  // namespace fieldgate::write
