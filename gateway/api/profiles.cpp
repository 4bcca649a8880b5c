#include "gateway/api/profiles.h"
#include "gateway/auth/role.h"

#include "gateway/http/json.h"
#include "gateway/http/problem.h"
#include "gateway/import/person_json.h"
#include "gateway/import/row_source.h"
#include "gateway/write/import_rows.h"

#include <memory>
#include <utility>

namespace fieldgate::api {

namespace {

using read_path::Call;
using read_path::Recordable;

audit::RecordFields write_record_of(const Call& call) {
  audit::RecordFields record;
  record.id = call.record_id;
  record.time = call.now;
  record.type = audit::RecordType::kWrite;
  record.decision = "allow";
  record.app = call.principal->app;
  record.credential = call.principal->credential;
  record.policy = call.policy->set().version();
  record.policy_digest = call.policy->digest();
  record.request_id = call.request_id;
  return record;
}

importing::ImportDefaults defaults_of(LoopState& state, const Call& call) {
  return {call.now, state.deployment().config().default_region, call.principal->app};
}

Result<Recordable> record_upsert(LoopState& state, const Call& call, policy::AppIndex app,
                                 const importing::PersonRow& row, const write::Upserted& upserted) {
  std::vector<audit::FieldOutcome> outcomes;
  outcomes.reserve(row.fields.size());
  for (const importing::PersonField& field : row.fields) {
    outcomes.push_back({call.policy->set().fields()[field.field].name,
                        upserted.written.test(field.field) ? "written" : "kept-newer"});
  }
  const auto tag = state.environment().audit_key.tag(call.record_id, upserted.subject);
  audit::RecordFields record = write_record_of(call);
  record.subject_tag = tag;
  record.fields = outcomes;
  Recordable recordable;
  FIELDGATE_CHECK_OK(audit::write_record(recordable.line, record));
  recordable.answer = {200, "{\"subject\":\"" +
                                call.policy->write_pseudonyms(app)->encode(upserted.subject) +
                                "\",\"created\":" + (upserted.created ? "true" : "false")};
  return recordable;
}

// Tells an error once the record of what was written before it is durable, or cannot be.
class ErrorAfterRecord final : public audit::Waiter {
 public:
  ErrorAfterRecord(http::Exchange& exchange, Error error)
      : exchange_(exchange), error_(std::move(error)) {}

  void recorded(Result<audit::Receipt> receipt) noexcept override {
    const std::unique_ptr<ErrorAfterRecord> self(this);
    answer_error(exchange_, receipt.has_error() ? receipt.error() : error_);
  }

 private:
  http::Exchange& exchange_;
  Error error_;
};

// One streamed import. Owned by the callbacks that carry it on; each step starts the next only when
// its own work is durable.
class StreamedImport : public std::enable_shared_from_this<StreamedImport> {
 public:
  StreamedImport(LoopState& state, http::Exchange& exchange, Call call)
      : state_(state),
        exchange_(exchange),
        call_(std::move(call)),
        source_(importing::make_ndjson_source(call_.policy->set(), nullptr,
                                              defaults_of(state, call_), buffer_)) {}

  void read_on() {
    exchange_.read_body([self = shared_from_this()](Result<std::string_view> piece) {
      self->take(std::move(piece));
    });
  }

 private:
  void take(Result<std::string_view> piece) {
    if (piece.has_error()) {
      break_off(piece.error());
      return;
    }
    ended_ = piece->empty();
    const auto read = ended_ ? source_->finish() : source_->feed(*piece);
    if (read.has_error()) {
      if (read.error().detail_code != "file-refused") {
        break_off(read.error());
        return;
      }
      ended_ = true;
    }
    if (buffer_.is_due(write::kRowsBesideTraffic) || (ended_ && !buffer_.rows().empty())) {
      write_buffered();
    } else if (ended_) {
      finish();
    } else {
      read_on();
    }
  }

