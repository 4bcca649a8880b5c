// What one I/O loop works with, and how a request is recorded before it is answered.
#pragma once

#include "gateway/deployment.h"
#include "gateway/http/exchange.h"
#include "gateway/read_path/stages.h"

#include <fieldgate/audit/log.h>

#include <functional>
#include <memory>
#include <vector>

namespace fieldgate::api {

/// One per loop; used on its thread only, but for `wake`.
class LoopState final : public audit::LoopWaker {
 public:
  /// Opens the loop's own connection to the store.
  [[nodiscard]] static Result<std::unique_ptr<LoopState>> make(Deployment& deployment);

  /// Called on the loop's thread before it serves.
  void attach(http::Loop& loop) { loop_ = &loop; }
  [[nodiscard]] http::Loop& loop() { return *loop_; }
  [[nodiscard]] Deployment& deployment() { return deployment_; }
  [[nodiscard]] read_path::Environment& environment() { return environment_; }

  /// Hands a record to the log; it is committed when the turn ends, or earlier.
  void append(std::string_view line, audit::Waiter& waiter);
  /// Call once for each exchange that now waits for its records. When that is three quarters of the
  /// connections, what was appended is committed at once: the loop decides the rest meanwhile.
  void exchange_waits();
  /// The half-second tick: gives up on commits that stall.
  void tick() { appender_->sweep(); }
  void wake() noexcept override;
  /// Gives up the loop's way into the log; whoever still waits is told. After the loop has ended,
  /// while its connections still live.
  void close() { appender_.reset(); }

 private:
  LoopState(Deployment& deployment, std::unique_ptr<store::Reader> reader);
  void flush();

  Deployment& deployment_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<audit::Appender> appender_;
  read_path::Environment environment_;
  http::Loop* loop_ = nullptr;
  bool flush_due_ = false;
  std::size_t waiting_ = 0;  // exchanges, since the last flush
};

/// Makes the record durable, then answers with the receipt. If it cannot be recorded the answer is
/// 503 and the prepared body is dropped.
void record_and_answer(LoopState& state, http::Exchange& exchange,
                       read_path::Recordable recordable);

/// Runs `work` on the writer thread in a transaction; once that is durable, records and answers as
/// above. An error of `work` rolls it back and is the answer. `work` may run twice (WriteQueue) and
/// must not touch the exchange.
using WriteWork = std::function<Result<read_path::Recordable>(store::Transaction&)>;
void write_and_answer(LoopState& state, http::Exchange& exchange, WriteWork work);

/// `kUnavailable` while the log cannot take records: a write is then refused before it is made.
[[nodiscard]] Result<void> may_write(const audit::Log& log);

/// Answers an error as a problem document with this request's id.
void answer_error(http::Exchange& exchange, const Error& error);

/// The parts of a call that every endpoint starts from.
[[nodiscard]] read_path::Call start_call(LoopState& state, const http::Exchange& exchange);
/// The same for an endpoint that wants a role. The connection has looked at it when the head came;
/// the policy may have changed since, so what counts is the one that the call will name.
[[nodiscard]] Result<read_path::Call> start_call_as(LoopState& state,
                                                    const http::Exchange& exchange,
                                                    std::string_view role);

}  // namespace fieldgate::api
