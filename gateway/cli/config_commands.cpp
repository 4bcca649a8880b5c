#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace fieldgate::cli {

namespace {

struct CheckOptions {
  std::filesystem::path file = "fieldgate.yaml";
  bool json = false;
};

int check(const CheckOptions& options) {
  std::error_code failure;
  if (!std::filesystem::exists(options.file, failure)) {
    return fail(
        make_error(ErrorCode::kInvalid, "there is no file `" + options.file.string() + '`'));
  }
  const config::LoadedConfig loaded = config::load_config(options.file);
  if (options.json) {
    boost::json::array findings;
    for (const Diagnostic& finding : loaded.findings) {
      findings.push_back(boost::json::object{
          {"file", finding.where.file},
          {"line", finding.where.line},
          {"column", finding.where.column},
          {"severity", finding.severity == Severity::kError ? "error" : "warning"},
          {"code", finding.code},
          {"message", finding.message},
          {"suggestion", finding.suggestion}});
    }
    std::cout << boost::json::serialize(boost::json::object{{"findings", findings}}) << '\n';
  } else {
    for (const Diagnostic& finding : loaded.findings) {
      std::cout << format_diagnostic(finding) << '\n';
    }
    if (loaded.findings.empty()) {
      std::cout << options.file.string() << ": good\n";
    }
  }
  return has_errors(loaded.findings) ? kExitFinding : kExitOk;
}

}  // namespace

void add_config_commands(CLI::App& app, int& exit_code) {
  CLI::App* config = app.add_subcommand("config", "Check a configuration");
  config->require_subcommand(1);
  CLI::App* command = config->add_subcommand("check", "Validate fieldgate.yaml");
  auto options = std::make_shared<CheckOptions>();
  command->add_option("file", options->file, "the file (default: fieldgate.yaml)");
  command->add_flag("--json", options->json, "print JSON");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace fieldgate::cli
