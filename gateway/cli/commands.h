// Every subcommand, each in a file of its own.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace fieldgate::cli {

void add_serve_command(CLI::App& app, int& exit_code);
void add_demo_command(CLI::App& app, int& exit_code);
void add_config_commands(CLI::App& app, int& exit_code);
void add_keys_commands(CLI::App& app, int& exit_code);
void add_profiles_commands(CLI::App& app, int& exit_code);

}  // namespace fieldgate::cli
