// What the record stage says alike about a read and about an evaluation: the words of outcomes, the
// members that every record has, and pieces of the answer's JSON.
#pragma once

#include "gateway/read_path/stages.h"

#include <string>
#include <string_view>

namespace fieldgate::read_path {

/// "show", "mask:last-4": how a value was returned.
[[nodiscard]] std::string_view transform_word(policy::TransformKind kind);
/// "decided:show", "decided:mask:last-4": how it would be; nothing was returned.
[[nodiscard]] std::string_view decided_word(policy::TransformKind kind);

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
