#include "gateway/cli/policy_bundle_commands.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands_output.h"
#include "gateway/durable_file.h"
#include "gateway/policies/bundle.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/random.h>
#include <fieldgate/crypto/signing_key.h>
#include <fieldgate/policy/review.h>

#include <boost/json.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace fieldgate::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using policies::Bundle;

struct Options {
  std::string directory;
  std::string bundle;
  std::string out;
  std::string person;
  std::string key;
  std::string passphrase;
  std::string replaces;
  std::uint64_t sequence = 0;
  fs::path config;
  std::string to;
  bool as_json = false;
};

// A whole command as a `Result`: its exit code, or the error that ends it.
using Outcome = Result<int>;

Result<SecretBytes> passphrase_of(const Options& options) {
  if (options.passphrase.empty()) {
    return SecretBytes();
  }
  return crypto::read_passphrase_file(options.passphrase);
}

Result<crypto::Ed25519Signer> signer_of(const Options& options) {
  FIELDGATE_TRY(const SecretBytes passphrase, passphrase_of(options));
  FIELDGATE_TRY(const SecretBytes seed, crypto::read_signing_key(options.key, passphrase));
  return crypto::Ed25519Signer(seed);
}

Result<Bundle> bundle_at(const std::string& file) {
  const auto text = read_whole(file, policies::kMaxBundleBytes);
  if (text.has_error()) {
    return make_error(ErrorCode::kInvalid, text.error().message);
  }
  auto bundle = policies::read_bundle(*text);
  if (bundle.has_error()) {
    return make_error(bundle.error().code, '`' + file + "`: " + bundle.error().message);
  }
  return bundle;
}

// Nobody signs or approves what does not load, or what fails its own tests.
Result<void> check_tests(const policies::Content& content, const std::string& name) {
  const policy::TestReport report = policy::run_policy_tests(*content.policy);
  for (const policy::TestOutcome& outcome : report.tests) {
    if (!outcome.pass) {
      return make_error(ErrorCode::kCorrupt, "a test of the policy in `" + name +
                                                 "` fails: " + outcome.it +
                                                 "; run `fieldgate policy test` on it");
    }
  }
  return ok();
}

// `load` gives the content; what was found is said on stderr.
template <class Load>
Result<policies::Content> judged(const std::string& name, const Load& load) {
  std::vector<Diagnostic> findings;
  auto content = load(findings);
  print_findings(findings, name, std::cerr);
  if (content.has_error()) {
    // An invalid policy is a finding, not a wrong use of the command.
    return make_error(
        content.error().code == ErrorCode::kInvalid ? ErrorCode::kCorrupt : content.error().code,
        content.error().message);
  }
  FIELDGATE_CHECK_OK(check_tests(*content, name));
  return content;
}

std::string key_words(const crypto::Ed25519PublicKey& key) {
  return crypto::base64_encode(key);
}

json::object person_json(const policies::Signature& person) {
  return {{"name", person.name}, {"key", key_words(person.key)}};
}

json::object bundle_json(const Bundle& bundle) {
  json::array files;
  for (const policy::PolicyFile& file : bundle.files) {
    files.push_back(json::object{{"name", file.name}, {"bytes", file.text.size()}});
  }
  json::object out{{"policy", bundle.version},
                   {"digest", bundle.digest()},
                   {"id", bundle.id()},
                   {"sequence", bundle.sequence},
                   {"made", format_rfc3339(bundle.made)},
                   {"author", person_json(bundle.author)},
                   {"approver", nullptr},
                   {"files", std::move(files)}};
  if (bundle.approval) {
    json::object approver = person_json(bundle.approval->by);
    approver["at"] = format_rfc3339(bundle.approval->at);
    out["approver"] = std::move(approver);
  }
  return out;
}

void print_bundle(const Bundle& bundle) {
  std::cout << "policy " << bundle.version << ", sequence " << bundle.sequence << "\n  digest    "
            << bundle.digest() << "\n  author    " << bundle.author.name << ", at "
            << format_rfc3339(bundle.made) << ", key " << key_words(bundle.author.key)
            << "\n  approver  ";
  if (bundle.approval) {
    std::cout << bundle.approval->by.name << ", at " << format_rfc3339(bundle.approval->at)
              << ", key " << key_words(bundle.approval->by.key) << '\n';
  } else {
    std::cout << "nobody yet\n";
  }
  for (const policy::PolicyFile& file : bundle.files) {
    std::cout << "  " << file.name << ", " << file.text.size() << " bytes\n";
  }
}

int print(const Options& options, const Bundle& bundle) {
  if (options.as_json) {
    print_json(bundle_json(bundle));
  } else {
    print_bundle(bundle);
  }
  return kExitOk;
}

