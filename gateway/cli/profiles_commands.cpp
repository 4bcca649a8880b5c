#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace fieldgate::cli {

namespace {

struct ProfileOptions {
  std::filesystem::path config;
  std::filesystem::path file;
  std::filesystem::path mapping;
  std::string country;
  std::string person;
  bool json = false;
};

// A running gateway has a working directory of its own.
std::string absolute_text(const std::filesystem::path& file) {
  return file.empty() ? std::string() : std::filesystem::absolute(file).string();
}

void print_row_errors(const std::filesystem::path& file, const boost::json::array& errors) {
  for (const auto& value : errors) {
    const boost::json::object& error = value.as_object();
    const std::string_view field = error.at("field").as_string();
    std::cout << file.string() << ':' << error.at("line").as_int64() << ": ";
    if (!field.empty()) {
      std::cout << field << ": ";
    }
    std::cout << std::string_view(error.at("message").as_string()) << '\n';
  }
}

int import_people(const ProfileOptions& options) {
  const auto config = find_config(options.config);
  if (config.has_error()) {
    return fail(config.error());
  }
  const auto result = run_where_it_lives(*config, {{"command", "profiles.import"},
                                                   {"file", absolute_text(options.file)},
                                                   {"mapping", absolute_text(options.mapping)},
                                                   {"country", options.country}});
  if (on_terminal()) {
    std::cerr << '\n';
  }
  if (result.has_error()) {
    return fail(result.error());
  }
  const std::uint64_t rejected = rejected_rows(*result);
  if (options.json) {
    std::cout << boost::json::serialize(*result) << '\n';
  } else {
    print_row_errors(options.file, result->at("rejected").as_array());
    print_row_errors(options.file, result->at("dropped").as_array());
    const boost::json::object& rest = result->at("problems_not_listed").as_object();
    const auto more_rows = rest.at("rejected").to_number<std::uint64_t>();
    const auto more_values = rest.at("dropped").to_number<std::uint64_t>();
    if (more_rows + more_values > 0) {
      std::cout << "not listed: " << more_rows << " more rejected rows and " << more_values
                << " more values left out\n";
    }
    std::cout << result->at("imported") << " imported, " << result->at("updated") << " updated, "
              << rejected << " rejected\n";
  }
  return rejected == 0 ? kExitOk : kExitFinding;
}

int inspect(const ProfileOptions& options) {
  const auto config = find_config(options.config);
  if (config.has_error()) {
    return fail(config.error());
  }
  const std::size_t colon = options.person.find(':');
  if (colon == std::string::npos) {
    return fail(
        make_error(ErrorCode::kInvalid, "name the person as email:…, phone:… or account_id:…"));
  }
  const auto result = run_where_it_lives(*config, {{"command", "profiles.inspect"},
                                                   {"type", options.person.substr(0, colon)},
                                                   {"value", options.person.substr(colon + 1)}});
  if (result.has_error()) {
    return fail(result.error());
  }
  if (options.json) {
    std::cout << boost::json::serialize(*result) << '\n';
    return kExitOk;
  }
  for (const auto& field : result->at("fields").as_object()) {
    const boost::json::object& sealed = field.value().as_object();
    std::cout << std::string_view(field.key()) << ": "
              << std::string_view(sealed.at("suite").as_string()) << ", key version "
              << sealed.at("key_version") << ", " << sealed.at("bytes") << " bytes sealed\n";
  }
  return kExitOk;
}

}  // namespace

void add_profiles_commands(CLI::App& app, int& exit_code) {
  CLI::App* profiles = app.add_subcommand("profiles", "Import and inspect people");
  profiles->require_subcommand(1);
  auto options = std::make_shared<ProfileOptions>();
  const auto common = [&](CLI::App* command) {
    add_config_option(*command, options->config);
    command->add_flag("--json", options->json, "print JSON");
  };

  CLI::App* import_command =
      profiles->add_subcommand("import", "Import people from .csv, .jsonl or .ndjson");
  import_command->add_option("file", options->file, "the file")->required();
  import_command->add_option("--mapping", options->mapping, "which columns are which fields");
  import_command->add_option("--country", options->country,
                             "region of phone numbers without a country code");
  common(import_command);
  import_command->callback([options, &exit_code] { exit_code = import_people(*options); });

  CLI::App* inspect_command =
      profiles->add_subcommand("inspect", "How a person's fields are sealed; never values");
  inspect_command->add_option("person", options->person, "TYPE:VALUE")->required();
  common(inspect_command);
  inspect_command->callback([options, &exit_code] { exit_code = inspect(*options); });
}

}  // namespace fieldgate::cli
