#include "gateway/ops/commands.h"

#include "gateway/http/json.h"
#include "gateway/replay/replay.h"
#include "gateway/write/import_rows.h"

#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/sealed_field.h>
#include <fieldgate/policy/load.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace fieldgate::ops {

namespace {

using boost::json::object;

constexpr std::string_view kOfficerRole = "dpo";
constexpr std::size_t kMaxMappingBytes = 1024UL * 1024;

std::string text(const object& request, std::string_view name) {
  const boost::json::value* value = request.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<object> add_key(Deployment& deployment, const CommandHooks& hooks, const object& request) {
  const std::string app = text(request, "app");
  const std::string role = text(request, "role");
  const auto policy = deployment.policy().get();
  if (!role.empty() && role != kOfficerRole) {
    return make_error(ErrorCode::kInvalid,
                      "the only role of a credential itself is `dpo`; apps have theirs in the "
                      "policy");
  }
  if (role == kOfficerRole && app != kOfficerRole) {
    return make_error(ErrorCode::kInvalid, "a key with the role `dpo` is named `dpo`, not an app");
  }
  if (role != kOfficerRole && policy->set().app(app) == policy::kUnknownIndex) {
    std::vector<std::string> known;
    for (const policy::App& each : policy->set().apps()) {
      known.push_back(each.name);
    }
    const std::string near = nearest_word(app, known);
    return make_error(ErrorCode::kInvalid,
                      "the policy has no app `" + excerpt(app) + '`' +
                          (near.empty() ? std::string() : "; did you mean `" + near + "`?"));
  }
  store::Credential credential;
  if (const std::string expires = text(request, "expires"); !expires.empty()) {
    credential.expires = parse_rfc3339(expires);
    if (!credential.expires || *credential.expires <= deployment.clock().now()) {
      return make_error(ErrorCode::kInvalid, "`--expires` must be an RFC 3339 time in the future");
    }
  }
  const crypto::NewApiKey key = crypto::make_api_key(deployment.random());
  credential.prefix = key.prefix;
  credential.hash = key.hash;
  credential.app = app;
  credential.role = role;
  credential.created = deployment.clock().now();
  FIELDGATE_CHECK_OK(deployment.writer().run(
      [&](store::Transaction& transaction) { return transaction.add_credential(credential); }));
  hooks.credentials_changed();
  FIELDGATE_CHECK_OK(deployment.record_now(audit::RecordType::kKey,
                                           "credential " + key.prefix + " added for " + app));
  return object{{"app", app}, {"prefix", key.prefix}, {"key", std::string(key.text.reveal_text())}};
}

Result<object> list_keys(Deployment& deployment) {
  FIELDGATE_TRY(const auto credentials, deployment.store().credentials());
  boost::json::array keys;
  for (const store::Credential& credential : credentials) {
    object entry{{"prefix", credential.prefix}, {"app", credential.app},
                 {"role", credential.role},     {"created", format_rfc3339(credential.created)},
                 {"expires", nullptr},          {"revoked", nullptr}};
    if (credential.expires) {
      entry["expires"] = format_rfc3339(*credential.expires);
    }
    if (credential.revoked) {
      entry["revoked"] = format_rfc3339(*credential.revoked);
    }
    keys.push_back(std::move(entry));
  }
  return object{{"keys", std::move(keys)}};
}

Result<object> revoke_key(Deployment& deployment, const CommandHooks& hooks,
                          const object& request) {
  const std::string prefix = text(request, "prefix");
  const UtcTime now = deployment.clock().now();
  FIELDGATE_CHECK_OK(deployment.writer().run(
      [&](store::Transaction& transaction) { return transaction.revoke_credential(prefix, now); }));
  hooks.credentials_changed();
  FIELDGATE_CHECK_OK(
      deployment.record_now(audit::RecordType::kKey, "credential " + prefix + " revoked"));
  return object{{"prefix", prefix}, {"revoked", format_rfc3339(now)}};
}

Result<std::optional<importing::Mapping>> read_mapping(const std::string& file,
                                                       const policy::PolicySet& policy) {
  if (file.empty()) {
    return std::optional<importing::Mapping>();
  }
  std::ifstream in(file, std::ios::binary);
  std::string content(kMaxMappingBytes + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.empty() || content.size() > kMaxMappingBytes) {
    return make_error(ErrorCode::kInvalid,
                      "the mapping `" + file + "` cannot be read, is empty, or is over 1 MiB");
  }
  importing::MappingResult loaded = importing::load_mapping(content, file, policy);
  if (!loaded.mapping) {
    std::string message = "the mapping has errors";
    for (const Diagnostic& finding : loaded.findings) {
      message += "\n" + format_diagnostic(finding);
    }
    return make_error(ErrorCode::kInvalid, std::move(message));
  }
  return std::move(loaded.mapping);
}

bool ends_in(std::string_view file, std::string_view ending) {
  return file.size() > ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), file.rbegin(), [](char a, char b) {
           return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
         });
}

