#include <fieldgate/audit/log.h>

#include "audit/append/appender_state.h"
#include "audit/append/log_state.h"
#include "audit/append/recover.h"
#include "audit/format/log_files.h"
#include "audit/merkle/note.h"

#include <fieldgate/audit/record.h>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace fieldgate::audit {

namespace {

/// How often a thread that waits for its record gives up on commits that are late.
constexpr std::chrono::milliseconds kSweepEvery{250};

Error cannot(const std::string& what, int error) {
  return make_error(ErrorCode::kUnavailable, "cannot " + what + ": " + error_text(error),
                    "audit-unwritable");
}

Result<void> check_arguments(const std::string& origin, const LogOptions& options) {
  if (!valid_key_name(origin)) {
    return make_error(ErrorCode::kInvalid,
                      "the origin of a log may have at most " + std::to_string(kMaxKeyNameBytes) +
                          " bytes and neither white space nor `+`",
                      "audit-origin");
  }
  if (options.segment_bytes < kMinSegmentBytes || options.segment_bytes > kMaxSegmentBytes) {
    return make_error(ErrorCode::kInvalid,
                      "a segment has " + std::to_string(kMinSegmentBytes) + " to " +
                          std::to_string(kMaxSegmentBytes) + " bytes",
                      "audit-segment-size");
  }
  return ok();
}

/// Removes what a making that was cut off left behind; `kConflict` when there is a log.
Result<void> clear_unfinished(Log::State& state, const std::vector<std::uint64_t>& segments,
                              bool has_checkpoint) {
  Error conflict = make_error(ErrorCode::kConflict,
                              "there is a log in `" + state.directory.string() + "` already",
                              "audit-log-exists");
  if (has_checkpoint || segments.size() > 1) {
    return conflict;
  }
  for (const std::uint64_t first : segments) {
    const auto path = state.directory / segment_name(first);
    FIELDGATE_TRY(const Bytes bytes, read_file(path, kMaxSegmentBytes));
    Result<DecodedHeader> header = decode_segment_header(bytes);
    const bool empty =
        header.has_value() && std::all_of(bytes.begin() + static_cast<long>(header->bytes),
                                          bytes.end(), [](Byte byte) { return byte == 0; });
    if (!empty) {
      return conflict;
    }
    if (const int error = state.files.remove(path.string()); error != 0) {
      return cannot("remove an unfinished log", error);
    }
  }
  return ok();
}

/// A waiter and waker in one, for threads without a loop.
class BlockingWait final : public Waiter, public LoopWaker {
 public:
  void recorded(Result<Receipt> receipt) noexcept override { receipt_.emplace(std::move(receipt)); }
  void wake() noexcept override {
    const MutexLock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  void wait_for_wake() {
    const MutexLock lock(mutex_);
    if (!woken_) {
      changed_.wait_for(mutex_, kSweepEvery);
    }
    woken_ = false;
  }
  [[nodiscard]] bool told() const { return receipt_.has_value(); }
  [[nodiscard]] Result<Receipt> take() { return *std::move(receipt_); }

 private:
  std::optional<Result<Receipt>> receipt_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ FIELDGATE_GUARDED_BY(mutex_) = false;
};

}  // namespace

Result<void> hold_directory(FileOps& files, const std::filesystem::path& directory,
                            Descriptor& lock_file, Descriptor& directory_file) {
  directory_file = Descriptor(files, files.open(directory.string(), O_RDONLY | O_DIRECTORY, 0));
  if (directory_file.get() == -ENOENT) {
    return make_error(ErrorCode::kNotFound, "there is no log in `" + directory.string() + "`",
                      "audit-no-log");
  }
  if (!directory_file.open()) {
    return cannot("open `" + directory.string() + "`", directory_file.get());
  }
  const std::string path = (directory / kLockFile).string();
  lock_file = Descriptor(files, files.open(path, O_RDWR | O_CREAT, 0640));
  if (!lock_file.open()) {
    return cannot("open `" + path + "`", lock_file.get());
  }
  if (::flock(lock_file.get(), LOCK_EX | LOCK_NB) != 0) {
    return make_error(ErrorCode::kConflict,
                      "another process holds the log in `" + directory.string() + "`",
                      "audit-locked");
  }
  return ok();
}

Result<std::unique_ptr<Log>> Log::create(const std::filesystem::path& directory, std::string origin,
                                         crypto::Ed25519Signer signer, const Clock& clock,
                                         const LogOptions& options) {
  FIELDGATE_CHECK_OK(check_arguments(origin, options));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return cannot("make `" + directory.string() + "`", error.value());
  }
  auto state =
      std::make_unique<State>(directory, std::move(origin), std::move(signer), clock, options);
  FIELDGATE_CHECK_OK(
      hold_directory(state->files, directory, state->lock_file, state->directory_file));
  FIELDGATE_TRY(const std::vector<std::uint64_t> segments, list_segments(directory));
  const bool has_checkpoint = std::filesystem::exists(directory / kCheckpointFile, error);
  FIELDGATE_CHECK_OK(clear_unfinished(*state, segments, has_checkpoint || error));

