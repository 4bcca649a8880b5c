#include "gateway/cli/audit_commands.h"

#include "gateway/cli/common.h"

#include <fieldgate/audit/verify.h>
#include <fieldgate/base/result.h>
#include <fieldgate/crypto/encoding.h>

#include <boost/json.hpp>

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;

struct Options {
  std::string path;
  std::string key;
  std::uint64_t index = 0;
  bool json = false;
};

void print_json(const json::value& value) {
  std::cout << json::serialize(value) << '\n';
}

json::value break_json(const audit::VerifyReport& report) {
  if (!report.first_break) {
    return nullptr;
  }
  const audit::LogBreak& found = *report.first_break;
  return json::object{
      {"index", found.index}, {"file", found.file}, {"offset", found.offset}, {"what", found.what}};
}

void print_words(const audit::VerifyReport& report) {
  if (report.first_break) {
    const audit::LogBreak& found = *report.first_break;
    std::cout << "the log is broken at record " << found.index << ": `" << found.file
              << "` at byte " << found.offset << ": " << found.what << '\n';
    return;
  }
  std::cout << "the log is whole: " << report.size << " records, root "
            << crypto::base64_encode(report.root) << '\n';
  if (report.stored > report.size) {
    std::cout << report.stored - report.size
              << " more records stand beyond the checkpoint and are whole\n";
  }
  if (!report.complete && report.stored == report.size) {
    std::cout << "an unfinished commit stands beyond the checkpoint\n";
  }
}

int verify(const Options& options) {
  const Result<audit::VerifyReport> report = audit::verify_log(options.path, options.key);
  if (report.has_error()) {
    return fail(report.error());
  }
  if (options.json) {
    print_json(json::object{{"ok", report->ok},
                            {"size", report->size},
                            {"root", crypto::base64_encode(report->root)},
                            {"complete", report->complete},
                            {"first_break", break_json(*report)}});
  } else {
    print_words(*report);
  }
  return report->ok ? kExitOk : kExitFinding;
}

int print_key(const Options& options) {
  const Result<std::string> key = audit::stored_verifier_key(options.path);
  if (key.has_error()) {
    return fail(key.error());
  }
  if (options.json) {
    print_json(json::object{{"key", *key}});
  } else {
    std::cout << *key << '\n';
  }
  return kExitOk;
}

int prove(const Options& options) {
  const Result<audit::InclusionProof> proof = audit::prove_inclusion(options.path, options.index);
  if (proof.has_error()) {
    return fail(proof.error());
  }
  json::array path;
  for (const Hash32& node : proof->path) {
    path.emplace_back(crypto::base64_encode(node));
  }
  if (options.json) {
    print_json(json::object{{"record", proof->record},
                            {"index", proof->index},
                            {"size", proof->size},
                            {"leaf", crypto::base64_encode(proof->leaf)},
                            {"root", crypto::base64_encode(proof->root)},
                            {"path", path}});
    return kExitOk;
  }
  std::cout << "record " << proof->index << " of " << proof->size << ":\n"
            << proof->record << "\nleaf " << crypto::base64_encode(proof->leaf) << "\nroot "
            << crypto::base64_encode(proof->root) << "\npath, from the leaf up:\n";
  for (const json::value& node : path) {
    std::cout << "  " << std::string_view(node.as_string()) << '\n';
  }
  return kExitOk;
}

void add_path(CLI::App& command, Options& options) {
  command.add_option("path", options.path, "a log folder, or a state folder that holds `log`")
      ->required();
  command.add_flag("--json", options.json, "print JSON");
}

}  // namespace

void add_audit_commands(CLI::App& app, int& exit_code) {
  CLI::App* audit = app.add_subcommand("audit", "Check the audit log and prove what it holds");
  audit->require_subcommand(1);
  const auto options = std::make_shared<Options>();

  CLI::App* verify_command = audit->add_subcommand(
      "verify", "Verify a whole log from its stored bytes, with the public key alone");
  add_path(*verify_command, *options);
  verify_command->add_option("--key", options->key,
                             "the log's verifier key; without it the one stored there is used");
  verify_command->callback([options, &exit_code] { exit_code = verify(*options); });

  CLI::App* key_command = audit->add_subcommand("key", "Print a log's verifier key");
  add_path(*key_command, *options);
  key_command->callback([options, &exit_code] { exit_code = print_key(*options); });

  CLI::App* prove_command =
      audit->add_subcommand("prove", "Print a record and its inclusion proof");
  add_path(*prove_command, *options);
  prove_command->add_option("--index", options->index, "the record's index")->required();
  prove_command->callback([options, &exit_code] { exit_code = prove(*options); });
}

}  // namespace fieldgate::cli
