#include "gateway/replay/recorded_read.h"

#include "gateway/http/json.h"

#include <fieldgate/policy/reason.h>

#include <boost/json/monotonic_resource.hpp>

#include <array>
#include <string>

namespace fieldgate::replay {

namespace {

constexpr std::uint64_t kRecordsBetweenProgress = 16'384;
// An ordinary record is parsed in here, so that nothing is allocated for it.
constexpr std::size_t kRecordScratchBytes = 8UL * 1024;

std::string_view text(const boost::json::object& record, std::string_view name) {
  const boost::json::value* value = record.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

bool are_outcomes(const boost::json::object& fields) {
  for (const auto& [field, outcome] : fields) {
    if (!outcome.is_string()) {
      return false;
    }
  }
  return true;
}

// Nothing for a record that is none; false for one of another kind.
std::optional<bool> read_record(const boost::json::value& value, RecordedRead& read) {
  const boost::json::object* record = value.if_object();
  if (record == nullptr) {
    return std::nullopt;
  }
  const std::string_view type = text(*record, "type");
  if (type != "read" && type != "deny") {
    return type.empty() ? std::nullopt : std::optional(false);
  }
  const auto time = parse_rfc3339(text(*record, "time"));
  read.id = text(*record, "id");
  if (!time || read.id.empty()) {
    return std::nullopt;
  }
  read.time = *time;
  read.denied = type == "deny";
  read.code = text(*record, "code");
  read.app = text(*record, "app");
  read.purpose = text(*record, "purpose");
  read.basis = text(*record, "basis");
  read.tag = text(*record, "subject_tag");
  read.sealed = text(*record, "sealed");
  if (const boost::json::value* fields = record->if_contains("fields")) {
    if (!fields->is_object() || !are_outcomes(fields->get_object())) {
      return std::nullopt;
    }
    read.fields = &fields->get_object();
  }
  return true;
}

Result<std::optional<UtcTime>> parse_bound(std::string_view option, std::string_view words) {
  const auto time = parse_rfc3339(words);
  if (!time && !words.empty()) {
    return make_error(ErrorCode::kInvalid,
                      "`--" + std::string(option) + "` must be an RFC 3339 time");
  }
  return time;
}

}  // namespace

Result<Window> parse_window(std::string_view since, std::string_view until) {
  Window window;
  FIELDGATE_TRY(window.since, parse_bound("since", since));
  FIELDGATE_TRY(window.until, parse_bound("until", until));
  return window;
}

bool RecordedRead::is_released(std::string_view outcome) {
  return !policy::parse_reason(outcome);
}

Result<LogSeen> for_each_read(const std::filesystem::path& path, const Window& window,
                              const std::function<void(std::uint64_t)>& progress,
                              const std::function<bool()>& stopping,
                              const std::function<void(const RecordedRead&)>& visit) {
  LogSeen seen;
  bool stopped = false;
  std::optional<std::uint64_t> not_a_record;
  // Not cleared: only what was written to it is read. NOLINTNEXTLINE(*-pro-type-member-init)
  std::array<unsigned char, kRecordScratchBytes> scratch;
  const auto take = [&](std::uint64_t index, std::string_view line) {
    if (stopped || not_a_record) {
      return;
    }
    if (++seen.records % kRecordsBetweenProgress == 0) {
      progress(seen.records);
      stopped = stopping();
    }
    boost::json::monotonic_resource storage(scratch.data(), scratch.size());
    const auto value = http::parse_json(line, &storage);
    RecordedRead read;
    const auto is_read = value.has_error() ? std::nullopt : read_record(*value, read);
    if (!is_read) {
      not_a_record = index;
    } else if (*is_read && window.holds(read.time)) {
      ++seen.reads;
      visit(read);
    }
  };
  const auto read = audit::read_log(path, {}, take, [&] { return stopped || not_a_record; });
  if (read.has_error() && !stopped && !not_a_record) {
    return read.error();
  }
  const audit::VerifyReport report = read.has_value() ? *read : audit::VerifyReport{};
  if (const auto& found = report.first_break) {
    return make_error(ErrorCode::kCorrupt,
                      "the log is broken at record " + std::to_string(found->index) + ": `" +
                          found->file + "` at byte " + std::to_string(found->offset) + ": " +
                          found->what,
                      "audit-corrupt");
  }
  if (not_a_record) {
    return make_error(ErrorCode::kCorrupt,
                      "record " + std::to_string(*not_a_record) + " of the log is not a record",
                      "audit-corrupt");
  }
  if (stopped) {
    return make_error(ErrorCode::kUnavailable, "the gateway is stopping");
  }
  seen.beyond = report.stored - report.size;
  return seen;
}

}  // namespace fieldgate::replay
