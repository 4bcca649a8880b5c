// What the command line asks of a deployment, whether it runs or not.
#pragma once

#include "gateway/deployment.h"

#include <boost/json/object.hpp>

#include <functional>

namespace fieldgate::ops {

struct CommandHooks {
  /// Called after credentials changed, so that a running gateway obeys at its next request.
  std::function<void()> credentials_changed = [] {};
  /// Told how many rows of an import are durable, or how many records were replayed.
  std::function<void(std::uint64_t)> progress = [](std::uint64_t) {};
  /// Asked now and then by long work: true ends it with `kUnavailable`.
  std::function<bool()> stopping = [] { return false; };
  /// Rows of one import transaction: few beside live traffic, many alone.
  std::size_t rows_per_transaction = 0;
};

/// Runs `{"command": …}`; the result is what the command prints with `--json`. Commands:
/// - "keys.app.add" {app, role?, expires?} -> {app, prefix, key}; the key is shown this once;
/// - "keys.app.list" -> {keys: [{prefix, app, role, created, expires, revoked}]};
/// - "keys.app.revoke" {prefix} -> {prefix, revoked};
/// - "profiles.import" {file, mapping?, country?} -> {imported, updated, rejected, dropped,
///   problems_not_listed};
/// - "profiles.inspect" {type, value} -> {fields: {name: {suite, key_version, bytes}}};
/// - "policy.history" -> {policies: [{policy, digest, sequence, author, approver, in_force}],
///   rolled_back}, the latest first;
/// - "policy.rollback" {to?} -> {was, is}, each {policy, digest, sequence, author, approver};
/// - "policy.replay" {directory, log, since?, until?} -> what `replay::replay_json` gives.
/// Each change is recorded in the audit log. Blocks; not for an I/O loop. Thread-safe.
[[nodiscard]] Result<boost::json::object> run_command(Deployment& deployment,
                                                      const CommandHooks& hooks,
                                                      const boost::json::object& request);

}  // namespace fieldgate::ops
