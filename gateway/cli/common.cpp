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

namespace {

fs::path usual_config_file() {
  const bool home_given =
      std::getenv("FIELDGATE_HOME") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  return !home_given && fs::exists("fieldgate.yaml") ? fs::path("fieldgate.yaml")
                                                     : demo_home() / "fieldgate.yaml";
}

}  // namespace

fs::path config_file(const fs::path& given) {
  std::error_code ignored;
  const fs::path usual = usual_config_file();
  return !given.empty() ? given : fs::exists(usual, ignored) ? usual : fs::path();
}

Result<config::Config> find_config(const fs::path& given) {
  const fs::path file = given.empty() ? usual_config_file() : given;
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

void show_progress(std::uint64_t done, std::string_view units) {
  if (on_terminal()) {
    std::cerr << '\r' << done << ' ' << units << std::flush;
  }
}

Result<boost::json::object> run_where_it_lives(const config::Config& config,
                                               const boost::json::object& request,
                                               std::string_view units) {
  const auto progress = [units](std::uint64_t done) { show_progress(done, units); };
  if (auto answer = ops::ask_running_gateway(config.data_directory, request, progress)) {
    return std::move(*answer);
  }
  const SystemClock clock;
  crypto::SystemRandom random;
  const Deployment::Services services{
      clock, random, [](const std::string& said) { std::cerr << "fieldgate: " << said << '\n'; }};
  FIELDGATE_TRY(const auto deployment,
                Deployment::open(config, services, policies::Opening::kResume));
  ops::CommandHooks hooks;
  hooks.progress = progress;
  return ops::run_command(*deployment, hooks, request);
}

}  // namespace fieldgate::cli
