#include "gateway/cli/common.h"

#include "gateway/ops/control.h"

#include <fieldgate/crypto/random.h>

#include <boost/json/array.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace fieldgate::cli {

namespace fs = std::filesystem;

void add_config_option(CLI::App& command, fs::path& file) {
  command.add_option("--config", file,
                     "the deployment's fieldgate.yaml (default: that of FIELDGATE_HOME, then "
                     "./fieldgate.yaml, then the demo's)");
}

fs::path demo_home() {
  const char* home = std::getenv("FIELDGATE_HOME");  // NOLINT(concurrency-mt-unsafe)
  return home != nullptr && *home != '\0' ? fs::path(home) : fs::path(".fieldgate");
}

Result<config::Config> find_config(const fs::path& given) {
  fs::path file = given;
  if (file.empty()) {
    const bool home_given =
        std::getenv("FIELDGATE_HOME") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    file = !home_given && fs::exists("fieldgate.yaml") ? fs::path("fieldgate.yaml")
                                                       : demo_home() / "fieldgate.yaml";
  }
  config::LoadedConfig loaded = config::load_config(file);
  for (const Diagnostic& finding : loaded.findings) {
    std::cerr << format_diagnostic(finding) << '\n';
  }
  if (has_errors(loaded.findings)) {
    return make_error(ErrorCode::kInvalid,
                      "there is no usable config; name one with --config, or "
                      "start a demo with `fieldgate demo`");
  }
  return std::move(loaded.config);
}

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
    case ErrorCode::kCorrupt:
      return kExitFinding;
    case ErrorCode::kInvalid:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kForbidden:
    case ErrorCode::kConflict:
    case ErrorCode::kTooLarge:
    case ErrorCode::kTimedOut:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal:
      break;
  }
  return kExitWrongUse;
}

int fail(const Error& error) {
  std::cerr << "fieldgate: error: " << error.message << '\n';
  return exit_code_of(error.code);
}

std::uint64_t rejected_rows(const boost::json::object& report) {
  return report.at("rejected").as_array().size() +
         report.at("problems_not_listed").at("rejected").to_number<std::uint64_t>();
}

bool on_terminal() {
  return ::isatty(STDOUT_FILENO) != 0;
}

Result<boost::json::object> run_where_it_lives(const config::Config& config,
                                               const boost::json::object& request) {
  const auto progress = [](std::uint64_t rows) {
    if (on_terminal()) {
      std::cerr << '\r' << rows << " rows" << std::flush;
    }
  };
  if (auto answer = ops::ask_running_gateway(config.data_directory, request, progress)) {
    return std::move(*answer);
  }
  const SystemClock clock;
  crypto::SystemRandom random;
  const Deployment::Services services{
      clock, random, [](const std::string& said) { std::cerr << "fieldgate: " << said << '\n'; }};
  FIELDGATE_TRY(const auto deployment, Deployment::open(config, services));
  ops::CommandHooks hooks;
  hooks.progress = progress;
  return ops::run_command(*deployment, hooks, request);
}

}  // namespace fieldgate::cli
