// The exchange of a connection: from a complete head to the answer. The octets are moved in
// connection.cpp.
#include "gateway/server/connection.h"

#include <algorithm>
#include <utility>

namespace fieldgate::server {

namespace {

/// Bodies up to this size are copied behind their head: one contiguous write, one TLS record.
constexpr std::size_t kJoinBytes = 15UL * 1024;
/// The largest body buffer that a connection keeps between exchanges.
constexpr std::size_t kKeptBodyBytes = 16UL * 1024;
/// Room set aside at first for a body, whatever length it claims.
constexpr std::size_t kFirstBodyBytes = 64UL * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

http::Response plain_problem(const http::Refusal& refusal, std::string_view request_id) {
  http::Response response = http::problem_response(
      {refusal.status, refusal.type, std::string(refusal.detail), {}, {}}, request_id);
  if (!refusal.allow.empty()) {
    response.headers.emplace_back("Allow", std::string(refusal.allow));
  }
  return response;
}

}  // namespace

bool Connection::begin_exchange() {
  loop_->next_request_id(request_id_);
  request_.request_id = {request_id_.data(), request_id_.size()};
  LoopCounters::count(loop_->counters().requests);
  const std::string_view bytes =
      received().substr(scanner_.begin(), scanner_.end() - scanner_.begin());
  body_begin_ = begin_ + scanner_.end();
  next_ = body_begin_;
  close_after_ = false;
  const http::Refusal refusal =
      http::parse_head(bytes, {limits().header_bytes, limits().header_fields}, request_, head_);
  if (refusal) {
    return refuse_and_close(refusal);
  }
  continue_due_ = head_.expects_continue;
  body_remaining_ = head_.content_length.value_or(0);
  body_done_ = !head_.chunked && body_remaining_ == 0;
  const http::Router::Match match = listener_.options.router->match(request_);
  if (match.route == nullptr) {
    return match.allowed.empty() ? refuse({404, "not-found", "there is nothing at this path", {}})
                                 : refuse({405, "method-not-allowed",
                                           "this path does not take this method", match.allowed});
  }
  route_ = match.route;
  if (route_->body == http::BodyMode::kWhole && body_remaining_ > limits().body_bytes) {
    return refuse_and_close({413, "too-large", "the body is larger than allowed", {}});
  }
  if (route_->auth.kind != http::AuthPolicy::Kind::kNoAuth && !check_credential(*route_)) {
    return true;
  }
  return begin_body(*route_);
}

Result<std::shared_ptr<const auth::Principal>> Connection::find_principal(
    http::Authenticator& authenticator, const http::Route& route) {
  try {
    FIELDGATE_TRY(std::shared_ptr<const auth::Principal> principal,
                  authenticator.authenticate(request_, route.auth.kind));
    if (principal == nullptr) {
      return make_error(ErrorCode::kUnauthenticated, "the credential is not valid");
    }
    if (!route.auth.role.empty() && !authenticator.has_role(*principal, route.auth.role)) {
      return make_error(ErrorCode::kForbidden, "the credential lacks the role that this needs");
    }
    return principal;
  } catch (...) {
    LoopCounters::count(loop_->counters().faults);
    return make_error(ErrorCode::kInternal, "fault");
  }
}

bool Connection::check_credential(const http::Route& route) {
  http::Authenticator* const authenticator = loop_->shared().authenticator.get();
  if (authenticator == nullptr) {
    refuse({401, "unauthenticated", "no credential is accepted here", {}});
    return false;
  }
  Result<std::shared_ptr<const auth::Principal>> found = find_principal(*authenticator, route);
  if (found.has_error()) {
    const Error& error = found.error();
    http::Response response = http::error_response(error, request_.request_id);
    if (error.code == ErrorCode::kUnauthenticated &&
        route.auth.kind == http::AuthPolicy::Kind::kBasicAppCredential) {
      response.headers.clear();
      response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"fieldgate\"");
    }
    send(std::move(response));
    return false;
  }
  principal_ = std::move(*found);
  return true;
}

