#include "audit/append/log_state.h"

#include "audit/format/log_files.h"
#include "audit/merkle/checkpoint.h"
#include "audit/merkle/note.h"

#include <algorithm>
#include <utility>

namespace fieldgate::audit {

Error log_failed_error() {
  return make_error(ErrorCode::kUnavailable, "the audit log has failed and takes no more records",
                    "audit-log-failed");
}

Log::State::State(std::filesystem::path log_directory, std::string log_origin,
                  crypto::Ed25519Signer key, const Clock& wall_clock, const LogOptions& options)
    : directory(std::move(log_directory)),
      origin(std::move(log_origin)),
      signer(std::move(key)),
      clock(wall_clock),
      files(options.files != nullptr ? *options.files : system_file_ops()),
      steady_now(options.steady_now),
      writer(files, directory, origin, options.segment_bytes) {}

Log::State::~State() {
  if (!committer_.joinable()) {
    return;
  }
  {
    const MutexLock lock(mutex);
    stopping = true;
  }
  work_or_end.send();
  committer_.join();
}

std::size_t Log::State::max_batch_bytes() const {
  return std::min<std::uint64_t>(kMaxBatchBytes, writer.room() - kCommitFrameBytes);
}

bool Log::State::stalled() const {
  const std::int64_t began = commit_began.load(std::memory_order_relaxed);
  if (began == 0) {
    return false;
  }
  const SteadyTime::duration running(steady_now().time_since_epoch().count() - began);
  return running > kCommitStall;
}

std::optional<Error> Log::State::refusal() const {
  if (failed.load(std::memory_order_acquire)) {
    return log_failed_error();
  }
  if (stalled()) {
    return make_error(ErrorCode::kUnavailable, "a commit of the audit log is stalled",
                      "audit-stalled");
  }
  return std::nullopt;
}

void Log::State::fail(std::string why) {
  {
    const MutexLock lock(detail_mutex);
    if (!failed.load(std::memory_order_relaxed)) {
      detail = std::move(why);  // the first reason is the one that matters
    }
  }
  failed.store(true, std::memory_order_release);
}

void Log::State::check_identity() {
  if (std::string wrong = writer.check_identity(); !wrong.empty()) {
    fail(std::move(wrong));
  }
}

void Log::State::set_full(Full what, std::string why) {
  full.store(what, std::memory_order_release);
  if (what == Full::kNo) {
    return;
  }
  const MutexLock lock(detail_mutex);
  if (!failed.load(std::memory_order_relaxed)) {
    detail = std::move(why);
  }
}

Result<void> Log::State::sign_checkpoint(const Frontier& over) {
  const Checkpoint checkpoint{origin, over.size(), over.root()};
  FIELDGATE_TRY(const std::string note, sign_note(format_checkpoint(checkpoint), origin, signer));
  const int error = replace_file(files, directory_file.get(),
                                 (directory / kCheckpointFile).string(), as_bytes(note));
  if (error != 0 && is_passing(-error)) {
    return make_error(ErrorCode::kUnavailable, "cannot write the checkpoint: " + error_text(error),
                      "audit-log-full");
  }
  if (error != 0) {
    fail("cannot write the checkpoint: " + error_text(error));
    return log_failed_error();
  }
  signed_size = checkpoint.size;
  signed_root = checkpoint.root;
  return ok();
}

}  // namespace fieldgate::audit
