// fieldgate.yaml: every setting, its default, and its strict reader (docs/operations.md).
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/crypto/keys.h>

#include "gateway/policies/bundle.h"
#include "gateway/server/server.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::config {

/// What a listener carries; nothing is reachable on a listener that does not carry its surface.
enum class Surface { kApps, kDevelopers, kOperations };

struct Listener {
  std::string name;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::vector<Surface> surfaces;
  std::optional<server::TlsFiles> tls;
  std::string plain_behind_proxy;
};

/// Paths are absolute once loaded: relative ones start at the file's own folder.
struct Config {
  std::filesystem::path data_directory;
  std::filesystem::path policy_directory;        ///< empty when there is a bundle
  std::filesystem::path policy_bundle;           ///< empty when there is a directory
  std::vector<policies::Signer> policy_signers;  ///< whose signatures on bundles count
  crypto::RootSource root_key;
  std::string log_origin;           ///< names the audit log in checkpoints and receipts
  std::vector<Listener> listeners;  ///< operations included
  server::Limits limits;
  unsigned loops = 0;  ///< 0: one per core
  std::size_t hot_set_bytes = 256ULL * 1024 * 1024;
  std::string default_region;  ///< for phone numbers without a country code; may be empty
  bool segment_door = false;
  std::string base_url;     ///< `https://host[:port]` as others reach the apps API; may be empty
  bool production = false;  ///< refuses what only a demo may do
};

inline constexpr std::size_t kMaxConfigBytes = 256UL * 1024;
inline constexpr unsigned kMaxLoops = 64;
inline constexpr std::size_t kMaxListeners = 16;
inline constexpr std::size_t kMaxPolicySigners = 100;

struct LoadedConfig {
  Config config;  ///< to be used only when `findings` has no error
  std::vector<Diagnostic> findings;
};

/// Reads and validates. Unknown keys, wrong types, values out of range and missing files are
/// findings with file:line:col; nothing is opened but the file itself.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

}  // namespace fieldgate::config
