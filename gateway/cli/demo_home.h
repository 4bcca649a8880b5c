// The state folder of a demo: its config, root secret and credentials.
#pragma once

#include "gateway/deployment.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fieldgate::cli {

/// `FIELDGATE_HOME`: `fieldgate.yaml` and `demo.env` are written anew at each start, the root
/// secret, the data and the credentials are kept.
class DemoHome {
 public:
  /// `example` empty: docs/examples/bookshop below the working directory or beside the binary.
  [[nodiscard]] static Result<DemoHome> prepare(const std::filesystem::path& home,
                                                const std::filesystem::path& example,
                                                Random& random);

  [[nodiscard]] std::filesystem::path config_file() const { return home_ / "fieldgate.yaml"; }
  [[nodiscard]] std::filesystem::path environment_file() const { return home_ / "demo.env"; }
  [[nodiscard]] const std::filesystem::path& example() const { return example_; }

  /// Whether people and choices were taken over whole, and noting that they were.
  [[nodiscard]] bool is_imported() const;
  [[nodiscard]] Result<void> mark_imported() const;

  /// Takes over the keys in demo.env that are still good, and makes one for every app that has
  /// none, and one for the data protection officer.
  [[nodiscard]] Result<void> keep_credentials(Deployment& deployment);
  /// demo.env, mode 0600: FIELDGATE_URL, FIELDGATE_OPS_URL, FIELDGATE_LOG and one line per key.
  [[nodiscard]] Result<void> write_environment(Deployment& deployment, std::uint16_t port,
                                               std::uint16_t operations_port);
  [[nodiscard]] const std::string& key_of(const std::string& app) const { return keys_.at(app); }

 private:
  std::filesystem::path home_;
  std::filesystem::path example_;
  std::map<std::string, std::string> keys_;  // by app; demo only, like demo.env itself
};

}  // namespace fieldgate::cli
