#include "gateway/api/evaluations.h"

#include "gateway/auth/role.h"
#include "gateway/http/json.h"
#include "gateway/http/problem.h"
#include "gateway/http/text.h"
#include "gateway/read_path/pipeline.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace fieldgate::api {

namespace {

constexpr std::string_view kMetadataAge = "max-age=300";

// The specification demands this type; parameters such as a charset may follow it.
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) {
    type.remove_suffix(1);
  }
  return http::equals_lower_case(type, "application/json");
}

Result<boost::json::value> parse_body(const http::Request& request) {
  if (!is_json(request.header("content-type"))) {
    return make_error(ErrorCode::kInvalid, "`Content-Type` must be application/json");
  }
  return http::parse_json(request.body);
}

void answer_json(http::Exchange& exchange, std::string body) {
  http::Response response;
  response.body = std::move(body);
  exchange.answer(std::move(response));
}

void answer_one(http::Exchange& exchange, DecisionPoint& point, const boost::json::value& body) {
  const auto evaluation = parse_evaluation(body);
  if (evaluation.has_error()) {
    answer_error(exchange, evaluation.error());
    return;
  }
  const auto decided = point.decide(*evaluation, {}, [&exchange](Result<std::string> text) {
    if (text.has_error()) {
      answer_error(exchange, text.error());
    } else {
      answer_json(exchange, std::move(*text));
    }
  });
  if (decided.has_error()) {
    answer_error(exchange, decided.error());
  }
}

// The answers to a list: sent once no more are asked for and each that was may be told.
class Answers {
 public:
  explicit Answers(http::Exchange& exchange) : exchange_(exchange) {}

  // The next position; its answer is then owed.
  std::size_t owe() {
    ++owed_;
    texts_.emplace_back();
    return texts_.size() - 1;
  }
  void told(std::size_t position, Result<std::string> text) {
    texts_[position] = text.has_value() ? std::move(*text) : refused(text.error());
    settle();
  }
  void no_more() { settle(); }

 private:
  // Without a decision the answer is no; the problem is what the evaluation alone would have got.
  std::string refused(const Error& error) const {
    return "{\"decision\":false,\"context\":{\"error\":" +
           http::error_response(error, exchange_.request().request_id).body + "}}";
  }
  void settle() {
    if (--owed_ != 0) {
      return;
    }
    std::string body = "{\"evaluations\":[";
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      body += i == 0 ? "" : ",";
      body += texts_[i];
    }
    body += "]}";
    answer_json(exchange_, std::move(body));
  }

  http::Exchange& exchange_;
  std::vector<std::string> texts_;
  std::size_t owed_ = 1;  // one stands for those that may still be asked
};

bool ends_list(EvaluationsSemantic semantic, bool permitted) {
  return (semantic == EvaluationsSemantic::kDenyOnFirstDeny && !permitted) ||
         (semantic == EvaluationsSemantic::kPermitOnFirstPermit && permitted);
}

class RecordedEvaluation final : public audit::Waiter {
 public:
  RecordedEvaluation(DecisionPoint::Told told, read_path::Answer answer)
      : told_(std::move(told)), answer_(std::move(answer)) {}

  void recorded(Result<audit::Receipt> receipt) noexcept override {
    const std::unique_ptr<RecordedEvaluation> self(this);
    if (receipt.has_error()) {
      told_(receipt.error());
    } else {
      told_(read_path::respond(std::move(answer_), *receipt));
    }
  }

 private:
  DecisionPoint::Told told_;
  read_path::Answer answer_;
};

// Whom the question is about; an app that may not ask learns nothing, not even who exists.
Result<policy::AppIndex> find_app(const read_path::Call& call, std::string_view name) {
  const policy::AppIndex about = call.policy->set().app(name);
  const policy::AppIndex own = read_path::acting_app(call);
  if ((own == policy::kUnknownIndex || about != own) &&
      !auth::has_role(call.policy->set(), *call.principal, auth::kDecideRole)) {
    return make_error(ErrorCode::kForbidden,
                      "an app may ask about itself only, unless the policy gives it the role "
                      "`decide`");
  }
  return about;
}

// The same question as the body of a read.
Result<read_path::ReadRequest> as_read(const Evaluation& evaluation) {
  read_path::ReadRequest request;
  request.pseudonym = evaluation.resource.id;
  const boost::json::object* properties = evaluation.resource.properties;
  const boost::json::object* context = evaluation.context;
  const boost::json::value* fields =
      properties != nullptr ? properties->if_contains("fields") : nullptr;
  if (context != nullptr) {
    if (const boost::json::value* more = context->if_contains("fields")) {
      if (fields != nullptr) {
        return make_error(ErrorCode::kInvalid,
                          "give `fields` in either `resource.properties` or `context`");
      }
      fields = more;
    }
    if (context->contains("purpose")) {
      FIELDGATE_TRY(request.purpose, read_path::text_member(*context, "purpose"));
    }
    FIELDGATE_TRY(request.context, read_path::parse_moment(*context));
  }
  if (fields != nullptr) {
    FIELDGATE_CHECK_OK(read_path::parse_field_names(*fields, request));
  }
  return request;
}