  void write_buffered() {
    // A stream may last; what it may write ends with the policy that allowed it.
    const auto policy = state_.deployment().policy().get();
    if (const auto may = auth::check_role(policy->set(), *call_.principal, auth::kIngestRole);
        may.has_error()) {
      break_off(may.error());
      return;
    }
    auto rows = std::make_shared<std::vector<importing::PersonRow>>(buffer_.take_rows());
    auto self = shared_from_this();
    const auto queued = state_.deployment().writer().submit(
        [self, rows](store::Transaction& transaction) {
          self->part_ = {};
          return write::write_rows(self->state_.deployment().sealing(), *self->call_.policy,
                                   transaction, *rows, self->part_);
        },
        [self](const Result<void>& committed) {
          const Error failure = committed.has_error() ? committed.error() : Error{};
          self->state_.loop().post(
              [self, failed = committed.has_error(), failure] { self->written(failed, failure); });
        });
    if (queued.has_error()) {
      break_off(queued.error());
    }
  }

  void written(bool failed, const Error& failure) {
    if (failed) {
      break_off(failure);
      return;
    }
    report_.imported += part_.imported;
    report_.updated += part_.updated;
    report_.rejected.merge(part_.rejected);
    if (ended_) {
      finish();
    } else {
      read_on();
    }
  }

  void finish() {
    report_.rejected.merge(buffer_.errors);
    Recordable recordable;
    const auto written = write_line("import", recordable.line);
    if (written.has_error()) {
      answer_error(exchange_, written.error());
      return;
    }
    recordable.answer = {200, write::open_report_json(report_)};
    record_and_answer(state_, exchange_, std::move(recordable));
  }

  // What was written stays written, so it is recorded before the error is told.
  void break_off(const Error& error) {
    std::string line;
    if (report_.imported + report_.updated == 0 ||
        write_line("import broke off", line).has_error()) {
      answer_error(exchange_, error);
      return;
    }
    auto* pending = new ErrorAfterRecord(exchange_, error);  // ends itself once it is told
    state_.append(line, *pending);
  }

  [[nodiscard]] Result<void> write_line(std::string_view what, std::string& line) const {
    const std::string detail = std::string(what) + ": " + std::to_string(report_.imported) +
                               " new, " + std::to_string(report_.updated) + " updated, " +
                               std::to_string(report_.rejected.size()) + " rejected";
    audit::RecordFields record = write_record_of(call_);
    record.detail = detail;
    return audit::write_record(line, record);
  }

  LoopState& state_;
  http::Exchange& exchange_;
  Call call_;
  write::RowBuffer buffer_;
  std::unique_ptr<importing::RowSource> source_;
  write::ImportReport report_;
  write::ImportReport part_;  // of the transaction in flight
  bool ended_ = false;
};

}  // namespace

void patch_profile(LoopState& state, http::Exchange& exchange) {
  const auto body = http::parse_json(exchange.request().body);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  auto started = start_call_as(state, exchange, auth::kIngestRole);
  if (started.has_error()) {
    answer_error(exchange, started.error());
    return;
  }
  auto call = std::make_shared<Call>(std::move(*started));
  importing::RowError why;
  auto row =
      importing::read_person_json(call->policy->set(), defaults_of(state, *call), *body, 1, why);
  if (!row) {
    answer_error(exchange,
                 make_error(ErrorCode::kInvalid,
                            why.field.empty() ? why.message : why.field + ": " + why.message));
    return;
  }
  const policy::AppIndex app = read_path::acting_app(*call);
  if (call->policy->write_pseudonyms(app) == nullptr) {
    answer_error(exchange, make_error(ErrorCode::kForbidden, "the policy does not know this app"));
    return;
  }
  call->request_id = call->record_id;  // the request's own buffers go away before the writer runs
  write_and_answer(
      state, exchange,
      [&state, call, app, row = std::make_shared<importing::PersonRow>(std::move(*row))](
          store::Transaction& transaction) -> Result<Recordable> {
        FIELDGATE_TRY(
            const write::Upserted upserted,
            write::upsert_person(state.deployment().sealing(), *call->policy, transaction, *row));
        return record_upsert(state, *call, app, *row, upserted);
      });
}

void import_profiles(LoopState& state, http::Exchange& exchange) {
  auto call = start_call_as(state, exchange, auth::kIngestRole);
  if (call.has_error()) {
    answer_error(exchange, call.error());
    return;
  }
  std::make_shared<StreamedImport>(state, exchange, std::move(*call))->read_on();
}

}  // namespace fieldgate::api
