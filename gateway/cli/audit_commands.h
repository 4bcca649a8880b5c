// `fieldgate audit verify | key | prove`.
#pragma once

#include <CLI/CLI.hpp>

namespace fieldgate::cli {

/// Adds the `audit` command. Running one of its subcommands sets `exit_code`: 1 on a break in the
/// log, and for a record that it does not hold. `exit_code` must outlive `app`.
void add_audit_commands(CLI::App& app, int& exit_code);

}  // namespace fieldgate::cli
