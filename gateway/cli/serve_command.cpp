#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"
#include "gateway/cli/serving.h"

#include <fieldgate/crypto/random.h>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace fieldgate::cli {

namespace {

int serve(const std::filesystem::path& config_file) {
  prepare_signals();
  auto config = find_config(config_file);
  if (config.has_error()) {
    return fail(config.error());
  }
  const SystemClock clock;
  crypto::SystemRandom random;
  const Deployment::Services services{
      clock, random, [](const std::string& said) { std::cerr << "fieldgate: " + said + '\n'; }};
  const auto deployment = Deployment::open(*config, services);
  if (deployment.has_error()) {
    return fail(deployment.error());
  }
  auto gateway = Gateway::start(**deployment);
  if (gateway.has_error()) {
    return fail(gateway.error());
  }
  const std::uint16_t apps = (*gateway)->port(config::Surface::kApps);
  const std::uint16_t operations = (*gateway)->port(config::Surface::kOperations);
  std::string said = "fieldgate: serving policy ";
  said += (*deployment)->policy().get()->set().version();
  if (apps != 0) {
    said += ", apps on port " + std::to_string(apps);
  }
  if (operations != 0) {
    said += ", operations on port " + std::to_string(operations);
  }
  // In one piece: whoever reads the ports from a pipe gets the whole line or nothing.
  std::cerr << said + '\n';
  const int code = serve_until_signal(**gateway);
  gateway->reset();
  return code;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Serve a deployment");
  auto file = std::make_shared<std::filesystem::path>();
  add_config_option(*command, *file);
  command->callback([file, &exit_code] { exit_code = serve(*file); });
}

}  // namespace fieldgate::cli
