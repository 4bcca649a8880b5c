// One binary; each subcommand in gateway/cli.
#include "gateway/cli/audit_commands.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands.h"

#include <fieldgate/crypto/random.h>

#include <fieldgate_version.h>

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <new>

namespace {

using namespace fieldgate;

int run(int argc, char** argv) {
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
    exit_code = code == 0 ? cli::kExitOk : cli::kExitWrongUse;
  }
  if (!std::cout.flush()) {
    return cli::fail(make_error(ErrorCode::kUnavailable, "the output cannot be written"));
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "fieldgate: error: out of memory\n";
  } catch (const std::exception& fault) {
    std::cerr << "fieldgate: error: " << fault.what() << '\n';
  } catch (...) {
    std::cerr << "fieldgate: error: a fault without a name\n";
  }
  return cli::kExitWrongUse;
}
