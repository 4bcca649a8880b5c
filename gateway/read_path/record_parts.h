// What the record stage says alike about a read and about an evaluation: the members that every
// record has, and pieces of the answer's JSON.
#pragma once

#include "gateway/read_path/stages.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace fieldgate::read_path {

/// Room for a record; more is taken when it needs it.
inline constexpr std::size_t kUsualRecordBytes = 1536;

/// Everything of a record but its type, decision, person and fields. Views into `call`.
[[nodiscard]] audit::RecordFields start_record(const Call& call, policy::PurposeIndex purpose);

/// The record of a refusal; `start` is what `start_record` gave, with its type.
[[nodiscard]] Result<std::string> write_refusal(Environment& environment, const Call& call,
                                                audit::RecordFields start, const Refusal& refusal);

/// Appends `,"name":"text"`.
void append_member(std::string& out, std::string_view name, std::string_view text);
/// Appends `"code":"…","because":"…"`.
void append_reason(std::string& out, policy::ReasonCode code);
/// Appends `"terms":{…}`: until when, and whether it may be passed on.
void append_terms(std::string& out, const policy::Purpose& purpose,
                  const policy::Decision& decision);

}  // namespace fieldgate::read_path
