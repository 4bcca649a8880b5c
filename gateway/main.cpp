// One binary; each subcommand in gateway/cli.
#include "gateway/cli/audit_commands.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands.h"

#include <fieldgate/crypto/random.h>

#include <fieldgate_version.h>

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char** argv) {
  using namespace fieldgate;
  if (const auto started = crypto::initialise(); started.has_error()) {
    return cli::fail(started.error());
  }
  CLI::App app("Fieldgate: a privacy-first consent and compliance gateway", "fieldgate");
  app.require_subcommand(1);
  int exit_code = cli::kExitOk;
  cli::add_serve_command(app, exit_code);
  cli::add_demo_command(app, exit_code);
  cli::add_policy_commands(app, exit_code);
  cli::add_keys_commands(app, exit_code);
  cli::add_profiles_commands(app, exit_code);
  cli::add_audit_commands(app, exit_code);
  cli::add_config_commands(app, exit_code);
  app.add_subcommand("version", "Print the version")->callback([] {
    std::cout << "fieldgate " FIELDGATE_VERSION "\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::kExitOk : cli::kExitWrongUse;
  }
  return exit_code;
}
