// `fieldgate demo`: the bookshop of docs/examples, imported, served and shown.
#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"
#include "gateway/cli/demo_home.h"
#include "gateway/cli/demo_read.h"
#include "gateway/cli/serving.h"
#include "gateway/write/import_consents.h"

#include <fieldgate/crypto/random.h>

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <memory>

namespace fieldgate::cli {

namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  fs::path example;
};

// People and choices are two transactions: an import that was cut off is made again, whole.
Result<void> import_example(Deployment& deployment, const DemoHome& home) {
  if (home.is_imported()) {
    FIELDGATE_TRY(const auto reader, deployment.store().reader());
    FIELDGATE_TRY(const std::uint64_t people, reader->count_profiles());
    std::cout << "kept the data of the last run: " << people << " people\n";
    return ok();
  }
  const fs::path& example = home.example();
  const fs::path people_file = fs::absolute(example / "people.csv");
  FIELDGATE_TRY(const auto imported,
                ops::run_command(deployment, {},
                                 {{"command", "profiles.import"}, {"file", people_file.string()}}));
  write::ImportRun run{deployment.writer(),
                       deployment.sealing(),
                       deployment.policy().get(),
                       write::kRowsAlone,
                       {},
                       {}};
  std::ifstream consents(example / "consents.jsonl", std::ios::binary);
  if (!consents) {
    return make_error(ErrorCode::kInvalid, "consents.jsonl is missing in " + example.string());
  }
  FIELDGATE_TRY(const auto choices,
                write::import_consents(run, consents, deployment.clock().now(), "demo"));
  FIELDGATE_CHECK_OK(deployment.record_now(
      audit::RecordType::kAdmin, "import of choices: " + std::to_string(choices.imported) +
                                     " taken, " + std::to_string(choices.rejected.size()) +
                                     " rejected"));
  std::cout << "imported " << imported.at("imported") << " people and " << choices.imported
            << " of their choices; rejected " << rejected_rows(imported) + choices.rejected.size()
            << '\n';
  return home.mark_imported();
}

Result<void> show(Deployment& deployment, Gateway& gateway, DemoHome& home) {
  FIELDGATE_CHECK_OK(home.keep_credentials(deployment));
  FIELDGATE_CHECK_OK(gateway.reload_credentials());
  const std::uint16_t port = gateway.port(config::Surface::kApps);
  const std::uint16_t operations = gateway.port(config::Surface::kOperations);
  FIELDGATE_CHECK_OK(home.write_environment(deployment, port, operations));
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  std::cout << "\n  apps API       " << url << "/v1/profiles/read\n  API reference  " << url
            << "/docs  (" << url
            << "/openapi.json)\n  operations     http://127.0.0.1:" << operations
            << "/readyz\n  credentials    " << home.environment_file().string()
            << "\n  audit log      " << (deployment.config().data_directory / "log").string()
            << "\n\n";
  FIELDGATE_CHECK_OK(show_one_read(deployment, port, home.key_of("web-shop")));
  std::cout << "\nserving; stop with Ctrl-C\n" << std::flush;
  return ok();
}

int demo(const DemoOptions& options) {
  prepare_signals();
  crypto::SystemRandom random;
  auto home = DemoHome::prepare(demo_home(), options.example, random);
  if (home.has_error()) {
    return fail(home.error());
  }
  auto config = find_config(home->config_file());
  if (config.has_error()) {
    return fail(config.error());
  }
  const SystemClock clock;
  const Deployment::Services services{
      clock, random, [](const std::string& said) { std::cerr << "fieldgate: " << said << '\n'; }};
  const auto deployment = Deployment::open(*config, services);
  if (deployment.has_error()) {
    return fail(deployment.error());
  }
  if (const auto imported = import_example(**deployment, *home); imported.has_error()) {
    return fail(imported.error());
  }
  auto gateway = Gateway::start(**deployment);
  if (gateway.has_error()) {
    return fail(gateway.error());
  }
  if (const auto shown = show(**deployment, **gateway, *home); shown.has_error()) {
    return fail(shown.error());
  }
  const int code = serve_until_signal(**gateway);
  gateway->reset();
  return code;
}

}  // namespace

void add_demo_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "demo", "Serve the bookshop example: people, policy, keys, one read shown with its proof");
  auto options = std::make_shared<DemoOptions>();
  command->add_option("--example", options->example,
                      "folder of the example (default: docs/examples/bookshop)");
  command->footer("FIELDGATE_HOME: where its state lies (.fieldgate). FIELDGATE_PORT: 8080.");
  command->callback([options, &exit_code] { exit_code = demo(*options); });
}

}  // namespace fieldgate::cli
