// A policy in the formats of others: DPV as JSON-LD, ODRL, the record of processing as CSV.
#pragma once

#include "gateway/replay/observed.h"

#include <fieldgate/policy/processing_register.h>

#include <boost/json/object.hpp>

#include <string>

namespace fieldgate::exporting {

/// JSON-LD 1.1: one node per purpose. IRIs of DPV, PD and EU-GDPR are those of the vocabularies'
/// table; what DPV's table has no term for stands under `urn:fieldgate:`.
[[nodiscard]] boost::json::object dpv_json_ld(const policy::ProcessingRegister& declared,
                                              const policy::PolicySet& policy);

/// ODRL 2.2 (W3C Recommendation, 15 February 2018) as JSON-LD: a Set of permissions, by app,
/// purpose and what the fields have in common, and prohibitions for the policy's never-rules.
[[nodiscard]] boost::json::object odrl_policy(const policy::ProcessingRegister& declared);

/// The record of processing activities (GDPR 30(1)) as CSV (RFC 4180, UTF-8, CRLF), one row per
/// purpose. With `observed`, a column beside each declared one says what the log shows, a last one
/// where the two differ, and purposes that the log alone knows have rows too. No cell can act as a
/// formula in a spreadsheet.
[[nodiscard]] std::string processing_record_csv(const policy::ProcessingRegister& declared,
                                                const policy::PolicySet& policy,
                                                const replay::ObservedLog* observed);

/// "urn:fieldgate:KIND:NAME" with the name's other characters percent-encoded (RFC 8141).
[[nodiscard]] std::string urn(std::string_view kind, std::string_view name);

}  // namespace fieldgate::exporting
