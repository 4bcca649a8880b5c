// The messages of the OpenID AuthZEN Authorization API 1.0, checked for form only: what a subject,
// an action or a resource may be is the business of whoever decides.
#pragma once

#include <fieldgate/base/result.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string_view>

namespace fieldgate::api {

/// Most evaluations in one request; one more is 400.
inline constexpr std::size_t kMaxEvaluations = 100;

/// A subject or a resource. Views into the parsed body.
struct EvaluationEntity {
  std::string_view type;
  std::string_view id;
  const boost::json::object* properties = nullptr;  ///< null when there are none
};

/// May `subject` do `action` to `resource`? Views into the parsed body, which must outlive it.
struct Evaluation {
  EvaluationEntity subject;
  std::string_view action;
  const boost::json::object* action_properties = nullptr;
  EvaluationEntity resource;
  const boost::json::object* context = nullptr;
};

enum class EvaluationsSemantic { kExecuteAll, kDenyOnFirstDeny, kPermitOnFirstPermit };

/// The body of a request for one or many.
struct EvaluationsMessage {
  const boost::json::object* whole = nullptr;  ///< the one evaluation, or what all have in common
  const boost::json::array* list = nullptr;    ///< null: there is one only
  EvaluationsSemantic semantic = EvaluationsSemantic::kExecuteAll;
};

/// One evaluation; what `own` lacks is taken from `defaults`, member by member. `kInvalid` naming
/// the member that is missing or of a wrong type. Unknown members are passed over, as the
/// specification demands.
[[nodiscard]] Result<Evaluation> parse_evaluation(const boost::json::value& own,
                                                  const boost::json::object* defaults = nullptr);

/// The envelope; its evaluations are parsed one by one, so that a malformed one is its own error.
/// No list, or an empty one, stands for the one evaluation that the body itself is. `kInvalid` for
/// more than `kMaxEvaluations` and an unknown semantic.
[[nodiscard]] Result<EvaluationsMessage> parse_evaluations(const boost::json::value& body);

}  // namespace fieldgate::api