  const NoteKey key = make_note_key(state->origin, state->signer.public_key());
  const std::string key_line = format_verifier_key(key) + "\n";
  if (const int failure = replace_file(state->files, state->directory_file.get(),
                                       (directory / kVerifierKeyFile).string(), as_bytes(key_line));
      failure != 0) {
    return cannot("write the verifier key", failure);
  }
  FIELDGATE_CHECK_OK(state->writer.create_first(state->directory_file.get()));
  {
    // The checkpoint comes last: with it the log exists.
    const MutexLock lock(state->checkpoint_mutex);
    FIELDGATE_CHECK_OK(state->sign_checkpoint(Frontier{}));
  }
  state->start_committing();
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Result<std::unique_ptr<Log>> Log::open(const std::filesystem::path& directory, std::string origin,
                                       crypto::Ed25519Signer signer, const Clock& clock,
                                       RecoveryReport& report, const LogOptions& options) {
  FIELDGATE_CHECK_OK(check_arguments(origin, options));
  report = {};
  auto state =
      std::make_unique<State>(directory, std::move(origin), std::move(signer), clock, options);
  FIELDGATE_CHECK_OK(
      hold_directory(state->files, directory, state->lock_file, state->directory_file));
  FIELDGATE_CHECK_OK(recover_log(*state, report));
  state->writer.prepare_next();
  state->start_committing();
  std::unique_ptr<Log> log(new Log(std::move(state)));
  if (report.torn_tail) {
    const std::string id = "recovery-" + std::to_string(report.size);
    RecordFields fields;
    fields.id = id;
    fields.time = clock.now();
    fields.type = RecordType::kRecovery;
    fields.detail = report.says;
    std::string line;
    FIELDGATE_CHECK_OK(write_record(line, fields));
    FIELDGATE_TRY([[maybe_unused]] const Receipt receipt, log->append_and_wait(line));
    report.size = log->size();
  }
  return log;
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

std::unique_ptr<Appender> Log::appender(LoopWaker& waker) {
  return std::unique_ptr<Appender>(new Appender(std::make_unique<Appender::State>(*state_, waker)));
}

Result<Receipt> Log::append_and_wait(std::string_view record) {
  BlockingWait wait;
  Appender::State appender(*state_, wait);
  appender.append(record, wait);
  appender.flush();
  while (!wait.told()) {
    wait.wait_for_wake();
    appender.deliver();
    if (!wait.told()) {
      appender.sweep();
    }
  }
  return wait.take();
}

Result<void> Log::write_checkpoint() {
  const MutexLock lock(state_->checkpoint_mutex);
  state_->check_identity();
  if (failed()) {
    return log_failed_error();
  }
  if (const Full full = state_->full.load(std::memory_order_acquire); full != Full::kNo) {
    // Callers that look at healthy() first would never append again, so the way back is here: a
    // missing spare is made, and after a refused write the next append may try.
    if (full == Full::kWrite || state_->writer.poke()) {
      state_->set_full(Full::kNo, {});
    }
  } else {
    (void)state_->writer.poke();
  }
  Frontier over;
  {
    const MutexLock state_lock(state_->mutex);
    over = state_->durable;
  }
  if (over.size() == state_->signed_size) {
    return ok();
  }
  if (over.size() < state_->signed_size) {
    state_->fail("the log is shorter than the checkpoint that it has signed");
    return make_error(ErrorCode::kInternal, "a checkpoint may not go backwards",
                      "audit-checkpoint");
  }
  return state_->sign_checkpoint(over);
}

std::uint64_t Log::size() const {
  return state_->durable_size.load(std::memory_order_acquire);
}

const std::string& Log::origin() const {
  return state_->origin;
}

std::string Log::verifier_key() const {
  return format_verifier_key(make_note_key(state_->origin, state_->signer.public_key()));
}

bool Log::healthy() const {
  return !failed() && state_->full.load(std::memory_order_acquire) == Full::kNo &&
         !state_->stalled();
}

bool Log::failed() const {
  return state_->failed.load(std::memory_order_acquire);
}

std::string Log::health_detail() const {
  if (healthy()) {
    return {};
  }
  if (!failed() && state_->stalled()) {
    return "a commit has taken longer than " + std::to_string(kCommitStall.count()) + " ms";
  }
  const MutexLock lock(state_->detail_mutex);
  return state_->detail;
}

}  // namespace fieldgate::audit
