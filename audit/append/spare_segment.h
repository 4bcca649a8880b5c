// The next segment file, zero-filled by a thread of its own before it is needed.
#pragma once

#include "audit/append/file_ops.h"
#include "audit/append/mutex.h"

#include <condition_variable>
#include <cstdint>
#include <string>
#include <thread>

namespace fieldgate::audit {

class SpareSegment {
 public:
  /// `files` must outlive this. Nothing is made before `request`.
  SpareSegment(FileOps& files, std::string path, std::uint64_t bytes);
  ~SpareSegment();
  SpareSegment(const SpareSegment&) = delete;
  SpareSegment& operator=(const SpareSegment&) = delete;

  /// Starts making a spare unless there is one or one is being made; does not wait.
  void request();
  /// The spare, still under its temporary path until `release` is called. Waits while one is being
  /// made; when the last try failed, tries once more. On failure the descriptor is not open and
  /// `error` is set.
  struct Taken {
    Descriptor file;
    int error = 0;  ///< a negated errno
  };
  [[nodiscard]] Taken take();
  /// The taken spare has its own name now, or was given up: the temporary path may be used again.
  /// Until then `request` must not make a new file over the taken one.
  void release();
  [[nodiscard]] bool ready() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  enum class State : std::uint8_t { kNone, kWanted, kMaking, kReady, kTaken, kFailed };
  void run();
  Taken make();
  [[nodiscard]] bool stopping() const;

  FileOps& files_;
  const std::string path_;
  const std::uint64_t bytes_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  State state_ FIELDGATE_GUARDED_BY(mutex_) = State::kNone;
  Descriptor file_ FIELDGATE_GUARDED_BY(mutex_);
  int error_ FIELDGATE_GUARDED_BY(mutex_) = 0;
  bool stop_ FIELDGATE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fieldgate::audit
