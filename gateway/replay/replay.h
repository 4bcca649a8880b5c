// What recorded reads would be decided under another policy (`fieldgate policy replay`).
#pragma once

#include "gateway/replay/people_keys.h"
#include "gateway/replay/recorded_read.h"

#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile_store.h>

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace fieldgate::replay {

/// Distinct people, counted.
class PeopleCount {
 public:
  void add(PersonNumber person);
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::vector<bool> met_;  // by number
  std::uint64_t count_ = 0;
};

enum class Change : std::uint8_t { kAllowToDeny, kDenyToAllow, kOtherForm };
[[nodiscard]] std::string_view change_name(Change change);

/// One kind of difference, of whole reads (`field` empty) or of one field.
struct ChangeKey {
  std::string app;
  std::string purpose;
  std::string field;
  Change change = Change::kAllowToDeny;
  friend bool operator<(const ChangeKey& a, const ChangeKey& b) {
    return std::tie(a.app, a.purpose, a.field, a.change) <
           std::tie(b.app, b.purpose, b.field, b.change);
  }
};
struct ChangeTally {
  std::uint64_t reads = 0;
  PeopleCount people;
  /// Why it is denied now, or was then; for a form, "was -> is".
  std::map<std::string, std::uint64_t, std::less<>> reasons;
};

struct ReplayReport {
  std::string policy;  ///< version
  LogSeen seen;
  std::uint64_t evaluated = 0;
  std::uint64_t unchanged = 0;  ///< of the evaluated
  std::array<std::uint64_t, kObstacles> obstacles{};
  bool people_known = false;  ///< without the key ring nobody can be told from anybody else
  PeopleCount people;         ///< of the evaluated reads
  PeopleCount affected;       ///< whose answer changes
  std::map<ChangeKey, ChangeTally> changes;
};

/// What `fieldgate policy replay --json` prints.
[[nodiscard]] boost::json::object replay_json(const ReplayReport& report, const Window& window);

/// The keys to what is sealed; all null: the public parts alone are read.
struct ReplayKeys {
  PeopleKeys* people = nullptr;
  const store::Names* names = nullptr;
};

/// Decides each recorded read again, at its own time. Errors as `for_each_read`.
[[nodiscard]] Result<ReplayReport> replay_log(const policy::PolicySnapshot& policy,
                                              const std::filesystem::path& log,
                                              const Window& window, const ReplayKeys& keys,
                                              const std::function<void(std::uint64_t)>& progress,
                                              const std::function<bool()>& stopping);

}  // namespace fieldgate::replay
