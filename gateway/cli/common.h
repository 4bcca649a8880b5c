// What the subcommands share: where the deployment is, how errors end a run.
#pragma once

#include "gateway/config/config.h"
#include "gateway/ops/commands.h"

#include <fieldgate/base/result.h>

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace fieldgate::cli {

inline constexpr int kExitOk = 0;
/// A finding: a failing test, a rejected row, a broken proof, stored data that is damaged, no such
/// person, key or record.
inline constexpr int kExitFinding = 1;
/// Wrong use, or nothing could be done at all.
inline constexpr int kExitWrongUse = 2;

/// Adds `--config FILE` to a command.
void add_config_option(CLI::App& command, std::filesystem::path& file);

/// The file that `find_config` reads; empty when nothing is given and none of the usual ones is
/// there.
[[nodiscard]] std::filesystem::path config_file(const std::filesystem::path& given);
/// The config that `--config` names; else that of `FIELDGATE_HOME`; else `fieldgate.yaml` here;
/// else that of a demo in `.fieldgate`. Findings are printed; an error says what to do.
[[nodiscard]] Result<config::Config> find_config(const std::filesystem::path& given);

/// The one exit code of a kind of error.
[[nodiscard]] int exit_code_of(ErrorCode code);
/// Prints "fieldgate: error: …" to stderr and gives the exit code for it.
int fail(const Error& error);

/// Runs a command in the gateway that serves this data directory, or, when none runs, in this
/// process under the directory's lock. On a terminal it shows how far it is, in `units`.
[[nodiscard]] Result<boost::json::object> run_where_it_lives(const config::Config& config,
                                                             const boost::json::object& request,
                                                             std::string_view units = "rows");

/// Shows how far long work is, where stdout is a terminal.
void show_progress(std::uint64_t done, std::string_view units);

/// The rejected rows in the report of an import, those that it does not list included.
[[nodiscard]] std::uint64_t rejected_rows(const boost::json::object& report);

/// True when stdout is a terminal: long work then shows its progress.
[[nodiscard]] bool on_terminal();

/// The path a new demo or the last one lies in: `FIELDGATE_HOME`, else ".fieldgate".
[[nodiscard]] std::filesystem::path demo_home();

}  // namespace fieldgate::cli
