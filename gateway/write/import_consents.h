// Choices from elsewhere, in order of arrival: consents, objections, restrictions as JSON lines
// (docs/examples/bookshop/README.md, "consents.jsonl").
#pragma once

#include "gateway/write/import_rows.h"

#include <istream>

namespace fieldgate::write {

/// Unlike `POST /v1/consents` this takes every state of ISO/IEC TS 27560, because it moves a
/// history that was made elsewhere. A bad line is reported by its number and contributes nothing.
[[nodiscard]] Result<ImportReport> import_consents(const ImportRun& run, std::istream& in,
                                                   UtcTime now, std::string_view source);

}  // namespace fieldgate::write
