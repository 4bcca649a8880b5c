// The built binary with the bookshop's deployment in a folder of its own.
#pragma once

#include "tests/integration/support/files.h"
#include "tests/integration/support/process.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fieldgate::test {

class Bookshop {
 public:
  /// The state lies in `home`, else in a temporary folder.
  explicit Bookshop(std::filesystem::path home = {});

  /// Starts `fieldgate demo` and waits until it serves; false (and a failure) when it does not.
  bool start_demo();
  /// Starts `fieldgate serve` on the state that a demo made, with more settings.
  bool start_serve(const std::string& more_settings = {});
  /// SIGTERM; gives the exit code.
  int stop();
  /// SIGKILL, and waits until it is gone.
  void kill();
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] bool running() const { return process_ != nullptr; }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t operations_port() const { return operations_port_; }
  /// The API key of an app in demo.env.
  [[nodiscard]] std::string key(const std::string& app) const;
  [[nodiscard]] std::string variable(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& home() const { return home_; }
  [[nodiscard]] std::filesystem::path data() const { return home_ / "data"; }
  [[nodiscard]] std::filesystem::path log() const { return data() / "log"; }
  [[nodiscard]] Environment environment() const;
  /// Runs `fieldgate ARGUMENTS` with FIELDGATE_HOME set.
  [[nodiscard]] Finished cli(const std::vector<std::string>& arguments) const;
  /// `fieldgate audit verify` on the data directory must say that all is well.
  void expect_log_verifies() const;
  /// Stdout and stderr of every process so far.
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  void ended();

  std::unique_ptr<TemporaryFolder> folder_;
  std::filesystem::path home_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
  std::uint16_t operations_port_ = 0;
  std::string said_;
};

/// Port N of "…TEXT N…" in what a process said; 0 when it did not.
[[nodiscard]] std::uint16_t port_after(const std::string& said, const std::string& text);

}  // namespace fieldgate::test
