// What the record stage says alike about a read and about an evaluation: the members that every
// record has, and pieces of the answer's JSON.
#pragma once

#include "gateway/read_path/stages.h"

#include <string>
#include <string_view>

namespace fieldgate::read_path {

/// Everything of a record but its type, decision, person and fields. Views into `call`.
[[nodiscard]] audit::RecordFields start_record(const Call& call, policy::PurposeIndex purpose);

/// Appends `,"name":"text"`.
void append_member(std::string& out, std::string_view name, std::string_view text);
/// Appends `"code":"…","because":"…"`.
void append_reason(std::string& out, policy::ReasonCode code);
/// Appends `"terms":{…}`: until when, and whether it may be passed on.
void append_terms(std::string& out, const policy::Purpose& purpose,
                  const policy::Decision& decision);

}  // namespace fieldgate::read_path