Outcome keygen(const Options& options) {
  FIELDGATE_TRY(const SecretBytes passphrase, passphrase_of(options));
  SecretBytes seed(32);
  crypto::SystemRandom random;
  random.fill(seed.reveal_mutable());
  FIELDGATE_CHECK_OK(crypto::write_signing_key(options.out, seed, passphrase, random));
  const std::string key = key_words(crypto::Ed25519Signer(seed).public_key());
  if (options.as_json) {
    print_json({{"file", options.out}, {"key", key}});
    return kExitOk;
  }
  std::cout << key << '\n';
  std::cerr << "this is the public key, for `policy_signers`; `" << options.out
            << "` holds the secret one" << (passphrase.empty() ? ", unencrypted" : "")
            << ": it never leaves this machine\n";
  return kExitOk;
}

Result<std::uint64_t> next_sequence(const Options& options) {
  if (options.replaces.empty()) {
    return options.sequence == 0 ? 1 : options.sequence;
  }
  FIELDGATE_TRY(const Bundle old, bundle_at(options.replaces));
  FIELDGATE_CHECK_OK(policies::verify_signatures(old));
  return old.sequence + 1;
}

Outcome sign(const Options& options) {
  const SystemClock clock;
  FIELDGATE_TRY(const policies::Content content,
                judged(options.directory, [&](std::vector<Diagnostic>& findings) {
                  return policies::read_directory(options.directory, findings);
                }));
  FIELDGATE_TRY(const std::uint64_t sequence, next_sequence(options));
  FIELDGATE_TRY(const crypto::Ed25519Signer key, signer_of(options));
  FIELDGATE_TRY(const Bundle bundle,
                policies::sign_bundle(content, sequence, clock.now(), options.person, key));
  FIELDGATE_CHECK_OK(write_durably(options.out, policies::write_bundle(bundle), kForAll));
  return print(options, bundle);
}

Outcome approve(const Options& options) {
  const SystemClock clock;
  FIELDGATE_TRY(Bundle bundle, bundle_at(options.bundle));
  bundle.approval.reset();
  FIELDGATE_CHECK_OK(policies::verify_signatures(bundle));
  FIELDGATE_CHECK_OK(judged(options.bundle, [&](std::vector<Diagnostic>& findings) {
    return policies::load_content(bundle.files, options.bundle, findings);
  }));
  FIELDGATE_TRY(const crypto::Ed25519Signer key, signer_of(options));
  FIELDGATE_CHECK_OK(policies::approve_bundle(bundle, clock.now(), options.person, key));
  FIELDGATE_CHECK_OK(write_durably(options.out.empty() ? options.bundle : options.out,
                                   policies::write_bundle(bundle), kForAll));
  return print(options, bundle);
}

// What does not verify is a finding; that the command may not do something would be wrong use.
Result<void> found(const Result<void>& verified) {
  if (verified.has_error()) {
    return make_error(ErrorCode::kCorrupt, verified.error().message);
  }
  return ok();
}

// Everything that a gateway with this configuration would look at, or as much as can be said
// without one.
Outcome verify(const Options& options) {
  FIELDGATE_TRY(const Bundle bundle, bundle_at(options.bundle));
  if (options.config.empty()) {
    FIELDGATE_CHECK_OK(found(policies::verify_signatures(bundle)));
  } else {
    FIELDGATE_TRY(const config::Config config, find_config(options.config));
    FIELDGATE_CHECK_OK(found(policies::verify_bundle(bundle, config.policy_signers)));
  }
  FIELDGATE_CHECK_OK(judged(options.bundle, [&](std::vector<Diagnostic>& findings) {
    return policies::load_content(bundle.files, options.bundle, findings);
  }));
  print(options, bundle);
  if (options.config.empty() && !options.as_json) {
    std::cerr << "the signatures fit the keys above; whether those are the people's own is for "
                 "`--config` to tell\n";
  }
  return bundle.approval ? kExitOk : kExitFinding;
}

Outcome unpack(const Options& options) {
  FIELDGATE_TRY(const Bundle bundle, bundle_at(options.bundle));
  FIELDGATE_CHECK_OK(policies::verify_signatures(bundle));
  std::vector<Diagnostic> ignored;
  // Judges the names too: nothing is written outside the folder.
  FIELDGATE_CHECK_OK(policies::load_content(bundle.files, options.bundle, ignored));
  std::error_code failure;
  if (fs::exists(options.out, failure) && !fs::is_empty(options.out, failure)) {
    return make_error(ErrorCode::kConflict,
                      "`" + options.out + "` is there already; give a new or an empty folder");
  }
  for (const policy::PolicyFile& file : bundle.files) {
    const fs::path path = fs::path(options.out) / file.name;
    fs::create_directories(path.parent_path(), failure);
    FIELDGATE_CHECK_OK(write_durably(path, file.text, kForAll));
  }
  return print(options, bundle);
}

