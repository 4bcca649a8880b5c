// A deployment whose policy comes as a bundle: who signs it, and how it is changed.
#pragma once

#include "tests/integration/support/api.h"

#include <filesystem>
#include <string>

namespace fieldgate::test {

/// Whether a gateway that is started here can lock its keys in memory, as production demands. Not
/// under AddressSanitizer, which makes mlock(2) do nothing.
[[nodiscard]] bool keys_can_be_locked();

/// Turns the state that a demo made into one that serves bundles, in production mode where it can,
/// with keys for Ada, who writes, and Grace, who approves.
class PolicyPeople {
 public:
  /// `shop` must not run; its `fieldgate.yaml` is changed. Fails the test when a command does.
  explicit PolicyPeople(const Bookshop& shop);

  /// The folder that Ada edits.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// The bundle that the configuration names.
  [[nodiscard]] const std::filesystem::path& bundle() const { return bundle_; }
  /// Ada signs the folder.
  void sign(const std::filesystem::path& out, unsigned sequence) const;
  /// Grace approves.
  void approve(const std::filesystem::path& file) const;
  /// Ada signs, Grace approves, and the bundle is renamed into its place.
  void publish(unsigned sequence) const;
  /// Gives the policy another version, which is also what its bundle names.
  void set_version(const std::string& from, const std::string& to) const;

 private:
  std::string make_key(const std::string& person) const;

  const Bookshop& shop_;
  std::filesystem::path folder_;
  std::filesystem::path bundle_;
};

/// Replaces the setting that begins with `name:` in a configuration by other lines.
void replace_setting(const std::filesystem::path& config, const std::string& name,
                     const std::string& lines);

}  // namespace fieldgate::test
