// The order of the read path, and why it is this one:
//
//   authenticate     first: nobody learns anything about a person without a purpose of their own
//   resolve_subject  before the decision, because consent and facts belong to a person
//   decide           before anything is fetched for release: withheld values are never opened
//   fetch_fields     needs the permit, so it cannot run for a read that was refused
//   open_fields      needs the permit and the key that only `decide` hands on
//   transform        makes each field's outcome final, so the record can be complete
//   record           before the answer: without a receipt `respond` cannot be called
//
// Each stage takes what the one before returns, so another order does not compile.
//
// An evaluation goes the same way up to the decision, drops permit and key there, and is recorded.
// So it can't say anything else than a read would find.
#include "gateway/read_path/pipeline.h"

namespace fieldgate::read_path {

namespace {

Step<Permitted> find_and_decide(Environment& environment, const Call& call,
                                const ReadRequest& request) {
  auto claim = authenticate(call, request);
  if (claim.has_error()) {
    return std::move(claim).error();
  }
  auto found = resolve_subject(environment, call, std::move(*claim), request);
  if (found.has_error()) {
    return std::move(found).error();
  }
  return decide(environment, call, std::move(*found), request);
}

Step<Shaped> decide_and_open(Environment& environment, const Call& call,
                             const ReadRequest& request) {
  auto permitted = find_and_decide(environment, call, request);
  if (permitted.has_error()) {
    return std::move(permitted).error();
  }
  auto opened =
      open_fields(environment, *call.policy, fetch_fields(*call.policy, std::move(*permitted)));
  if (opened.has_error()) {
    return std::move(opened).error();
  }
  return transform(*call.policy, std::move(*opened));
}

}  // namespace

Result<Recordable> run(Environment& environment, const Call& call, const ReadRequest& request) {
  auto shaped = decide_and_open(environment, call, request);
  if (shaped.has_value()) {
    return record(environment, call, std::move(*shaped));
  }
  if (shaped.error().malformed) {
    return make_error(ErrorCode::kInvalid, std::move(shaped.error().detail));
  }
  return record(environment, call, shaped.error());
}

Result<Evaluated> evaluate(Environment& environment, const Call& call, const ReadRequest& request) {
  auto permitted = find_and_decide(environment, call, request);
  if (permitted.has_value()) {
    const SubjectId subject = permitted->found.profile->subject();
    return record_evaluation(environment, call,
                             Decided{std::move(permitted->found.claim), subject,
                                     permitted->decision, std::move(permitted->inputs)});
  }
  if (permitted.error().malformed) {
    return make_error(ErrorCode::kInvalid, std::move(permitted.error().detail));
  }
  return record_evaluation(environment, call, permitted.error());
}

}  // namespace fieldgate::read_path
