// A read as the audit log tells it, for everything that looks back at reads.
#pragma once

#include <fieldgate/audit/verify.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace fieldgate::replay {

/// The public part of one record of a read. Views into the record; valid during the call.
struct RecordedRead {
  std::string_view id;
  UtcTime time{};
  bool denied = false;
  std::string_view code;  ///< of a deny
  std::string_view app;
  std::string_view purpose;  ///< empty where the policy of the time had no such purpose
  std::string_view basis;
  std::string_view tag;                         ///< base64; empty where nobody was looked up
  std::string_view sealed;                      ///< base64; empty where the record holds no inputs
  const boost::json::object* fields = nullptr;  ///< field to outcome; null when there are none

  /// True when the outcome of a field is a form that it was shown in, not a reason code.
  [[nodiscard]] static bool is_released(std::string_view outcome);
  /// Calls `visit(field, outcome)` for each field.
  template <class Visit>
  void for_each_field(const Visit& visit) const {
    if (fields != nullptr) {
      for (const auto& [field, outcome] : *fields) {
        visit(std::string_view(field), std::string_view(outcome.get_string()));
      }
    }
  }
};

/// From and until when, half-open; nothing: without a bound.
struct Window {
  std::optional<UtcTime> since;
  std::optional<UtcTime> until;
  [[nodiscard]] bool holds(UtcTime time) const {
    return (!since || time >= *since) && (!until || time < *until);
  }
};

/// From two RFC 3339 times, each empty for no bound; `kInvalid` names the option that is none.
[[nodiscard]] Result<Window> parse_window(std::string_view since, std::string_view until);

/// What was read of a log.
struct LogSeen {
  std::uint64_t records = 0;  ///< that the checkpoint covers, of every kind
  std::uint64_t reads = 0;    ///< of them, reads in the window
  std::uint64_t beyond = 0;  ///< whole records beyond the checkpoint, which nothing vouches for yet
};

/// Verifies the log at `path` (`audit::verify_log`) and shows each read in the window that its
/// checkpoint covers, in order. `progress` is told the number of records now and then, and
/// `stopping` is asked. A broken log, and a record that is none, are `kCorrupt` and name the
/// place: what was shown before then counts for nothing. `kUnavailable` when it was stopped.
[[nodiscard]] Result<LogSeen> for_each_read(const std::filesystem::path& path, const Window& window,
                                            const std::function<void(std::uint64_t)>& progress,
                                            const std::function<bool()>& stopping,
                                            const std::function<void(const RecordedRead&)>& visit);

}  // namespace fieldgate::replay
