// The policy commands that show what a policy means: diff, show, invariants.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace fieldgate::cli {

/// `group` is the subcommand `policy`.
void add_policy_review_commands(CLI::App& group, int& exit_code);

}  // namespace fieldgate::cli