std::string word(const json::object& object, std::string_view name) {
  return std::string(object.at(name).as_string());
}

void print_origin(const json::object& origin) {
  std::cout << word(origin, "digest") << "  " << word(origin, "policy");
  if (!word(origin, "author").empty()) {
    std::cout << "  sequence " << origin.at("sequence") << "  author " << word(origin, "author")
              << "  approver " << word(origin, "approver");
  }
}

Outcome history(const Options& options) {
  FIELDGATE_TRY(const config::Config config, find_config(options.config));
  FIELDGATE_TRY(const json::object result,
                run_where_it_lives(config, {{"command", "policy.history"}}));
  if (options.as_json) {
    print_json(result);
    return kExitOk;
  }
  for (const json::value& each : result.at("policies").as_array()) {
    std::cout << (each.at("in_force").as_bool() ? "* " : "  ");
    print_origin(each.as_object());
    std::cout << '\n';
  }
  if (result.at("rolled_back").as_bool()) {
    std::cout << "a rollback holds until something new comes\n";
  }
  return kExitOk;
}

Outcome rollback(const Options& options) {
  FIELDGATE_TRY(const config::Config config, find_config(options.config));
  json::object request{{"command", "policy.rollback"}};
  if (!options.to.empty()) {
    request["to"] = options.to;
  }
  FIELDGATE_TRY(const json::object result, run_where_it_lives(config, request));
  if (options.as_json) {
    print_json(result);
    return kExitOk;
  }
  std::cout << "in force  ";
  print_origin(result.at("is").as_object());
  std::cout << "\nbefore    ";
  print_origin(result.at("was").as_object());
  std::cout << '\n';
  return kExitOk;
}

using Shared = std::shared_ptr<Options>;

CLI::App* add(CLI::App& group, const std::string& name, const std::string& says,
              const Shared& options, int& exit_code, Outcome (*run)(const Options&)) {
  CLI::App* command = group.add_subcommand(name, says);
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, &exit_code, run] {
    const Outcome outcome = run(*options);
    exit_code = outcome.has_value() ? *outcome : fail(outcome.error());
  });
  return command;
}

void add_passphrase(CLI::App& command, const Shared& options) {
  command.add_option("--passphrase-file", options->passphrase,
                     "the passphrase that encrypts the key; mode 0600");
}

void add_key(CLI::App& command, const Shared& options) {
  command.add_option("--key", options->key, "the person's secret key (PEM)")->required();
  add_passphrase(command, options);
}

void add_bundle(CLI::App& command, const Shared& options) {
  command.add_option("BUNDLE", options->bundle, "the bundle")->required();
}

}  // namespace

void add_policy_bundle_commands(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<Options>();

  CLI::App* command = add(group, "keygen", "make a person's key pair; the public key is printed",
                          options, exit_code, keygen);
  command->add_option("--out", options->out, "the new file of the secret key")->required();
  add_passphrase(*command, options);

  command = add(group, "sign", "make a bundle of a policy, signed by its author", options,
                exit_code, sign);
  command->add_option("DIR", options->directory, "the directory with the policy's files")
      ->required();
  command->add_option("--out", options->out, "the bundle to write")->required();
  command->add_option("--author", options->person, "the author's name")->required();
  add_key(*command, options);
  auto* replaces = command->add_option("--replaces", options->replaces,
                                       "the bundle before it: the sequence is one higher");
  command->add_option("--sequence", options->sequence, "the sequence itself (1)")
      ->check(CLI::Range(std::uint64_t{1}, policies::kMaxSequence))
      ->excludes(replaces);

  command = add(group, "approve", "approve a bundle as somebody other than its author", options,
                exit_code, approve);
  add_bundle(*command, options);
  command->add_option("--approver", options->person, "the approver's name")->required();
  add_key(*command, options);
  command->add_option("--out", options->out, "the approved bundle (BUNDLE itself)");

  command = add(group, "verify", "say who wrote and who approved a bundle, and whether it is whole",
                options, exit_code, verify);
  add_bundle(*command, options);
  command->add_option("--config", options->config,
                      "the fieldgate.yaml whose `policy_signers` it must satisfy");

  command = add(group, "unpack", "write a bundle's files into a new folder, to review them",
                options, exit_code, unpack);
  add_bundle(*command, options);
  command->add_option("--out", options->out, "the folder")->required();

  command = add(group, "history", "list the policies that are kept to go back to", options,
                exit_code, history);
  add_config_option(*command, options->config);

  command = add(group, "rollback", "put the policy in force again that was so before", options,
                exit_code, rollback);
  command->add_option("--to", options->to, "the digest of another one, 8 digits or more");
  add_config_option(*command, options->config);
}

}  // namespace fieldgate::cli
