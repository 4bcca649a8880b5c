#include "audit/append/spare_segment.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fieldgate::audit {

namespace {
constexpr mode_t kSegmentMode = 0640;
constexpr std::uint64_t kStopCheckBytes = 1024ULL * 1024;
}  // namespace

SpareSegment::SpareSegment(FileOps& files, std::string path, std::uint64_t bytes)
    : files_(files), path_(std::move(path)), bytes_(bytes), thread_([this] { run(); }) {}

SpareSegment::~SpareSegment() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
  const MutexLock lock(mutex_);
  if (file_.open()) {
    file_.reset();
    files_.remove(path_);
  }
}

void SpareSegment::request() {
  const MutexLock lock(mutex_);
  if (state_ == State::kNone || state_ == State::kFailed) {
    state_ = State::kWanted;
    changed_.notify_all();
  }
}

SpareSegment::Taken SpareSegment::take() {
  const MutexLock lock(mutex_);
  if (state_ == State::kNone || state_ == State::kFailed) {
    state_ = State::kWanted;
    changed_.notify_all();
  }
  while (state_ == State::kWanted || state_ == State::kMaking) {
    changed_.wait(mutex_);
  }
  if (state_ == State::kFailed) {
    return {Descriptor(), error_};
  }
  state_ = State::kTaken;
  return {std::move(file_), 0};
}

void SpareSegment::release() {
  const MutexLock lock(mutex_);
  state_ = State::kNone;
}

bool SpareSegment::ready() const {
  const MutexLock lock(mutex_);
  return state_ == State::kReady;
}

bool SpareSegment::stopping() const {
  const MutexLock lock(mutex_);
  return stop_;
}

void SpareSegment::run() {
  for (;;) {
    {
      const MutexLock lock(mutex_);
      while (!stop_ && state_ != State::kWanted) {
        changed_.wait(mutex_);
      }
      if (stop_) {
        return;
      }
      state_ = State::kMaking;
    }
    Taken made = make();
    const MutexLock lock(mutex_);
    error_ = made.error;
    state_ = made.error == 0 ? State::kReady : State::kFailed;
    file_ = std::move(made.file);
    changed_.notify_all();
  }
}

SpareSegment::Taken SpareSegment::make() {
  Descriptor file(files_, files_.open(path_, O_RDWR | O_CREAT | O_TRUNC, kSegmentMode));
  if (!file.open()) {
    return {Descriptor(), file.get()};
  }
  const auto give_up = [&](int error) {
    file.reset();
    files_.remove(path_);  // a half-made spare must not keep the disk full
    return Taken{Descriptor(), error};
  };
  // Reserving first meets a full disk at once, not after writing most of the file. Where the file
  // system cannot reserve, the zeros below do.
  if (const int error = files_.allocate(file.get(), static_cast<off_t>(bytes_));
      error != 0 && error != -EOPNOTSUPP) {
    return give_up(error);
  }
  for (std::uint64_t at = 0; at < bytes_; at += kStopCheckBytes) {
    if (stopping()) {
      return give_up(-ECANCELED);
    }
    if (const int error =
            zero_range(files_, file.get(), at, std::min(bytes_, at + kStopCheckBytes));
        error != 0) {
      return give_up(error);
    }
  }
  if (const int error = files_.sync(file.get()); error != 0) {
    return give_up(error);
  }
  return {std::move(file), 0};
}

}  // namespace fieldgate::audit
