// The body of PATCH /v1/profiles as a row, for the API and for NDJSON lines alike.
#pragma once

#include "gateway/import/person_row.h"
#include "gateway/import/row_source.h"

#include <fieldgate/policy/model.h>

#include <boost/json/value.hpp>

#include <optional>

namespace fieldgate::importing {

/// Reads `{"identifiers": [{"type", "value"}], "fields": {name: {"value", "source"?,
/// "collected_at"?}}}`. Nothing, and the reason in `error`, when any part is unknown, missing or
/// not valid. Phone numbers without a country code take the region of the field of type country
/// beside them, else that of `defaults`. Pure, thread-safe.
[[nodiscard]] std::optional<PersonRow> read_person_json(const policy::PolicySet& policy,
                                                        const ImportDefaults& defaults,
                                                        const boost::json::value& body,
                                                        std::size_t line, RowError& error);

}  // namespace fieldgate::importing
