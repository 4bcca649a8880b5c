#include "gateway/api/reads.h"

#include "gateway/api/query.h"
#include "gateway/http/json.h"
#include "gateway/http/problem.h"
#include "gateway/read_path/pipeline.h"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace fieldgate::api {

namespace {

// The parsed body of an ordinary read fits here, so parsing allocates nothing.
constexpr std::size_t kBodyScratchBytes = 8UL * 1024;

// All reads of a batch: answered once each has been recorded or has failed.
class Batch {
 public:
  Batch(http::Exchange& exchange, std::size_t count)
      : exchange_(exchange), results_(count), open_(count) {}

  void done(std::size_t position, unsigned status, std::string body) {
    results_[position] = {status, std::move(body)};
    if (--open_ == 0) {
      finish();
    }
  }
  void failed(std::size_t position, const Error& error) {
    http::Response problem = http::error_response(error, exchange_.request().request_id);
    done(position, problem.status, std::move(problem.body));
  }

 private:
  void finish() {
    std::string body = "{\"results\":[";
    for (std::size_t i = 0; i < results_.size(); ++i) {
      body += i == 0 ? "{\"status\":" : ",{\"status\":";
      body += std::to_string(results_[i].first) + ",\"body\":" + results_[i].second + '}';
    }
    body += "]}";
    http::Response response;
    response.body = std::move(body);
    exchange_.answer(std::move(response));
  }

  http::Exchange& exchange_;
  std::vector<std::pair<unsigned, std::string>> results_;
  std::size_t open_;
};

class BatchedRead final : public audit::Waiter {
 public:
  BatchedRead(std::shared_ptr<Batch> batch, std::size_t position, read_path::Answer answer)
      : batch_(std::move(batch)), position_(position), answer_(std::move(answer)) {}

  void recorded(Result<audit::Receipt> receipt) noexcept override {
    const std::unique_ptr<BatchedRead> self(this);
    if (receipt.has_error()) {
      batch_->failed(position_, receipt.error());
      return;
    }
    const unsigned status = answer_.status;
    batch_->done(position_, status, read_path::respond(std::move(answer_), *receipt));
  }

 private:
  std::shared_ptr<Batch> batch_;
  std::size_t position_;
  read_path::Answer answer_;
};

Result<read_path::Recordable> run_one(LoopState& state, const read_path::Call& call,
                                      const boost::json::value& body) {
  FIELDGATE_TRY(const read_path::ReadRequest request, read_path::parse_read_request(body));
  return read_path::run(state.environment(), call, request);
}

struct TraitsQuery {
  std::vector<std::string> include;
  std::size_t limit = kDefaultTraits;
};

Result<TraitsQuery> parse_traits_query(std::string_view query) {
  FIELDGATE_TRY(const auto pairs, parse_query(query, {"include", "limit"}));
  TraitsQuery parsed;
  for (const auto& [name, value] : pairs) {
    if (name == "limit") {
      FIELDGATE_TRY(parsed.limit, parse_limit(value, kMaxTraits));
      continue;
    }
    for (std::size_t start = 0; start < value.size();) {
      const std::size_t comma = std::min(value.find(',', start), value.size());
      if (comma > start) {
        parsed.include.push_back(value.substr(start, comma - start));
      }
      start = comma + 1;
    }
  }
  return parsed;
}

// Segment names identifiers "email", "phone", "user_id".
Result<read_path::PersonReference> parse_external_id(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return make_error(ErrorCode::kInvalid, "the profile must be named as `type:value`");
  }
  const std::string_view word = text.substr(0, colon);
  const auto type =
      word == "user_id" ? IdentifierType::kAccountId : crypto::parse_identifier_type(word);
  if (!type) {
    return make_error(ErrorCode::kInvalid,
                      "the identifier type must be one of email, phone, user_id");
  }
  return read_path::PersonReference{*type, text.substr(colon + 1), {}};
}

// Turns a recorded answer into Segment's shape once its receipt is there.
class TraitsAnswer final : public audit::Waiter {
 public:
  TraitsAnswer(http::Exchange& exchange, read_path::Answer answer, std::size_t limit)
      : exchange_(exchange), answer_(std::move(answer)), limit_(limit) {}

  void recorded(Result<audit::Receipt> receipt) noexcept override {
    const std::unique_ptr<TraitsAnswer> self(this);
    if (receipt.has_error()) {
      answer_error(exchange_, receipt.error());
      return;
    }
    http::Response response;
    response.status = answer_.status;
    const bool problem = answer_.is_problem();
    response.body = read_path::respond(std::move(answer_), *receipt);
    if (problem) {
      response.content_type = "application/problem+json";
    } else if (const auto done = reshape(response.body); done.has_error()) {
      answer_error(exchange_, make_error(ErrorCode::kInternal, "the answer cannot be reshaped"));
      return;
    }
    exchange_.answer(std::move(response));
  }