bool Connection::begin_body(const http::Route& route) {
  if (route.body == http::BodyMode::kStream || body_done_) {
    return dispatch();
  }
  body_in_place_ = !head_.chunked && body_begin_ + body_remaining_ <= loop_->buffer_bytes();
  if (body_in_place_ && end_ - body_begin_ >= body_remaining_) {
    next_ = body_begin_ + body_remaining_;
    request_.body = {buffer_.get() + body_begin_, body_remaining_};
    body_done_ = true;
    return dispatch();
  }
  if (!send_continue()) {
    return false;
  }
  if (!body_in_place_) {
    body_.reserve(std::min<std::size_t>(body_remaining_, kFirstBodyBytes));
  }
  phase_ = Phase::kBody;
  set_deadline(limits().body);
  return true;
}

bool Connection::send_continue() {
  if (!std::exchange(continue_due_, false) || end_ != body_begin_) {
    return true;
  }
  const IoOutcome outcome = transport_.write(kContinue, {});
  if (outcome.status != IoStatus::kDone || outcome.bytes != kContinue.size()) {
    // Nothing is in flight to this peer, and it has no room for a line: not one worth serving.
    close();
    return false;
  }
  return true;
}

bool Connection::step_body() {
  if (body_in_place_) {
    if (end_ - body_begin_ >= body_remaining_) {
      return begin_body(*route_);
    }
  } else {
    std::string_view piece;
    switch (next_piece(piece)) {
      case Piece::kGot:
        if (body_.size() + piece.size() > limits().body_bytes) {
          return refuse_and_close({413, "too-large", "the body is larger than allowed", {}});
        }
        body_.append(piece);
        return true;
      case Piece::kEnd:
        request_.body = body_;
        return dispatch();
      case Piece::kMalformed:
        return refuse_and_close(
            {400, "malformed-request", "the body does not follow the chunked coding", {}});
      case Piece::kNeedMore:
        break;
    }
  }
  return read_more();
}

Connection::Piece Connection::next_piece(std::string_view& piece) {
  if (body_done_) {
    return Piece::kEnd;
  }
  if (next_ == end_) {
    next_ = end_ = body_begin_;
    return Piece::kNeedMore;
  }
  char* const data = buffer_.get() + next_;
  const std::size_t size = end_ - next_;
  if (!head_.chunked) {
    const std::size_t taken = std::min<std::uint64_t>(size, body_remaining_);
    piece = {data, taken};
    next_ += taken;
    body_remaining_ -= taken;
    body_done_ = body_remaining_ == 0;
    return Piece::kGot;
  }
  const http::ChunkDecoder::Outcome outcome = chunks_.decode(data, size);
  next_ += outcome.consumed;
  body_done_ = outcome.status == http::ChunkDecoder::Status::kDone;
  if (outcome.status == http::ChunkDecoder::Status::kMalformed) {
    return Piece::kMalformed;
  }
  if (outcome.produced == 0) {
    return next_piece(piece);  // only framing so far: the end, or nothing left
  }
  piece = {data, outcome.produced};
  return Piece::kGot;
}

bool Connection::dispatch() {
  phase_ = Phase::kHandling;
  no_deadline();
  exchange_open_ = true;
  intrusive_ptr_add_ref(this);
  try {
    route_->handler(*this);
  } catch (...) {
    answer_fault();
  }
  return phase_ != Phase::kHandling;
}

void Connection::answer_fault() {
  LoopCounters::count(loop_->counters().faults);
  if (exchange_open_) {
    // What was thrown may hold anything, personal data included: none of it goes out.
    answer(http::error_response(make_error(ErrorCode::kInternal, "fault"), request_.request_id));
  }
}

void Connection::read_body(std::function<void(Result<std::string_view>)> on_piece) {
  if (phase_ != Phase::kHandling) {
    on_piece(make_error(ErrorCode::kUnavailable, "the peer is gone", "peer-gone"));
    return;
  }
  on_piece_ = std::move(on_piece);
  phase_ = Phase::kStreaming;
  set_deadline(limits().body);
  advance();
}

