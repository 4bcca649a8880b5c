#include "gateway/cli/commands.h"
#include "gateway/cli/common.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace fieldgate::cli {

namespace {

struct KeyOptions {
  std::filesystem::path config;
  std::string app;
  std::string role;
  std::string expires;
  std::string prefix;
  bool json = false;
};

// Runs one command and prints its result through `print`, or as JSON.
template <class Print>
int run(const KeyOptions& options, const boost::json::object& request, const Print& print) {
  const auto config = find_config(options.config);
  if (config.has_error()) {
    return fail(config.error());
  }
  const auto result = run_where_it_lives(*config, request);
  if (result.has_error()) {
    return fail(result.error());
  }
  if (options.json) {
    std::cout << boost::json::serialize(*result) << '\n';
  } else {
    print(*result);
  }
  return kExitOk;
}

std::string word(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "-";
}

int add(const KeyOptions& options) {
  boost::json::object request{{"command", "keys.app.add"}, {"app", options.app}};
  if (!options.role.empty()) {
    request["role"] = options.role;
  }
  if (!options.expires.empty()) {
    request["expires"] = options.expires;
  }
  return run(options, request, [](const boost::json::object& result) {
    std::cout << word(result, "key") << '\n';
    std::cerr << "this key is shown once and stored as a hash; it acts for `" << word(result, "app")
              << "`\n";
  });
}

int list(const KeyOptions& options) {
  return run(options, {{"command", "keys.app.list"}}, [](const boost::json::object& result) {
    for (const auto& value : result.at("keys").as_array()) {
      const boost::json::object& key = value.as_object();
      std::cout << word(key, "prefix") << "  " << word(key, "app") << "  created "
                << word(key, "created") << "  expires " << word(key, "expires") << "  revoked "
                << word(key, "revoked") << '\n';
    }
  });
}

int revoke(const KeyOptions& options) {
  return run(options, {{"command", "keys.app.revoke"}, {"prefix", options.prefix}},
             [](const boost::json::object& result) {
               std::cout << word(result, "prefix") << " revoked at " << word(result, "revoked")
                         << "; its next request is refused\n";
             });
}

}  // namespace

void add_keys_commands(CLI::App& app, int& exit_code) {
  CLI::App* keys = app.add_subcommand("keys", "Manage app credentials");
  keys->require_subcommand(1);
  CLI::App* apps = keys->add_subcommand("app", "API keys of apps");
  apps->require_subcommand(1);
  auto options = std::make_shared<KeyOptions>();
  const auto common = [&](CLI::App* command) {
    add_config_option(*command, options->config);
    command->add_flag("--json", options->json, "print JSON");
  };

  CLI::App* add_command = apps->add_subcommand("add", "Make a key; it is shown once");
  add_command->add_option("app", options->app, "the app, as the policy names it")->required();
  add_command->add_option("--role", options->role, "`dpo` for the data protection officer");
  add_command->add_option("--expires", options->expires, "an RFC 3339 time");
  common(add_command);
  add_command->callback([options, &exit_code] { exit_code = add(*options); });

  CLI::App* list_command = apps->add_subcommand("list", "Every key, by its public prefix");
  common(list_command);
  list_command->callback([options, &exit_code] { exit_code = list(*options); });

  CLI::App* revoke_command = apps->add_subcommand("revoke", "Revoke a key at once");
  revoke_command->add_option("prefix", options->prefix, "the key's public prefix")->required();
  common(revoke_command);
  revoke_command->callback([options, &exit_code] { exit_code = revoke(*options); });
}

}  // namespace fieldgate::cli
