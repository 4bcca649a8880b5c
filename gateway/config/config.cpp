#include "gateway/config/config.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>

namespace fieldgate::config {

namespace {

using policy::YamlNode;

// Walks the parsed file and collects findings; each accessor returns a default after a finding, so
// that one run reports everything that is wrong.
class Reader {
 public:
  Reader(std::string file, std::filesystem::path folder, std::vector<Diagnostic>& findings)
      : file_(std::move(file)), folder_(std::move(folder)), findings_(findings) {}

  void error(const YamlNode& at, std::string code, std::string message,
             std::string suggestion = {}) {
    findings_.push_back({{file_, at.line, at.column},
                         Severity::kError,
                         std::move(code),
                         std::move(message),
                         std::move(suggestion),
                         {}});
  }

  using Fields = std::map<std::string, std::function<void(const YamlNode&)>, std::less<>>;

  // Hands each entry of a map to its reader; an unknown key is a finding that names the nearest
  // one.
  void map(const YamlNode& node, const std::string& what, const Fields& fields) {
    if (node.kind != YamlNode::Kind::kMap) {
      error(node, "wrong-type", "`" + what + "` must be a map of settings");
      return;
    }
    for (const auto& [key, value] : node.entries) {
      const auto field = fields.find(key.scalar);
      if (field != fields.end()) {
        field->second(value);
        continue;
      }
      std::vector<std::string> known;
      for (const auto& [name, reader] : fields) {
        known.push_back(name);
      }
      const std::string near = nearest_word(key.scalar, known);
      error(key, "unknown-key", "unknown setting `" + excerpt(key.scalar) + "` in `" + what + "`",
            near.empty() ? "see docs/operations.md for every setting"
                         : "did you mean `" + near + "`?");
    }
  }

  std::string text(const YamlNode& node, const std::string& what) {
    if (node.kind != YamlNode::Kind::kScalar || node.scalar.empty()) {
      error(node, "wrong-type", "`" + what + "` must be text");
      return {};
    }
    return node.scalar;
  }

  std::filesystem::path path(const YamlNode& node, const std::string& what) {
    const std::filesystem::path given = text(node, what);
    return given.empty() || given.is_absolute() ? given : (folder_ / given).lexically_normal();
  }

  bool boolean(const YamlNode& node, const std::string& what) {
    if (node.kind == YamlNode::Kind::kScalar && !node.quoted &&
        (node.scalar == "true" || node.scalar == "false")) {
      return node.scalar == "true";
    }
    error(node, "wrong-type", "`" + what + "` must be true or false");
    return false;
  }

  std::uint64_t number(const YamlNode& node, const std::string& what, std::uint64_t least,
                       std::uint64_t most) {
    std::uint64_t value = 0;
    const char* end = node.scalar.data() + node.scalar.size();
    const auto [rest, failure] = std::from_chars(node.scalar.data(), end, value);
    if (node.kind != YamlNode::Kind::kScalar || failure != std::errc{} || rest != end ||
        node.scalar.empty()) {
      error(node, "wrong-type", "`" + what + "` must be a whole number");
      return least;
    }
    if (value < least || value > most) {
      error(node, "out-of-range",
            "`" + what + "` must be from " + std::to_string(least) + " to " + std::to_string(most));
      return least;
    }
    return value;
  }

  std::chrono::milliseconds seconds(const YamlNode& node, const std::string& what) {
    return std::chrono::seconds{number(node, what, 1, 3600)};
  }