bool Connection::step_streaming() {
  if (!send_continue()) {
    fail_stream(ErrorCode::kUnavailable, "the peer is gone");
    return phase_ != Phase::kHandling;
  }
  std::string_view piece;
  switch (next_piece(piece)) {
    case Piece::kGot:
    case Piece::kEnd:
      return deliver(piece);
    case Piece::kMalformed:
      fail_stream(ErrorCode::kInvalid, "the body does not follow the chunked coding");
      return phase_ != Phase::kHandling;
    case Piece::kNeedMore:
      break;
  }
  switch (fill()) {
    case Fill::kGot:
      return true;
    case Fill::kEnd:
      close();
      fail_stream(ErrorCode::kUnavailable, "the peer is gone");
      return false;
    case Fill::kWait:
      break;
  }
  return false;
}

bool Connection::deliver(Result<std::string_view> piece) {
  if (phase_ != Phase::kClosed) {
    phase_ = Phase::kHandling;
    no_deadline();
  }
  const auto on_piece = std::exchange(on_piece_, nullptr);
  try {
    on_piece(std::move(piece));
  } catch (...) {
    answer_fault();
  }
  return phase_ != Phase::kHandling;
}

void Connection::fail_stream(ErrorCode code, std::string_view what) {
  if (on_piece_ == nullptr) {
    return;
  }
  head_.keep_alive = false;
  static_cast<void>(deliver(make_error(code, std::string(what), "body-broken")));
}

bool Connection::refuse(const http::Refusal& refusal) {
  send(plain_problem(refusal, {request_id_.data(), request_id_.size()}));
  return true;
}

bool Connection::refuse_and_close(const http::Refusal& refusal) {
  LoopCounters::count(loop_->counters().malformed);
  close_after_ = true;
  return refuse(refusal);
}

void Connection::answer(http::Response response) {
  if (!exchange_open_) {
    return;
  }
  exchange_open_ = false;
  const ConnectionRef self(this, false);
  on_piece_ = nullptr;
  if (phase_ == Phase::kClosed) {
    release_request();
    return;
  }
  send(std::move(response));
  advance();
}

/// What is left of the body must be out of the way before the next request can be read.
void Connection::settle_body() {
  if (body_done_ || close_after_) {
    return;
  }
  if (!head_.chunked && end_ - next_ >= body_remaining_) {
    next_ += body_remaining_;
    body_done_ = true;
    return;
  }
  close_after_ = true;
}

void Connection::send(http::Response response) {
  settle_body();
  close_after_ = close_after_ || !head_.keep_alive || response.close || loop_->draining();
  std::string& out = loop_->scratch();
  out.clear();
  http::ResponseFrame frame{answer_id(), loop_->date(), transport_.is_tls(), close_after_,
                            head_.version < 11};
  if (!http::append_response_head(out, response, frame)) {
    LoopCounters::count(loop_->counters().faults);
    frame.request_id = {request_id_.data(), request_id_.size()};
    response =
        http::error_response(make_error(ErrorCode::kInternal, "header field"), frame.request_id);
    static_cast<void>(http::append_response_head(out, response, frame));
  }
  listener_.answered[loop_->index()].count(response.status);
  if (request_.method == http::Method::kHead || !http::has_content(response.status)) {
    response.body.clear();
  }
  if (response.body.size() <= kJoinBytes) {
    out.append(response.body);
    response.body.clear();
  }
  phase_ = Phase::kWriting;
  std::size_t written = 0;
  if (write_now(out, response.body, written)) {
    finish_exchange();
    return;
  }
  if (phase_ == Phase::kWriting) {
    if (written == 0) {
      set_deadline(limits().write_stalled);
    }
    unsent_head_.assign(out);
    unsent_body_ = std::move(response.body);
    sent_ = written;
  }
}

std::string_view Connection::answer_id() const {
  if (route_ != nullptr && route_->answer_id == http::AnswerId::kEcho) {
    const std::string_view sent = request_.header("x-request-id");
    if (!sent.empty()) {
      return sent;
    }
  }
  return {request_id_.data(), request_id_.size()};
}

void Connection::release_request() {
  request_.headers.clear();
  request_.method = http::Method::kOther;
  request_.target = request_.path = request_.query = request_.body = {};
  head_ = {};
  chunks_.reset();
  route_ = nullptr;
  principal_.reset();
  body_done_ = true;
  if (body_.capacity() > kKeptBodyBytes) {
    body_ = std::string();
  } else {
    body_.clear();
  }
}

}  // namespace fieldgate::server
