// `fieldgate policy …`.
#pragma once

#include <CLI/CLI.hpp>

namespace fieldgate::cli {

/// Adds the commands to `app`. Each one, when it is run, sets `exit_code`: 0 on success, 1 on a
/// finding, 2 on wrong use. `app` and `exit_code` must outlive the parse.
void add_policy_commands(CLI::App& app, int& exit_code);

}  // namespace fieldgate::cli