Result<object> import_people(Deployment& deployment, const CommandHooks& hooks,
                             const object& request) {
  const std::string file = text(request, "file");
  const auto policy = deployment.policy().get();
  const bool csv = ends_in(file, ".csv");
  if (!csv && !ends_in(file, ".jsonl") && !ends_in(file, ".ndjson")) {
    return make_error(ErrorCode::kInvalid, "the file must end in .csv, .jsonl or .ndjson");
  }
  FIELDGATE_TRY(const auto mapping, read_mapping(text(request, "mapping"), policy->set()));
  importing::ImportDefaults defaults{deployment.clock().now(), text(request, "country")};
  if (!defaults.country.empty() && !policy::parse_country(defaults.country)) {
    return make_error(ErrorCode::kInvalid, "`--country` must be a two-letter country code");
  }
  if (defaults.country.empty()) {
    defaults.country = deployment.config().default_region;
  }
  std::error_code failure;
  // A pipe could keep a running gateway waiting for as long as it likes.
  if (!std::filesystem::is_regular_file(file, failure)) {
    return make_error(ErrorCode::kInvalid, "there is no regular file `" + file + '`');
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return make_error(ErrorCode::kInvalid, "the file `" + file + "` cannot be read");
  }
  write::RowBuffer buffer;
  const importing::Mapping* chosen = mapping ? &*mapping : nullptr;
  const auto source = csv ? importing::make_csv_source(policy->set(), chosen, defaults, buffer)
                          : importing::make_ndjson_source(policy->set(), chosen, defaults, buffer);
  write::ImportRun run{
      deployment.writer(),
      deployment.sealing(),
      policy,
      hooks.rows_per_transaction == 0 ? write::kRowsAlone : hooks.rows_per_transaction,
      hooks.progress,
      hooks.stopping};
  write::ImportReport report;
  const auto imported = write::import_stream(run, in, *source, buffer, report);
  // What was written stays written when an import breaks off, so it is recorded all the same.
  if (imported.has_value() || report.imported + report.updated > 0) {
    FIELDGATE_CHECK_OK(deployment.record_now(
        audit::RecordType::kAdmin,
        std::string(imported.has_value() ? "import" : "import broke off") + " from a file: " +
            std::to_string(report.imported) + " new, " + std::to_string(report.updated) +
            " updated, " + std::to_string(report.rejected.size()) + " rejected"));
  }
  FIELDGATE_CHECK_OK(imported);
  FIELDGATE_TRY(auto json, http::parse_json(write::open_report_json(report) + '}'));
  return std::move(json.as_object());
}

