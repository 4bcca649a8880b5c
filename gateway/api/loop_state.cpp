#include "gateway/api/loop_state.h"

#include "gateway/auth/role.h"
#include "gateway/http/problem.h"

#include <algorithm>
#include <utility>

namespace fieldgate::api {

namespace {

/// Exchanges that a busy loop lets wait at most before it hands their records on.
constexpr std::size_t kMostThatWait = 128;

// Lives from the append until the log has told it; owns itself meanwhile.
class PendingAnswer final : public audit::Waiter {
 public:
  PendingAnswer(http::Exchange& exchange, read_path::Answer answer)
      : exchange_(exchange), answer_(std::move(answer)) {}

  void recorded(Result<audit::Receipt> receipt) noexcept override {
    const std::unique_ptr<PendingAnswer> self(this);
    if (receipt.has_error()) {
      answer_error(exchange_, receipt.error());
      return;
    }
    http::Response response;
    response.status = answer_.status;
    response.content_type = answer_.is_problem() ? "application/problem+json" : "application/json";
    response.body = read_path::respond(std::move(answer_), *receipt);
    exchange_.answer(std::move(response));
  }

 private:
  http::Exchange& exchange_;
  read_path::Answer answer_;
};

}  // namespace

Result<std::unique_ptr<LoopState>> LoopState::make(Deployment& deployment) {
  FIELDGATE_TRY(auto reader, deployment.store().reader());
  return std::unique_ptr<LoopState>(new LoopState(deployment, std::move(reader)));
}

LoopState::LoopState(Deployment& deployment, std::unique_ptr<store::Reader> reader)
    : deployment_(deployment),
      reader_(std::move(reader)),
      appender_(deployment.log().appender(*this)),
      environment_{deployment.keyring(),
                   deployment.indexer(),
                   *reader_,
                   deployment.policy(),
                   deployment.clock(),
                   deployment.audit_key(),
                   deployment.random(),
                   deployment.config().default_region} {}

void LoopState::append(std::string_view line, audit::Waiter& waiter) {
  appender_->append(line, waiter);
  if (!flush_due_) {
    flush_due_ = true;
    loop_->at_turn_end([this] {
      flush_due_ = false;
      flush();
    });
  }
}

void LoopState::exchange_waits() {
  if (++waiting_ >= std::clamp<std::size_t>(loop_->connections() * 3 / 4, 1, kMostThatWait)) {
    flush();
  }
}

void LoopState::flush() {
  waiting_ = 0;
  appender_->flush();
}

void LoopState::wake() noexcept {
  loop_->post([this] { appender_->deliver(); });
}

void answer_error(http::Exchange& exchange, const Error& error) {
  exchange.answer(http::error_response(error, exchange.request().request_id));
}

read_path::Call start_call(LoopState& state, const http::Exchange& exchange) {
  read_path::Call call;
  call.principal = exchange.principal();
  call.policy = state.deployment().policy().get();
  call.request_id = exchange.request().request_id;
  call.record_id = std::string(call.request_id);
  call.now = state.deployment().clock().now();
  return call;
}

Result<read_path::Call> start_call_as(LoopState& state, const http::Exchange& exchange,
                                      std::string_view role) {
  read_path::Call call = start_call(state, exchange);
  FIELDGATE_CHECK_OK(auth::check_role(call.policy->set(), *call.principal, role));
  return call;
}

void record_and_answer(LoopState& state, http::Exchange& exchange,
                       read_path::Recordable recordable) {
  auto* pending = new PendingAnswer(exchange, std::move(recordable.answer));
  state.append(recordable.line, *pending);
  state.exchange_waits();
}

Result<void> may_write(const audit::Log& log) {
  if (log.healthy()) {
    return ok();
  }
  return make_error(ErrorCode::kUnavailable,
                    "nothing is written that cannot be recorded: " + log.health_detail());
}

void write_and_answer(LoopState& state, http::Exchange& exchange, WriteWork work) {
  struct InFlight {
    WriteWork work;
    Result<read_path::Recordable> outcome = make_error(ErrorCode::kInternal, "the write never ran");
  };
  auto flight = std::make_shared<InFlight>();
  flight->work = std::move(work);
  const auto queued = state.deployment().writer().submit(
      [flight, &state](store::Transaction& transaction) -> Result<void> {
        FIELDGATE_CHECK_OK(may_write(state.deployment().log()));
        flight->outcome = flight->work(transaction);
        if (flight->outcome.has_error()) {
          return flight->outcome.error();
        }
        return ok();
      },
      [flight, &state, &exchange](const Result<void>& committed) {
        if (committed.has_error()) {
          flight->outcome = committed.error();
        }
        state.loop().post([flight, &state, &exchange] {
          if (flight->outcome.has_error()) {
            answer_error(exchange, flight->outcome.error());
          } else {
            record_and_answer(state, exchange, std::move(*flight->outcome));
          }
        });
      });
  if (queued.has_error()) {
    answer_error(exchange, queued.error());
  }
}

}  // namespace fieldgate::api
