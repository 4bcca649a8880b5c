#include "gateway/cli/policy_commands_log.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands_output.h"
#include "gateway/export/export.h"
#include "gateway/replay/observed.h"
#include "gateway/replay/replay.h"

#include <fieldgate/policy/processing_register.h>

#include <boost/json.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

namespace fieldgate::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct ReplayOptions {
  std::string directory;
  std::string log;
  std::string since;
  std::string until;
  fs::path config;
  bool as_json = false;
};

// Where the key ring is, all parts of the records are read; else the public ones alone.
Result<json::object> run_replay(const ReplayOptions& options,
                                const policy::PolicySnapshot& policy) {
  FIELDGATE_TRY(const replay::Window window, replay::parse_window(options.since, options.until));
  constexpr std::string_view kUnits = "records";
  if (config_file(options.config).empty()) {
    FIELDGATE_TRY(
        const replay::ReplayReport report,
        replay::replay_log(
            policy, options.log, window, {},
            [&](std::uint64_t done) { show_progress(done, kUnits); }, [] { return false; }));
    return replay::replay_json(report, window);
  }
  FIELDGATE_TRY(const config::Config config, find_config(options.config));
  return run_where_it_lives(config,
                            {{"command", "policy.replay"},
                             {"directory", fs::absolute(options.directory).string()},
                             {"log", fs::absolute(options.log).string()},
                             {"since", options.since},
                             {"until", options.until}},
                            kUnits);
}

std::string text(const json::value& value) {
  return std::string(value.as_string());
}

std::string people_words(const json::value& people) {
  return people.is_null() ? "people unknown"
                          : count_words(people.to_number<std::size_t>(), "person", "people");
}

void print_changes(const json::array& changes) {
  std::string section;
  for (const json::value& change : changes) {
    const std::string title =
        "`" + text(change.at("app")) + "` for `" + text(change.at("purpose")) + "`:\n";
    if (title != section) {
      section = title;
      std::cout << title;
    }
    const json::value* field = change.as_object().if_contains("field");
    std::cout << "  " << (field == nullptr ? std::string("reads") : '`' + text(*field) + '`') << ' '
              << text(change.at("change")) << ": "
              << count_words(change.at("reads").to_number<std::size_t>(), "read") << ", "
              << people_words(change.at("people"));
    std::string separator = " (";
    for (const auto& [reason, count] : change.at("reasons").as_object()) {
      std::cout << separator << count << ' ' << std::string_view(reason);
      separator = ", ";
    }
    std::cout << ")\n";
  }
}

void print_replay(const json::object& report) {
  const auto number = [&](std::string_view name) {
    return report.at(name).to_number<std::size_t>();
  };
  if (on_terminal()) {
    std::cerr << "\r\033[K";
  }
  std::cout << count_words(number("reads"), "recorded read") << " of "
            << count_words(number("records"), "record") << " under policy "
            << text(report.at("policy")) << ": " << number("unchanged") << " unchanged, "
            << number("evaluated") - number("unchanged") << " changed, " << number("not_evaluated")
            << " cannot be evaluated\n";
  const json::value& people = report.at("people");
  std::cout << (people.at("affected").is_null()
                    ? text(people.at("says"))
                    : people_words(people.at("affected")) + " affected, of " +
                          people_words(people.at("evaluated")))
            << '\n';
  if (number("beyond_checkpoint") != 0) {
    std::cout << count_words(number("beyond_checkpoint"), "record")
              << " beyond the log's checkpoint not looked at\n";
  }
  print_changes(report.at("changes").as_array());
  print_changes(report.at("fields").as_array());
  if (number("not_evaluated") != 0) {
    std::cout << "cannot be evaluated:\n";
    for (const json::value& obstacle : report.at("obstacles").as_array()) {
      std::cout << "  " << obstacle.at("reads") << ' ' << text(obstacle.at("reason")) << ": "
                << text(obstacle.at("says")) << '\n';
    }
  }
}

int replay_command(const ReplayOptions& options) {
  if (!is_directory_or_report(options.directory)) {
    return kExitWrongUse;
  }
  const policy::PolicySnapshot set = load_or_report(options.directory, options.as_json);
  if (set == nullptr) {
    return kExitFinding;
  }
  const Result<json::object> report = run_replay(options, set);
  if (report.has_error()) {
    return fail(report.error());
  }
  if (options.as_json) {
    print_json(*report);
  } else {
    print_replay(*report);
  }
  return kExitOk;
}

void add_replay_command(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = group.add_subcommand(
      "replay", "say what recorded reads would be decided under another policy");
  command->add_option("DIR", options->directory, "the directory of the policy to try")->required();
  command->add_option("--log", options->log, "the audit log: its folder, or a state folder with it")
      ->required();
  command->add_option("--since", options->since, "reads from this time on (RFC 3339)");
  command->add_option("--until", options->until, "reads before this time (RFC 3339)");
  command->add_flag("--json", options->as_json, "print one JSON object");
  add_config_option(*command, options->config);
  command->callback([options, &exit_code] { exit_code = replay_command(*options); });
}

struct ExportOptions {
  std::string directory;
  std::string format;
  std::string log;
};

int export_command(const ExportOptions& options) {
  if (!is_directory_or_report(options.directory)) {
    return kExitWrongUse;
  }
  if (!options.log.empty() && options.format != "ropa-csv") {
    return fail(make_error(ErrorCode::kInvalid, "`--log` goes with `--format ropa-csv`"));
  }
  const policy::PolicySnapshot set = load_or_report(options.directory, false);
  if (set == nullptr) {
    return kExitFinding;
  }
  const policy::ProcessingRegister declared = policy::processing_register(*set);
  if (options.format == "dpv-jsonld") {
    print_json(exporting::dpv_json_ld(declared, *set));
    return kExitOk;
  }
  if (options.format == "odrl") {
    print_json(exporting::odrl_policy(declared));
    return kExitOk;
  }
  if (options.log.empty()) {
    std::cout << exporting::processing_record_csv(declared, *set, nullptr);
    return kExitOk;
  }
  const auto observed =
      replay::observe_log(options.log, [](std::uint64_t done) { show_progress(done, "records"); });
  if (observed.has_error()) {
    return fail(observed.error());
  }
  std::cout << exporting::processing_record_csv(declared, *set, &*observed);
  return kExitOk;
}

void add_export_command(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      group.add_subcommand("export",
                           "print the policy in a format of others, or its record of "
                           "processing");
  command->add_option("DIR", options->directory, "the directory with the policy's *.yaml files")
      ->required();
  command->add_option("--format", options->format, "dpv-jsonld, odrl or ropa-csv (GDPR 30(1))")
      ->required()
      ->check(CLI::IsMember({"dpv-jsonld", "odrl", "ropa-csv"}));
  command->add_option("--log", options->log,
                      "for ropa-csv: the audit log, to say what was observed beside what is "
                      "declared");
  command->callback([options, &exit_code] { exit_code = export_command(*options); });
}

}  // namespace

void add_policy_log_commands(CLI::App& group, int& exit_code) {
  add_replay_command(group, exit_code);
  add_export_command(group, exit_code);
}

}  // namespace fieldgate::cli
