// The closed lists of words of the language, for the reader and for the schema.
#pragma once

#include <string>
#include <vector>

namespace fieldgate::policy {

inline const std::vector<std::string> kPurposeKeys{"says",
                                                   "benefit",
                                                   "purpose",
                                                   "basis",
                                                   "art9",
                                                   "art10",
                                                   "direct_marketing",
                                                   "profiling",
                                                   "consent",
                                                   "automated_decision",
                                                   "fields",
                                                   "levels",
                                                   "recipients",
                                                   "keep",
                                                   "balancing_test",
                                                   "only_when",
                                                   "transfers",
                                                   "compatible_with",
                                                   "when_restricted",
                                                   "law",
                                                   "data_subjects"};
/// In the order of `Basis`.
inline const std::vector<std::string> kBases{"consent",          "contract",
                                             "legal-obligation", "vital-interest",
                                             "public-task",      "legitimate-interest"};
/// The conditions of GDPR 9(2)(a) to (j), in that order.
inline const std::vector<std::string> kArt9Conditions{"explicit-consent",
                                                      "employment-law",
                                                      "vital-interest",
                                                      "not-for-profit",
                                                      "made-public",
                                                      "legal-claims",
                                                      "substantial-public-interest",
                                                      "health-care",
                                                      "public-health",
                                                      "archiving-research"};

inline const std::vector<std::string> kFieldTypes{"text", "email", "phone",  "country", "date",
                                                  "list", "money", "number", "boolean", "address"};
inline const std::vector<std::string> kAppRoles{"read",  "ingest", "consent", "decide",
                                                "match", "dpo",    "legal"};
inline const std::vector<std::string> kRecipientRoles{"controller", "joint-controller", "processor",
                                                      "third-party", "authority"};
inline const std::vector<std::string> kConsentStates{
    "unknown",   "requested", "deferred", "given",      "renewed",    "refused",
    "withdrawn", "revoked",   "expired",  "terminated", "invalidated"};

}  // namespace fieldgate::policy