// Decides with the stages of a read, and tells once that is recorded.
class ReadPathDecisions final : public DecisionPoint {
 public:
  ReadPathDecisions(LoopState& state, const http::Exchange& exchange)
      : state_(state), call_(start_call(state, exchange)) {}

  Result<bool> decide(const Evaluation& evaluation, std::optional<std::size_t> position,
                      Told told) override {
    read_path::Call call = call_;
    if (position) {
      call.record_id += '.' + std::to_string(*position);
    }
    FIELDGATE_TRY(read_path::Evaluated evaluated, run(call, evaluation));
    auto* pending = new RecordedEvaluation(std::move(told), std::move(evaluated.recordable.answer));
    waits_ = true;
    state_.append(evaluated.recordable.line, *pending);
    return evaluated.permitted;
  }

  /// Call when all has been asked.
  void done() {
    if (waits_) {
      state_.exchange_waits();
    }
  }

 private:
  Result<read_path::Evaluated> run(read_path::Call& call, const Evaluation& evaluation) {
    if (evaluation.subject.type != "app") {
      return record_evaluation(state_.environment(), call, not_known("subject.type", "app"));
    }
    FIELDGATE_TRY(call.about_app, find_app(call, evaluation.subject.id));
    if (evaluation.action != "read") {
      return record_evaluation(state_.environment(), call, not_known("action.name", "read"));
    }
    if (evaluation.resource.type != "profile") {
      return record_evaluation(state_.environment(), call, not_known("resource.type", "profile"));
    }
    FIELDGATE_TRY(const read_path::ReadRequest request, as_read(evaluation));
    return read_path::evaluate(state_.environment(), call, request);
  }

  // Well-formed, and nothing that the policy speaks of: no.
  static read_path::Refusal not_known(std::string_view member, std::string_view word) {
    return {403, policy::ReasonCode::kCannotDecide,
            "the only `" + std::string(member) + "` here is `" + std::string(word) + '`',
            policy::kUnknownIndex, std::nullopt};
  }

  LoopState& state_;
  read_path::Call call_;
  bool waits_ = false;
};

}  // namespace

void answer_evaluation(http::Exchange& exchange, DecisionPoint& point) {
  const auto body = parse_body(exchange.request());
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  answer_one(exchange, point, *body);
}

void answer_evaluations(http::Exchange& exchange, DecisionPoint& point) {
  const auto body = parse_body(exchange.request());
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const auto message = parse_evaluations(*body);
  if (message.has_error()) {
    answer_error(exchange, message.error());
    return;
  }
  if (message->list == nullptr) {
    answer_one(exchange, point, *body);
    return;
  }
  const auto answers = std::make_shared<Answers>(exchange);
  for (const boost::json::value& each : *message->list) {
    const std::size_t position = answers->owe();
    bool permitted = false;
    const auto evaluation = parse_evaluation(each, message->whole);
    if (evaluation.has_error()) {
      answers->told(position, evaluation.error());
    } else {
      const auto decided =
          point.decide(*evaluation, position, [answers, position](Result<std::string> text) {
            answers->told(position, std::move(text));
          });
      if (decided.has_error()) {
        answers->told(position, decided.error());
      } else {
        permitted = *decided;
      }
    }
    if (ends_list(message->semantic, permitted)) {
      break;
    }
  }
  answers->no_more();
}

std::string authzen_metadata(std::string_view base_url) {
  std::string out = "{\"policy_decision_point\":";
  http::append_json_string(out, base_url);
  for (const auto& [name, path] :
       {std::pair{"access_evaluation_endpoint", "/access/v1/evaluation"},
        std::pair{"access_evaluations_endpoint", "/access/v1/evaluations"}}) {
    out += ",\"" + std::string(name) + "\":";
    http::append_json_string(out, std::string(base_url) + path);
  }
  return out += '}';
}

void evaluate(LoopState& state, http::Exchange& exchange) {
  ReadPathDecisions decisions(state, exchange);
  answer_evaluation(exchange, decisions);
  decisions.done();
}

void evaluate_list(LoopState& state, http::Exchange& exchange) {
  ReadPathDecisions decisions(state, exchange);
  answer_evaluations(exchange, decisions);
  decisions.done();
}

void authzen_configuration(LoopState& state, http::Exchange& exchange) {
  const std::string& base_url = state.deployment().config().base_url;
  if (base_url.empty()) {
    answer_error(exchange,
                 make_error(ErrorCode::kNotFound,
                            "this gateway does not say where it is reached: its operator sets "
                            "`base_url`"));
    return;
  }
  http::Response response;
  response.body = authzen_metadata(base_url);
  response.headers.emplace_back("Cache-Control", std::string(kMetadataAge));
  exchange.answer(std::move(response));
}

}  // namespace fieldgate::api
