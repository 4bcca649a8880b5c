#include "gateway/cli/demo_home.h"

#include "gateway/durable_file.h"
#include "gateway/ops/commands.h"

#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/encoding.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace fieldgate::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uint16_t kDefaultPort = 8080;
constexpr std::string_view kOfficer = "dpo";
constexpr std::string_view kImportedFile = "imported";

// Quoted for YAML: a path may hold anything.
std::string quoted(const fs::path& path) {
  std::string out = "\"";
  for (const char c : path.string()) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

Result<std::uint16_t> chosen_port() {
  const char* text = std::getenv("FIELDGATE_PORT");  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr || *text == '\0') {
    return kDefaultPort;
  }
  std::uint16_t port = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, failure] = std::from_chars(text, end, port);
  if (failure != std::errc{} || rest != end) {
    return make_error(ErrorCode::kInvalid, "FIELDGATE_PORT must be a port number");
  }
  return port;
}

Result<fs::path> find_example(const fs::path& given) {
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path usual = fs::path("docs") / "examples" / "bookshop";
  for (const fs::path& candidate :
       given.empty() ? std::vector<fs::path>{usual, binary / ".." / ".." / usual,
                                             binary / ".." / "share" / "fieldgate" / "bookshop"}
                     : std::vector<fs::path>{given}) {
    if (fs::exists(candidate / "people.csv", ignored)) {
      return fs::weakly_canonical(candidate);
    }
  }
  return make_error(ErrorCode::kInvalid,
                    "the example is not here; run this in the project's folder, or name the "
                    "bookshop's folder with --example");
}

// "web-shop" -> "WEB_SHOP_KEY"
std::string variable_of(const std::string& app) {
  std::string name = app;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return name + "_KEY";
}

std::map<std::string, std::string> read_environment(const fs::path& file) {
  std::map<std::string, std::string> variables;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (const std::size_t equals = line.find('='); equals != std::string::npos) {
      variables[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  return variables;
}

// Whether a kept key still opens the door, so that a second start keeps it.
bool is_good(const std::vector<store::Credential>& credentials, const std::string& key,
             std::string_view app) {
  const auto parsed = crypto::parse_api_key(key);
  return parsed && std::any_of(credentials.begin(), credentials.end(), [&](const auto& known) {
           return known.prefix == parsed->prefix && known.hash == parsed->hash &&
                  known.app == app && !known.revoked && !known.expires;
         });
}

}  // namespace

Result<DemoHome> DemoHome::prepare(const fs::path& home, const fs::path& example, Random& random) {
  DemoHome demo;
  FIELDGATE_TRY(demo.example_, find_example(example));
  FIELDGATE_TRY(const std::uint16_t port, chosen_port());
  std::error_code failure;
  fs::create_directories(home, failure);
  demo.home_ = fs::weakly_canonical(home, failure);
  if (failure || ::chmod(demo.home_.c_str(), 0700) != 0) {
    return make_error(ErrorCode::kUnavailable,
                      "cannot make `" + home.string() + "` for the demo's state");
  }
  const fs::path secret = demo.home_ / "root.passphrase";
  if (!fs::exists(secret)) {
    SecretBytes bytes(32);
    random.fill(bytes.reveal_mutable());
    FIELDGATE_CHECK_OK(write_durably(secret, crypto::base64url_encode(bytes.reveal()) + "\n"));
  }
  FIELDGATE_CHECK_OK(write_durably(
      demo.config_file(),
      "# Written by `fieldgate demo` at each start.\n"
      "data_directory: " +
          quoted(demo.home_ / "data") + "\npolicy_directory: " + quoted(demo.example_ / "policy") +
          "\nroot_key: {passphrase_file: " + quoted(secret) +
          "}\nlog_origin: marram.example/fieldgate-audit\nlisteners:\n"
          "  - {name: apps, address: 127.0.0.1, port: " +
          std::to_string(port) +
          ", surfaces: [apps, developers]}\n"
          "  - {name: operations, address: 127.0.0.1, port: 0, surfaces: [operations]}\n"
          "segment_door: {enabled: true}\ndefault_region: IE\n" +
          // A port that the system chooses is not known before it serves.
          (port == 0 ? std::string()
                     : "base_url: \"http://127.0.0.1:" + std::to_string(port) + "\"\n")));
  return demo;
}

bool DemoHome::is_imported() const {
  std::error_code ignored;
  return fs::exists(home_ / kImportedFile, ignored);
}

Result<void> DemoHome::mark_imported() const {
  return write_durably(home_ / kImportedFile, "the example's people and choices are in the data\n");
}

Result<void> DemoHome::keep_credentials(Deployment& deployment) {
  const auto kept = read_environment(environment_file());
  FIELDGATE_TRY(const auto credentials, deployment.store().credentials());
  std::vector<std::string> apps;
  const auto policy = deployment.policy().get();
  for (const policy::App& app : policy->set().apps()) {
    apps.push_back(app.name);
  }
  apps.emplace_back(kOfficer);
  for (const std::string& app : apps) {
    const auto old = kept.find(variable_of(app));
    if (old != kept.end() && is_good(credentials, old->second, app)) {
      keys_[app] = old->second;
      continue;
    }
    boost::json::object request{{"command", "keys.app.add"}, {"app", app}};
    if (app == kOfficer) {
      request["role"] = kOfficer;
    }
    FIELDGATE_TRY(const auto made, ops::run_command(deployment, {}, request));
    keys_[app] = std::string(made.at("key").as_string());
  }
  return ok();
}

Result<void> DemoHome::write_environment(Deployment& deployment, std::uint16_t port,
                                         std::uint16_t operations_port) {
  std::string text = "FIELDGATE_URL=http://127.0.0.1:" + std::to_string(port) +
                     "\nFIELDGATE_OPS_URL=http://127.0.0.1:" + std::to_string(operations_port) +
                     "\nFIELDGATE_LOG=" + (deployment.config().data_directory / "log").string() +
                     "\nFIELDGATE_LOG_VKEY=" + deployment.log().verifier_key() + "\n";
  for (const auto& [app, key] : keys_) {
    text += variable_of(app) + '=' + key + '\n';
  }
  return write_durably(environment_file(), text);
}

}  // namespace fieldgate::cli
