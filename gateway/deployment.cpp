#include "gateway/deployment.h"

#include "gateway/store/hot_set.h"
#include "gateway/store/sqlcipher/sqlcipher_store.h"

#include <fieldgate/crypto/encoding.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace fieldgate {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLockFile = "lock";
constexpr std::string_view kKeyringFile = "keyring.json";
constexpr std::string_view kLogFolder = "log";
constexpr std::string_view kPolicyFolder = "policy";

std::string system_reason() {
  return std::generic_category().message(errno);
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t read = pread(descriptor, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), read > 0 ? static_cast<std::size_t>(read) : 0);
  while (!pid.empty() && pid.back() == '\n') {
    pid.pop_back();
  }
  return pid.empty() ? "another process" : "process " + pid;
}

// What a start finds: nothing, a first start that was cut off, or a whole deployment. Later a part
// that is missing means loss, and is refused.
enum class Stage { kNew, kUnfinished, kWhole };

Result<Stage> stage_of(const fs::path& data) {
  std::error_code ignored;
  const auto there = [&](std::string_view part) { return fs::exists(data / part, ignored); };
  const bool keyring = there(kKeyringFile);
  const bool profiles = there("profiles.db");
  const bool keys = there("keys.db");
  const bool log = there("log/checkpoint");
  if (!keyring && !profiles && !keys && !log) {
    return Stage::kNew;
  }
  if (keyring && profiles && keys && log) {
    return Stage::kWhole;
  }
  // The keyring is made first and the log's checkpoint last, so this is how a cut-off start looks;
  // whether there is anything to lose is seen once the databases are open.
  if (keyring && !log) {
    return Stage::kUnfinished;
  }
  return make_error(ErrorCode::kCorrupt,
                    "the data directory `" + data.string() +
                        "` is incomplete: keyring.json, profiles.db, keys.db and log belong "
                        "together; put back what is missing, or start with an empty directory");
}

// Nobody's data may be in databases whose log is missing.
Result<void> must_be_empty(store::ProfileStore& store, const fs::path& data) {
  FIELDGATE_TRY(const auto reader, store.reader());
  FIELDGATE_TRY(const std::uint64_t people, reader->count_profiles());
  FIELDGATE_TRY(const auto credentials, store.credentials());
  if (people != 0 || !credentials.empty()) {
    return make_error(ErrorCode::kCorrupt,
                      "the audit log of `" + data.string() +
                          "` is missing, and its databases are not empty; put the log back");
  }
  return ok();
}

// A directory of our own making is ours alone; of another, only an empty one or our own is taken.
Result<void> prepare_directory(const fs::path& data) {
  std::error_code failure;
  fs::create_directories(data, failure);
  if (failure) {
    return make_error(ErrorCode::kUnavailable, "cannot make the data directory `" + data.string() +
                                                   "`: " + failure.message());
  }
  bool ours = fs::exists(data / kLockFile, failure);
  if (!ours) {
    const auto entries = fs::directory_iterator(data, failure);
    ours =
        !failure && std::all_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
          return entry.path().filename() == "lost+found";  // a volume mounted for us
        });
  }
  if (!ours) {
    return make_error(
        ErrorCode::kInvalid,
        "`" + data.string() + "` holds other files; give Fieldgate a data directory of its own");
  }
  if (::chmod(data.c_str(), 0700) != 0) {
    return make_error(ErrorCode::kUnavailable, "cannot restrict the data directory `" +
                                                   data.string() +
                                                   "` to its owner: " + system_reason());
  }
  return ok();
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const fs::path& directory) {
  const fs::path file = directory / kLockFile;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return make_error(ErrorCode::kUnavailable,
                      "cannot open `" + file.string() + "`: " + system_reason());
  }
  DirectoryLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return make_error(ErrorCode::kConflict,
                      "the data directory `" + directory.string() + "` is in use by " +
                          holder_of(descriptor) + "; stop it first",
                      "in-use");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return make_error(ErrorCode::kUnavailable,
                      "cannot write `" + file.string() + "`: " + system_reason());
  }
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Deployment::Deployment(config::Config config, Services services, DirectoryLock lock)
    : config_(std::move(config)), services_(std::move(services)), lock_(std::move(lock)) {}

Deployment::~Deployment() {
  writer_.reset();
  if (log_ != nullptr && !log_->failed()) {
    // A clean stop signs what is there; without it the next start finds a tail without a checkpoint
    // and verifies it from its frames.
    const auto written = log_->write_checkpoint();
    if (written.has_error()) {
      services_.say("the last checkpoint could not be written: " + written.error().message);
    }
  }
}

