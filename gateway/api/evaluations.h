// Decide without reading: OpenID AuthZEN Authorization API 1.0 (docs/api.md, "Evaluate").
#pragma once

#include "gateway/api/evaluation_message.h"
#include "gateway/api/loop_state.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace fieldgate::api {

/// The role that lets an app ask about other apps than itself.

/// Who decides, behind the messages. Used on one loop.
class DecisionPoint {
 public:
  virtual ~DecisionPoint() = default;
  /// What may be told: the answer to one evaluation as a JSON object, or why there is none.
  using Told = std::function<void(Result<std::string>)>;
  /// Decides now, and gives the decision. `told` is called once, on this loop, before this returns
  /// or later: when the decision may be told. With an error nothing was decided and `told` is never
  /// called. `position` is the evaluation's in a list.
  [[nodiscard]] virtual Result<bool> decide(const Evaluation& evaluation,
                                            std::optional<std::size_t> position, Told told) = 0;
};

/// Answers the body of `/access/v1/evaluation` and of `/access/v1/evaluations`.
void answer_evaluation(http::Exchange& exchange, DecisionPoint& point);
void answer_evaluations(http::Exchange& exchange, DecisionPoint& point);
/// What `/.well-known/authzen-configuration` says about the endpoints below `base_url`.
[[nodiscard]] std::string authzen_metadata(std::string_view base_url);

/// POST /access/v1/evaluation, /access/v1/evaluations: the same, decided by the read path.
void evaluate(LoopState& state, http::Exchange& exchange);
void evaluate_list(LoopState& state, http::Exchange& exchange);
/// GET /.well-known/authzen-configuration; 404 while no `base_url` is set.
void authzen_configuration(LoopState& state, http::Exchange& exchange);

}  // namespace fieldgate::api
