#include "gateway/server/connection.h"

#include <boost/asio/post.hpp>

#include <cstring>
#include <exception>
#include <utility>

namespace fieldgate::server {

namespace {

using namespace std::chrono_literals;

/// How long the peer may take to end its side after ours has ended. Closing at once would make the
/// kernel reset the connection and could destroy the answer on its way (RFC 9112 9.6).
constexpr std::chrono::milliseconds kLinger = 2000ms;
/// Reads in one turn of the loop before others get theirs.
constexpr unsigned kReadsInTurn = 16;

}  // namespace

void intrusive_ptr_add_ref(Connection* connection) {
  ++connection->references_;
}
void intrusive_ptr_release(Connection* connection) {
  if (--connection->references_ == 0) {
    delete connection;
  }
}

void Connection::start(EventLoop& loop, const Listener& listener, int descriptor,
                       std::string peer) {
  const ConnectionRef connection(new Connection(loop, listener, descriptor, std::move(peer)));
  connection->advance();
}

Connection::Connection(EventLoop& loop, const Listener& listener, int descriptor, std::string peer)
    : loop_(&loop),
      listener_(listener),
      transport_(descriptor, listener.tls ? listener.tls->new_session() : nullptr),
      peer_(std::move(peer)) {
  request_.peer = peer_;
  request_.tls = listener.tls != nullptr;
  loop.add(*this);
  watched_ = request_.tls == transport_.is_tls() && loop.readiness().watch(descriptor, *this);
  if (!watched_) {
    phase_ = Phase::kClosed;
    return;
  }
  if (request_.tls) {
    phase_ = Phase::kHandshake;
    set_deadline(limits().tls_handshake);
  } else {
    set_deadline(limits().header);
  }
}

Connection::~Connection() {
  if (loop_ != nullptr) {
    if (buffer_ != nullptr) {
      loop_->give_back(std::move(buffer_));
    }
    loop_->remove(*this);
  }
}

void Connection::advance() {
  if (advancing_) {
    return;
  }
  const ConnectionRef self(this);
  advancing_ = true;
  reads_in_turn_ = 0;
  try {
    while (step()) {
    }
  } catch (...) {
    LoopCounters::count(loop_->counters().faults);
    close();
  }
  advancing_ = false;
}

bool Connection::step() {
  switch (phase_) {
    case Phase::kHandshake:
      return step_handshake();
    case Phase::kHead:
      return step_head();
    case Phase::kBody:
      return step_body();
    case Phase::kStreaming:
      return step_streaming();
    case Phase::kWriting:
      return step_writing();
    case Phase::kLingering:
      return step_lingering();
    case Phase::kHandling:
    case Phase::kClosed:
      break;
  }
  return false;
}

bool Connection::step_handshake() {
  const IoOutcome outcome = transport_.handshake();
  if (outcome.status == IoStatus::kDone) {
    phase_ = Phase::kHead;
    may_read_ = true;
    set_deadline(limits().header);
    return true;
  }
  return wait_for(outcome.status);
}

bool Connection::step_head() {
  if (begin_ != end_) {
    switch (scanner_.scan(received(), {limits().header_bytes, limits().header_fields})) {
      case http::HeadScanner::Status::kComplete:
        if (begin_ + scanner_.end() + kRoomBehindHead > loop_->buffer_bytes()) {
          make_room();
        }
        return begin_exchange();
      case http::HeadScanner::Status::kRefused:
        loop_->next_request_id(request_id_);
        next_ = end_;
        return refuse_and_close(scanner_.refusal());
      case http::HeadScanner::Status::kNeedMore:
        break;
    }
    make_room();
  }
  const bool idle = begin_ == end_;
  switch (fill()) {
    case Fill::kGot:
      if (idle) {
        set_deadline(limits().header);
      }
      return true;
    case Fill::kEnd:
      close();
      return false;
    case Fill::kWait:
      break;
  }
  return false;
}

void Connection::make_room() {
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
}

void Connection::rest_buffer() {
  if (end_ == 0 && buffer_ != nullptr) {
    loop_->give_back(std::move(buffer_));
  }
}

Connection::Fill Connection::fill() {
  if (!may_read_) {
    rest_buffer();
    return Fill::kWait;
  }
  if (++reads_in_turn_ > kReadsInTurn) {
    yield();
    return Fill::kWait;
  }
  if (buffer_ == nullptr) {
    buffer_ = loop_->take_buffer();
  }
  const std::size_t room = loop_->buffer_bytes() - end_;
  const IoOutcome outcome = transport_.read(buffer_.get() + end_, room);
  switch (outcome.status) {
    case IoStatus::kDone:
      end_ += outcome.bytes;
      // A short read has emptied a plain socket, and waiting is cheaper than being told so. TLS
      // gives a record at a time, whatever is left behind it; and the end of what the peer sends
      // may have come together with its last octets.
      may_read_ = outcome.bytes == room || transport_.is_tls() || peer_ended_;
      return Fill::kGot;
    case IoStatus::kWantRead:
    case IoStatus::kWantWrite:
      may_read_ = false;
      rest_buffer();
      wait_for(outcome.status);
      return Fill::kWait;
    case IoStatus::kClosed:
    case IoStatus::kFailed:
      break;
  }
  return Fill::kEnd;
}

bool Connection::wait_for(IoStatus status) {
  switch (status) {
    case IoStatus::kWantRead:
      break;
    case IoStatus::kWantWrite:
      wants_write_ = true;
      break;
    case IoStatus::kDone:
      return true;
    case IoStatus::kClosed:
    case IoStatus::kFailed:
      close();
      break;
  }
  return false;
}

void Connection::on_ready(Ready ready) {
  peer_ended_ = peer_ended_ || ready.ended;
  if (ready.writable && wants_write_) {
    wants_write_ = false;
    may_read_ = true;  // TLS may need to write before it can read
  } else if (!ready.readable) {
    return;
  }
  may_read_ = may_read_ || ready.readable;
  advance();
}

/// Lets others have their turn; what is left to read may already be inside TLS, where no wait on
/// the socket would tell of it.
void Connection::yield() {
  if (yielded_) {
    return;
  }
  yielded_ = true;
  boost::asio::post(loop_->context(), [self = ConnectionRef(this)] {
    self->yielded_ = false;
    self->advance();
  });
}

bool Connection::step_writing() {
  const std::string_view head(unsent_head_);
  const std::string_view body(unsent_body_);
  if (!write_now(head, body, sent_)) {
    return false;
  }
  unsent_head_ = std::string();
  unsent_body_ = std::string();
  sent_ = 0;
  finish_exchange();
  return true;
}

bool Connection::write_now(std::string_view head, std::string_view body, std::size_t& written) {
  while (written < head.size() + body.size()) {
    const std::size_t in_head = std::min(written, head.size());
    const IoOutcome outcome =
        transport_.write(head.substr(in_head), body.substr(written - in_head));
    if (outcome.status != IoStatus::kDone) {
      wait_for(outcome.status);
      return false;
    }
    written += outcome.bytes;
    set_deadline(limits().write_stalled);
  }
  return true;
}

bool Connection::read_more() {
  switch (fill()) {
    case Fill::kGot:
      return true;
    case Fill::kEnd:
      close();
      return false;
    case Fill::kWait:
      break;
  }
  return false;
}

bool Connection::step_lingering() {
  // The answer is out; whatever still comes only has to be taken off the wire.
  begin_ = end_ = 0;
  return read_more();
}

void Connection::finish_exchange() {
  release_request();
  begin_ = next_;
  if (begin_ == end_) {
    begin_ = end_ = 0;
    rest_buffer();
  }
  scanner_.reset();
  if (close_after_) {
    transport_.end_writing();
    phase_ = Phase::kLingering;
    may_read_ = true;
    set_deadline(kLinger);
    return;
  }
  phase_ = Phase::kHead;
  set_deadline(begin_ == end_ ? limits().keep_alive_idle : limits().header);
}

void Connection::close() {
  if (phase_ == Phase::kClosed) {
    return;
  }
  phase_ = Phase::kClosed;
  no_deadline();
  transport_.close();
  if (!exchange_open_) {
    release_request();
  }
  if (std::exchange(watched_, false)) {
    Readiness::forget(*this);
  }
}

void Connection::close_idle() {
  transport_.end_writing();
  close();
}

void Connection::abandon() {
  const ConnectionRef self(this);
  if (exchange_open_) {
    exchange_open_ = false;
    on_piece_ = nullptr;
    intrusive_ptr_release(this);
  }
  close();
  loop_ = nullptr;  // NOLINT(clang-analyzer-cplusplus.NewDelete): `self` keeps it alive
}

void Connection::on_deadline() {
  const ConnectionRef self(this);
  switch (phase_) {
    case Phase::kHead:
      if (begin_ == end_) {
        close_idle();
        return;
      }
      loop_->next_request_id(request_id_);
      next_ = end_;
      refuse_and_close({408, "request-timeout", "the header took too long", {}});
      break;
    case Phase::kBody:
      refuse_and_close({408, "request-timeout", "the body took too long", {}});
      break;
    case Phase::kStreaming:
      fail_stream(ErrorCode::kTimedOut, "the body took too long");
      break;
    default:
      close();
      return;
  }
  advance();
}

}  // namespace fieldgate::server