Result<std::unique_ptr<Deployment>> Deployment::open(const config::Config& config,
                                                     const Services& services,
                                                     policies::Opening opening) {
  FIELDGATE_CHECK_OK(prepare_directory(config.data_directory));
  FIELDGATE_TRY(DirectoryLock lock, DirectoryLock::take(config.data_directory));
  std::unique_ptr<Deployment> deployment(new Deployment(config, services, std::move(lock)));
  FIELDGATE_CHECK_OK(deployment->open_parts(opening));
  return deployment;
}

Result<void> Deployment::open_parts(policies::Opening opening) {
  const fs::path data = config_.data_directory;
  FIELDGATE_TRY(const Stage stage, stage_of(data));
  const bool fresh = stage != Stage::kWhole;
  if (stage == Stage::kUnfinished) {
    services_.say("the first start of " + data.string() + " was cut off; finishing it");
  }
  if (stage == Stage::kNew) {
    FIELDGATE_TRY(keyring_,
                  crypto::Keyring::create(data / kKeyringFile, config_.root_key, services_.random));
    services_.say("made a new keyring in " + (data / kKeyringFile).string());
  } else {
    FIELDGATE_TRY(keyring_, crypto::Keyring::open(data / kKeyringFile, config_.root_key));
  }
  if (!keyring_->memory_locked()) {
    if (config_.production) {
      return make_error(ErrorCode::kUnavailable,
                        "the keys cannot be locked in memory: raise the memlock limit "
                        "(LimitMEMLOCK= in systemd), or they could reach the swap");
    }
    services_.say("warning: the keys are not locked in memory (memlock limit too low)");
  }
  indexer_.emplace(keyring_->tenant_key(crypto::TenantKey::kIdx));
  audit_key_.emplace(keyring_->tenant_key(crypto::TenantKey::kAudit));

  store::SqlcipherOptions options;
  options.directory = data;
  options.profiles_key = keyring_->tenant_key(crypto::TenantKey::kProfilesDb);
  options.keys_key = keyring_->tenant_key(crypto::TenantKey::kKeysDb);
  options.create = fresh;
  FIELDGATE_TRY(auto sqlcipher, store::open_sqlcipher_store(options));
  store_ = store::make_hot_store(std::move(sqlcipher), config_.hot_set_bytes);

  crypto::Ed25519Signer signer(keyring_->tenant_key(crypto::TenantKey::kLogSigning));
  if (fresh) {
    FIELDGATE_CHECK_OK(must_be_empty(*store_, data));
    FIELDGATE_TRY(log_, audit::Log::create(data / kLogFolder, config_.log_origin, std::move(signer),
                                           services_.clock));
  } else {
    audit::RecoveryReport report;
    FIELDGATE_TRY(log_, audit::Log::open(data / kLogFolder, config_.log_origin, std::move(signer),
                                         services_.clock, report));
    if (!report.says.empty()) {
      services_.say(report.says);
    }
  }
  FIELDGATE_CHECK_OK(open_policy(opening));
  writer_ = std::make_unique<write::WriteQueue>(*store_);
  return ok();
}

Result<void> Deployment::open_policy(policies::Opening opening) {
  policies::PolicySwitch::Services services{
      [this](const policies::Content& content) {
        return read_path::BoundPolicy::bind(content, store_->names(), *keyring_);
      },
      [this](const policies::Origin& named, const std::string& detail) {
        return record_policy(named, detail);
      },
      services_.say, services_.clock};
  FIELDGATE_TRY(policies_,
                policies::PolicySwitch::open(config_, config_.data_directory / kPolicyFolder,
                                             std::move(services), opening));
  return ok();
}

std::string Deployment::new_record_id() {
  std::array<Byte, 16> bytes{};
  services_.random.fill(bytes);
  return crypto::hex_encode(bytes);
}

audit::RecordFields Deployment::start_record(audit::RecordType type, std::string_view id) const {
  audit::RecordFields record;
  record.id = id;
  record.time = services_.clock.now();
  record.type = type;
  return record;
}

Result<void> Deployment::append_record(audit::RecordFields record, const std::string& detail) {
  record.detail = detail;
  std::string line;
  FIELDGATE_CHECK_OK(audit::write_record(line, record));
  FIELDGATE_TRY([[maybe_unused]] const auto receipt, log_->append_and_wait(line));
  return ok();
}

Result<void> Deployment::record_now(audit::RecordType type, const std::string& detail) {
  const std::string id = new_record_id();
  audit::RecordFields record = start_record(type, id);
  const auto bound = policy().get();
  record.policy = bound->set().version();
  record.policy_digest = bound->digest();
  return append_record(record, detail);
}

Result<void> Deployment::record_policy(const policies::Origin& named, const std::string& detail) {
  const std::string id = new_record_id();
  audit::RecordFields record = start_record(audit::RecordType::kPolicy, id);
  record.policy = named.version;
  record.policy_digest = named.digest;
  return append_record(record, detail);
}

}  // namespace fieldgate