 private:
  // {"traits": {...}, "cursor": {...}}; `audit` and `withheld` are kept beside what Segment has.
  [[nodiscard]] Result<void> reshape(std::string& body) const {
    FIELDGATE_TRY(auto parsed, http::parse_json(body));
    boost::json::object& whole = parsed.as_object();
    boost::json::object traits;
    bool more = false;
    for (auto& field : whole["fields"].as_object()) {
      if (traits.size() == limit_) {
        more = true;
        break;
      }
      traits.emplace(field.key(), std::move(field.value()));
    }
    boost::json::object out;
    out["traits"] = std::move(traits);
    out["cursor"] = {{"url", ""}, {"has_more", more}, {"next", ""}, {"limit", limit_}};
    out["withheld"] = std::move(whole["withheld"]);
    out["audit"] = std::move(whole["audit"]);
    body = boost::json::serialize(out);
    return ok();
  }

  http::Exchange& exchange_;
  read_path::Answer answer_;
  std::size_t limit_;
};

}  // namespace

void read_profile(LoopState& state, http::Exchange& exchange) {
  // Not cleared: only what was written to it is read. NOLINTNEXTLINE(*-pro-type-member-init)
  std::array<unsigned char, kBodyScratchBytes> scratch;
  boost::json::monotonic_resource storage(scratch.data(), scratch.size());
  const auto body = http::parse_json(exchange.request().body, &storage);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const read_path::Call call = start_call(state, exchange);
  auto recordable = run_one(state, call, *body);
  if (recordable.has_error()) {
    answer_error(exchange, recordable.error());
    return;
  }
  record_and_answer(state, exchange, std::move(*recordable));
}

void read_batch(LoopState& state, http::Exchange& exchange) {
  const auto body = http::parse_json(exchange.request().body);
  if (body.has_error()) {
    answer_error(exchange, body.error());
    return;
  }
  const auto* object = body->if_object();
  const boost::json::value* reads = object != nullptr ? object->if_contains("reads") : nullptr;
  if (reads == nullptr || object->size() != 1 || !reads->is_array() || reads->get_array().empty() ||
      reads->get_array().size() > kMaxBatchReads) {
    answer_error(exchange,
                 make_error(ErrorCode::kInvalid, "the body must be {\"reads\": [...]} with 1 to " +
                                                     std::to_string(kMaxBatchReads) + " reads"));
    return;
  }
  const boost::json::array& list = reads->get_array();
  const read_path::Call whole = start_call(state, exchange);
  const auto batch = std::make_shared<Batch>(exchange, list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    read_path::Call call = whole;
    call.record_id += '.' + std::to_string(i);
    auto recordable = run_one(state, call, list[i]);
    if (recordable.has_error()) {
      batch->failed(i, recordable.error());
      continue;
    }
    auto* read = new BatchedRead(batch, i, std::move(recordable->answer));
    state.append(recordable->line, *read);
  }
  state.exchange_waits();
}

void read_traits(LoopState& state, http::Exchange& exchange) {
  const http::Request& http_request = exchange.request();
  const auto person = parse_external_id(http_request.parameters[1]);
  if (person.has_error()) {
    answer_error(exchange, person.error());
    return;
  }
  const auto query = parse_traits_query(http_request.query);
  if (query.has_error()) {
    answer_error(exchange, query.error());
    return;
  }
  const read_path::Call call = start_call(state, exchange);
  const policy::PolicySet& set = call.policy->set();
  const policy::AppIndex app = read_path::acting_app(call);
  if (app == policy::kUnknownIndex || set.apps()[app].default_purpose == policy::kUnknownIndex) {
    answer_error(exchange,
                 make_error(ErrorCode::kForbidden, "the policy gives this app no default purpose"));
    return;
  }
  read_path::ReadRequest request;
  request.identifier_type = person->type;
  request.identifier_value = person->value;
  request.purpose = set.purposes()[set.apps()[app].default_purpose].name;
  request.all_fields = query->include.empty();
  request.fields.assign(query->include.begin(), query->include.end());
  auto recordable = read_path::run(state.environment(), call, request);
  if (recordable.has_error()) {
    answer_error(exchange, recordable.error());
    return;
  }
  auto* pending = new TraitsAnswer(exchange, std::move(recordable->answer), query->limit);
  state.append(recordable->line, *pending);
  state.exchange_waits();
}

}  // namespace fieldgate::api