 private:
  std::string file_;
  std::filesystem::path folder_;
  std::vector<Diagnostic>& findings_;
};

void read_root_key(Reader& reader, const YamlNode& node, Config& config) {
  int sources = 0;
  reader.map(node, "root_key",
             {{"passphrase_file",
               [&](const YamlNode& value) {
                 ++sources;
                 config.root_key =
                     crypto::PassphraseFile{reader.path(value, "root_key.passphrase_file")};
               }},
              {"systemd_credential", [&](const YamlNode& value) {
                 ++sources;
                 config.root_key =
                     crypto::SystemdCredential{reader.text(value, "root_key.systemd_credential")};
               }}});
  if (sources != 1) {
    reader.error(node, "root-key", "`root_key` needs exactly one source",
                 "give `passphrase_file` or `systemd_credential`");
  }
}

void read_tls(Reader& reader, const YamlNode& node, Listener& listener) {
  server::TlsFiles files;
  reader.map(
      node, "tls",
      {{"certificate",
        [&](const YamlNode& value) {
          files.certificate_chain = reader.path(value, "tls.certificate");
        }},
       {"key", [&](const YamlNode& value) { files.private_key = reader.path(value, "tls.key"); }}});
  if (files.certificate_chain.empty() || files.private_key.empty()) {
    reader.error(node, "tls", "`tls` needs `certificate` and `key`");
  }
  listener.tls = files;
}

Listener read_listener(Reader& reader, const YamlNode& node) {
  Listener listener;
  const Reader::Fields fields = {
      {"name", [&](const YamlNode& v) { listener.name = reader.text(v, "name"); }},
      {"address", [&](const YamlNode& v) { listener.address = reader.text(v, "address"); }},
      {"port",
       [&](const YamlNode& v) {
         listener.port = static_cast<std::uint16_t>(reader.number(v, "port", 0, 65535));
       }},
      {"tls", [&](const YamlNode& v) { read_tls(reader, v, listener); }},
      {"plain_behind_proxy",
       [&](const YamlNode& v) {
         listener.plain_behind_proxy = reader.text(v, "plain_behind_proxy");
       }},
      {"surfaces", [&](const YamlNode& v) {
         if (v.kind != YamlNode::Kind::kSequence || v.items.empty()) {
           reader.error(v, "wrong-type", "`surfaces` must be a list of surfaces");
           return;
         }
         for (const YamlNode& item : v.items) {
           if (item.scalar == "apps") {
             listener.surfaces.push_back(Surface::kApps);
           } else if (item.scalar == "developers") {
             listener.surfaces.push_back(Surface::kDevelopers);
           } else if (item.scalar == "operations") {
             listener.surfaces.push_back(Surface::kOperations);
           } else {
             reader.error(item, "unknown-surface", "unknown surface `" + item.scalar + "`",
                          "surfaces are apps, developers, operations");
           }
         }
       }}};
  reader.map(node, "listeners", fields);
  if (listener.surfaces.empty()) {
    reader.error(node, "no-surface", "this listener carries no surface",
                 "add `surfaces: [apps]`, for example");
  }
  if (listener.name.empty()) {
    listener.name = "listener at " + listener.address;
  }
  return listener;
}

void read_signer_roles(Reader& reader, const YamlNode& node, policies::Signer& signer) {
  if (node.kind != YamlNode::Kind::kSequence || node.items.empty()) {
    reader.error(node, "wrong-type", "`roles` must be a list of roles");
    return;
  }
  for (const YamlNode& item : node.items) {
    if (item.scalar == "author") {
      signer.author = true;
    } else if (item.scalar == "approver") {
      signer.approver = true;
    } else {
      reader.error(item, "unknown-role", "unknown role `" + excerpt(item.scalar) + "`",
                   "roles are author, approver");
    }
  }
}

std::optional<crypto::Ed25519PublicKey> parse_public_key(const std::string& text) {
  const auto bytes = crypto::base64_decode(text);
  crypto::Ed25519PublicKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return std::nullopt;
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

void read_signer(Reader& reader, const YamlNode& node, Config& config) {
  policies::Signer signer;
  bool has_key = false;
  reader.map(node, "policy_signers",
             {{"name",
               [&](const YamlNode& v) {
                 signer.name = reader.text(v, "name");
                 if (const auto good = policies::check_person_name(signer.name); good.has_error()) {
                   reader.error(v, "bad-name", good.error().message);
                 }
               }},
              {"key",
               [&](const YamlNode& v) {
                 has_key = true;
                 const auto key = parse_public_key(reader.text(v, "key"));
                 if (!key) {
                   reader.error(v, "bad-key", "`key` must be an Ed25519 public key in base64",
                                "`fieldgate policy keygen` prints it");
                   return;
                 }
                 signer.key = *key;
                 for (const policies::Signer& other : config.policy_signers) {
                   if (other.key == signer.key) {
                     reader.error(v, "same-key", "this is the key of `" + other.name + "` too",
                                  "each person signs with a key of their own");
                   }
                 }
               }},
              {"roles", [&](const YamlNode& v) { read_signer_roles(reader, v, signer); }}});
  if (signer.name.empty() || !has_key || !(signer.author || signer.approver)) {
    reader.error(node, "missing-key", "a signer needs `name`, `key` and `roles`");
  }
  config.policy_signers.push_back(std::move(signer));
}

// A bundle needs somebody who may write it and somebody else who may approve it.
void check_policy_source(Reader& reader, const YamlNode& root, const Config& config) {
  if (config.policy_directory.empty() == config.policy_bundle.empty()) {
    reader.error(root, config.policy_directory.empty() ? "missing-key" : "policy-source",
                 config.policy_directory.empty()
                     ? "`policy_directory` or `policy_bundle` is missing"
                     : "`policy_directory` and `policy_bundle` exclude each other",
                 "give one of them");
    return;
  }
  if (config.policy_bundle.empty()) {
    if (config.production) {
      reader.error(root, "policy-source",
                   "with `production: true` the policy must come as an approved bundle",
                   "give `policy_bundle` and `policy_signers` in place of `policy_directory`");
    }
    return;
  }
  const auto& signers = config.policy_signers;
  const bool two = std::any_of(signers.begin(), signers.end(), [&](const auto& author) {
    return author.author && std::any_of(signers.begin(), signers.end(), [&](const auto& other) {
             return other.approver && other.name != author.name;
           });
  });
  if (!two) {
    reader.error(root, "policy-signers",
                 "`policy_signers` must name an author and somebody else who may approve",
                 "see docs/policy-bundles.md");
  }
}

void read_limits(Reader& reader, const YamlNode& node, server::Limits& limits) {
  const auto duration = [&reader](std::chrono::milliseconds& into, const char* name) {
    return [&reader, &into, name](const YamlNode& v) { into = reader.seconds(v, name); };
  };
  const auto count = [&reader](std::size_t& into, const char* name, std::uint64_t least,
                               std::uint64_t most) {
    return [&reader, &into, name, least, most](const YamlNode& v) {
      into = static_cast<std::size_t>(reader.number(v, name, least, most));
    };
  };
  reader.map(node, "limits",
             {{"tls_handshake_seconds", duration(limits.tls_handshake, "tls_handshake_seconds")},
              {"header_seconds", duration(limits.header, "header_seconds")},
              {"body_seconds", duration(limits.body, "body_seconds")},
              {"keep_alive_seconds", duration(limits.keep_alive_idle, "keep_alive_seconds")},
              {"write_stalled_seconds", duration(limits.write_stalled, "write_stalled_seconds")},
              {"drain_seconds", duration(limits.drain, "drain_seconds")},
              {"header_bytes", count(limits.header_bytes, "header_bytes", 1024, 16UL * 1024)},
              {"header_fields", count(limits.header_fields, "header_fields", 8, 1000)},
              {"body_bytes", count(limits.body_bytes, "body_bytes", 1024, 64ULL * 1024 * 1024)},
              {"connections", count(limits.connections, "connections", 0, 1'000'000)}});
}

// Other programs are sent there with their credentials, so it is an origin and nothing more, and
// plain HTTP only to this very machine.
bool is_base_url(std::string_view url) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kHttp = "http://";
  const bool secure = url.starts_with(kHttps);
  if (!secure && !url.starts_with(kHttp)) {
    return false;
  }
  url.remove_prefix(secure ? kHttps.size() : kHttp.size());
  const bool bracketed = url.starts_with('[');
  if (bracketed && url.find(']') == std::string_view::npos) {
    return false;
  }
  const std::size_t host_end = bracketed ? url.find(']') + 1 : std::min(url.find(':'), url.size());
  const std::string_view host = url.substr(0, host_end);
  const std::string_view name = bracketed ? host.substr(1, host.size() - 2) : host;
  const std::string_view allowed =
      bracketed ? "0123456789abcdef:." : "0123456789abcdefghijklmnopqrstuvwxyz-.";
  if (name.empty() || name.find_first_not_of(allowed) != std::string_view::npos) {
    return false;
  }
  if (host_end < url.size()) {
    const std::string_view port = url.substr(host_end + 1);
    std::uint16_t number = 0;
    const auto [rest, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (url[host_end] != ':' || failure != std::errc{} || rest != port.data() + port.size() ||
        number == 0) {
      return false;
    }
  }
  return secure || host == "127.0.0.1" || host == "[::1]" || host == "localhost";
}

void read_root(Reader& reader, const YamlNode& root, Config& config) {
  bool has_root_key = false;
  reader.map(
      root, "fieldgate.yaml",
      {{"data_directory",
        [&](const YamlNode& v) { config.data_directory = reader.path(v, "data_directory"); }},
       {"policy_directory",
        [&](const YamlNode& v) { config.policy_directory = reader.path(v, "policy_directory"); }},
       {"policy_bundle",
        [&](const YamlNode& v) { config.policy_bundle = reader.path(v, "policy_bundle"); }},
       {"policy_signers",
        [&](const YamlNode& v) {
          if (v.kind != YamlNode::Kind::kSequence || v.items.size() > kMaxPolicySigners) {
            reader.error(
                v, "wrong-type",
                "`policy_signers` must be a list of at most " + std::to_string(kMaxPolicySigners));
            return;
          }
          for (const YamlNode& item : v.items) {
            read_signer(reader, item, config);
          }
        }},
       {"root_key",
        [&](const YamlNode& v) {
          has_root_key = true;
          read_root_key(reader, v, config);
        }},
       {"log_origin", [&](const YamlNode& v) { config.log_origin = reader.text(v, "log_origin"); }},
       {"listeners",
        [&](const YamlNode& v) {
          if (v.kind != YamlNode::Kind::kSequence || v.items.size() > kMaxListeners) {
            reader.error(v, "wrong-type",
                         "`listeners` must be a list of at most " + std::to_string(kMaxListeners));
            return;
          }
          for (const YamlNode& item : v.items) {
            config.listeners.push_back(read_listener(reader, item));
          }
        }},
       {"limits", [&](const YamlNode& v) { read_limits(reader, v, config.limits); }},
       {"loops",
        [&](const YamlNode& v) {
          config.loops = static_cast<unsigned>(reader.number(v, "loops", 0, kMaxLoops));
        }},
       {"store",
        [&](const YamlNode& v) {
          reader.map(v, "store", {{"hot_set_bytes", [&](const YamlNode& bytes) {
                                     config.hot_set_bytes = reader.number(
                                         bytes, "store.hot_set_bytes", 0,
                                         std::numeric_limits<std::uint64_t>::max() / 2);
                                   }}});
        }},
       {"default_region",
        [&](const YamlNode& v) {
          config.default_region = reader.text(v, "default_region");
          if (!policy::parse_country(config.default_region)) {
            reader.error(v, "wrong-type", "`default_region` must be a two-letter country code");
          }
        }},
       {"segment_door",
        [&](const YamlNode& v) {
          reader.map(v, "segment_door", {{"enabled", [&](const YamlNode& enabled) {
                                            config.segment_door =
                                                reader.boolean(enabled, "segment_door.enabled");
                                          }}});
        }},
       {"base_url",
        [&](const YamlNode& v) {
          config.base_url = reader.text(v, "base_url");
          if (!config.base_url.empty() && !is_base_url(config.base_url)) {
            reader.error(v, "wrong-type",
                         "`base_url` must be `https://` with a host in lower case and, where it "
                         "needs one, a port, and nothing behind them",
                         "`http://` is for a loopback address only");
          }
        }},
       {"production",
        [&](const YamlNode& v) { config.production = reader.boolean(v, "production"); }}});
  const auto need = [&](bool present, const char* name) {
    if (!present) {
      reader.error(root, "missing-key", std::string("`") + name + "` is missing");
    }
  };
  need(!config.data_directory.empty(), "data_directory");
  check_policy_source(reader, root, config);
  need(has_root_key, "root_key");
  need(!config.listeners.empty(), "listeners");
  if (config.production && config.base_url.starts_with("http://")) {
    reader.error(root, "wrong-type", "`base_url` must be `https://` with `production: true`");
  }
}

}  // namespace

LoadedConfig load_config(const std::filesystem::path& file) {
  LoadedConfig loaded;
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  std::ifstream in(file, std::ios::binary);
  if (failure || !in) {
    loaded.findings.push_back({{file.string(), 0, 0},
                               Severity::kError,
                               "unreadable",
                               "the file cannot be read",
                               "check its path and permissions",
                               {}});
    return loaded;
  }
  if (size > kMaxConfigBytes) {
    loaded.findings.push_back(
        {{file.string(), 0, 0},
         Severity::kError,
         "too-large",
         "the file is larger than " + std::to_string(kMaxConfigBytes) + " bytes",
         {},
         {}});
    return loaded;
  }
  std::ostringstream text;
  text << in.rdbuf();
  policy::YamlDocument document = policy::parse_yaml(text.str(), file.string());
  loaded.findings = std::move(document.findings);
  if (has_errors(loaded.findings)) {
    return loaded;
  }
  Reader reader(file.string(), std::filesystem::absolute(file).parent_path(), loaded.findings);
  read_root(reader, document.node, loaded.config);
  if (loaded.config.log_origin.empty()) {
    loaded.config.log_origin = "fieldgate.local/audit";
  }
  std::stable_sort(
      loaded.findings.begin(), loaded.findings.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
      });
  return loaded;
}

}  // namespace fieldgate::config
