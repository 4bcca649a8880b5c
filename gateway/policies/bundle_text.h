// The JSON form of bundles and of their parts, as docs/policy-bundles.md has it. Internal.
#pragma once

#include "gateway/policies/bundle.h"

#include <boost/json/array.hpp>

#include <string>

namespace fieldgate::policies {

/// What the author signs: the manifest, without a line break.
[[nodiscard]] std::string manifest_text(const Bundle& bundle);
/// Who approved, and when.
[[nodiscard]] std::string approver_text(const Approval& approval);
/// `[` and one line for each file, `]`.
[[nodiscard]] std::string files_text(const Files& files);

/// Reads what `files_text` has written; `kCorrupt` when it is none.
[[nodiscard]] Result<Files> read_files(const boost::json::value* listed);

}  // namespace fieldgate::policies