Result<object> inspect_person(Deployment& deployment, const object& request) {
  const auto type = crypto::parse_identifier_type(text(request, "type"));
  if (!type) {
    return make_error(ErrorCode::kInvalid, "name the person as email:…, phone:… or account_id:…");
  }
  FIELDGATE_TRY(const std::string normalised,
                crypto::normalise_identifier(*type, text(request, "value"),
                                             deployment.config().default_region));
  FIELDGATE_TRY(const auto reader, deployment.store().reader());
  FIELDGATE_TRY(const store::ProfilePtr person,
                reader->find(*type, deployment.indexer().index(*type, normalised)));
  if (person == nullptr) {
    return make_error(ErrorCode::kNotFound, "there is no such person");
  }
  object fields;
  for (const store::StoredField& field : person->fields()) {
    FIELDGATE_TRY(const auto header, crypto::read_sealed_header(field.sealed));
    fields[deployment.store().names().name(field.field)] = object{
        {"suite", header.suite == crypto::Suite::kAes256Gcm ? "aes-256-gcm" : "xchacha20-poly1305"},
        {"key_version", header.key_version.value},
        {"bytes", field.sealed.size()}};
  }
  FIELDGATE_CHECK_OK(
      deployment.record_now(audit::RecordType::kAdmin, "a person's sealed fields were inspected"));
  return object{{"fields", std::move(fields)}};
}

object origin_json(const policies::Origin& origin) {
  return {{"policy", origin.version},
          {"digest", origin.digest},
          {"sequence", origin.sequence},
          {"author", origin.author},
          {"approver", origin.approver}};
}

object policy_history(Deployment& deployment) {
  const policies::PolicyStatus status = deployment.policies().status();
  boost::json::array list;
  for (auto each = status.history.rbegin(); each != status.history.rend(); ++each) {
    object entry = origin_json(*each);
    entry["in_force"] = each->digest == status.in_force.digest;
    list.push_back(std::move(entry));
  }
  return {{"policies", std::move(list)}, {"rolled_back", status.rolled_back}};
}

Result<object> roll_back_policy(Deployment& deployment, const object& request) {
  FIELDGATE_TRY(const policies::Change change,
                deployment.policies().roll_back(text(request, "to")));
  deployment.say("policy " + change.is.version + " is in force by rollback");
  return object{{"was", origin_json(change.was)}, {"is", origin_json(change.is)}};
}

Result<object> replay_policy(Deployment& deployment, const CommandHooks& hooks,
                             const object& request) {
  const policy::LoadResult loaded = policy::load_policy_directory(text(request, "directory"));
  if (loaded.policy == nullptr) {
    return make_error(ErrorCode::kInvalid, "the policy has errors; `policy check` names them");
  }
  FIELDGATE_TRY(const replay::Window window,
                replay::parse_window(text(request, "since"), text(request, "until")));
  FIELDGATE_TRY(const auto reader, deployment.store().passing_reader());
  replay::PeopleKeys people(deployment.keyring(), deployment.audit_key(), *reader);
  FIELDGATE_TRY(
      const replay::ReplayReport report,
      replay::replay_log(loaded.policy, text(request, "log"), window,
                         {&people, &deployment.store().names()}, hooks.progress, hooks.stopping));
  // People's states were looked at, if only to be counted.
  FIELDGATE_CHECK_OK(deployment.record_now(
      audit::RecordType::kAdmin, "a policy was replayed over " + std::to_string(report.seen.reads) +
                                     " recorded reads; only counts were told"));
  return replay::replay_json(report, window);
}

}  // namespace

Result<object> run_command(Deployment& deployment, const CommandHooks& hooks,
                           const object& request) {
  const std::string command = text(request, "command");
  if (command == "keys.app.add") {
    return add_key(deployment, hooks, request);
  }
  if (command == "keys.app.list") {
    return list_keys(deployment);
  }
  if (command == "keys.app.revoke") {
    return revoke_key(deployment, hooks, request);
  }
  if (command == "profiles.import") {
    return import_people(deployment, hooks, request);
  }
  if (command == "profiles.inspect") {
    return inspect_person(deployment, request);
  }
  if (command == "policy.history") {
    return policy_history(deployment);
  }
  if (command == "policy.rollback") {
    return roll_back_policy(deployment, request);
  }
  if (command == "policy.replay") {
    return replay_policy(deployment, hooks, request);
  }
  return make_error(ErrorCode::kInvalid, "unknown command");
}

}  // namespace fieldgate::ops
