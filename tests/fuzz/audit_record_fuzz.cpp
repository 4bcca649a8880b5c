// write_record with any text: the line must be one JSON object in valid UTF-8, or be refused.
#include "audit/format/utf8.h"

#include <fieldgate/audit/record.h>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fieldgate;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The input is cut into members at each 0xFE, which no valid text holds.
  std::array<std::string_view, 8> parts;
  std::string_view rest = as_text(ByteView(data, size));
  for (std::string_view& part : parts) {
    const std::size_t end = std::min(rest.find('\xfe'), rest.size());
    part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::array<audit::FieldOutcome, 1> outcomes{{{parts[4], parts[5]}}};
  audit::RecordFields record;
  record.id = parts[0];
  record.time = UtcTime(std::chrono::microseconds(1'793'620'800'000'000));
  record.type = static_cast<audit::RecordType>(size % 11);
  record.app = parts[1];
  record.purpose = parts[2];
  record.detail = parts[3];
  record.fields = outcomes;
  record.subject_tag = as_bytes(parts[6]);
  record.request_id = parts[7];
  std::string line = "kept";
  const Result<void> written = audit::write_record(line, record);
  demand(line.starts_with("kept"));
  if (written.has_error()) {
    demand(line == "kept" && written.error().code == ErrorCode::kTooLarge);
    return 0;
  }
  const std::string_view text = std::string_view(line).substr(4);
  demand(text.size() <= audit::kMaxRecordBytes);
  demand(text.find('\n') == std::string_view::npos);
  demand(audit::is_utf8(text));
  boost::json::error_code error;
  const boost::json::value parsed = boost::json::parse(text, error);
  demand(!error && parsed.is_object() && parsed.at("v").to_number<int>() == 1);
  if (audit::is_utf8(parts[3]) && !parts[3].empty()) {
    demand(std::string_view(parsed.at("detail").as_string()) == parts[3]);
  }
  return 0;
}
