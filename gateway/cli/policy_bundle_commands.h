// `fieldgate policy keygen | sign | approve | verify | unpack`: bundles, on the machines of the
// people who sign them; `history | rollback`: what is in force where they are served.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace fieldgate::cli {

/// Adds the commands to the group `policy`.
void add_policy_bundle_commands(CLI::App& group, int& exit_code);

}  // namespace fieldgate::cli
