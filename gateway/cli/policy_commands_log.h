// The policy commands that look at the audit log: replay, export.
#pragma once

namespace CLI {
class App;
}

namespace fieldgate::cli {

/// `group` is the subcommand `policy`.
void add_policy_log_commands(CLI::App& group, int& exit_code);

}  // namespace fieldgate::cli
