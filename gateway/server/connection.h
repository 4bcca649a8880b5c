// One connection: handshake, then one exchange after the other, then an orderly end.
#pragma once

#include "gateway/http/chunked.h"
#include "gateway/http/exchange.h"
#include "gateway/http/problem.h"
#include "gateway/http/request_head.h"
#include "gateway/http/router.h"
#include "gateway/server/event_loop.h"
#include "gateway/server/listener.h"
#include "gateway/server/transport.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fieldgate::server {

/// What a socket has become since it was last told so.
struct Ready {
  bool readable = false;
  bool writable = false;
  bool ended = false;  ///< the peer sends no more; what it sent before may still be unread
};

class Connection;
void intrusive_ptr_add_ref(Connection* connection);
void intrusive_ptr_release(Connection* connection);
using ConnectionRef = boost::intrusive_ptr<Connection>;

/// The connection is also the exchange that it is working on: strictly one at a time, so that no
/// request allocates one. It lives while the loop's `Readiness`, an unanswered exchange or a caller
/// refers to it. Everything happens on its loop's thread.
class Connection final : public http::Exchange {
 public:
  static void start(EventLoop& loop, const Listener& listener, int descriptor, std::string peer);

  // Exchange.
  [[nodiscard]] const http::Request& request() const override { return request_; }
  [[nodiscard]] const std::shared_ptr<const auth::Principal>& principal() const override {
    return principal_;
  }
  [[nodiscard]] http::Loop& loop() override { return *loop_; }
  void answer(http::Response response) override;
  void read_body(std::function<void(Result<std::string_view>)> on_piece) override;

  // For the loop.
  /// The socket has become readable, or writable, since it was last told so.
  void on_ready(Ready ready);
  [[nodiscard]] bool is_late(SteadyTime now) const { return now >= deadline_; }
  void on_deadline();
  /// Between exchanges, with nothing received of the next.
  [[nodiscard]] bool is_idle() const { return phase_ == Phase::kHead && begin_ == end_; }
  void close_idle();
  /// The loop is going away: lets go of everything, an unanswered exchange included.
  void abandon();
  [[nodiscard]] std::size_t slot() const { return slot_; }
  void set_slot(std::size_t slot) { slot_ = slot; }

 private:
  enum class Phase : std::uint8_t {
    kHandshake,
    kHead,       ///< idle, or reading a head
    kBody,       ///< reading a whole body
    kHandling,   ///< the handler has it
    kStreaming,  ///< the handler waits for a piece of the body
    kWriting,
    kLingering,  ///< our side is ended; the peer's last octets are thrown away
    kClosed,
  };
  enum class Fill { kGot, kWait, kEnd };
  enum class Piece { kGot, kEnd, kNeedMore, kMalformed };

  Connection(EventLoop& loop, const Listener& listener, int descriptor, std::string peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;
  friend void intrusive_ptr_add_ref(Connection* connection);
  friend void intrusive_ptr_release(Connection* connection);

  // The state machine: each step returns whether the next can be tried at once.
  void advance();
  bool step();
  bool step_handshake();
  bool step_head();
  bool step_body();
  bool step_streaming();
  bool step_writing();
  bool step_lingering();

  // The request.
  bool begin_exchange();
  Result<std::shared_ptr<const auth::Principal>> find_principal(http::Authenticator& authenticator,
                                                                const http::Route& route);
  bool check_credential(const http::Route& route);
  bool begin_body(const http::Route& route);
  bool dispatch();
  Piece next_piece(std::string_view& piece);
  bool send_continue();
  bool deliver(Result<std::string_view> piece);
  void fail_stream(ErrorCode code, std::string_view what);

  // The answer.
  bool refuse(const http::Refusal& refusal);
  bool refuse_and_close(const http::Refusal& refusal);
  void send(http::Response response);
  void settle_body();
  bool write_now(std::string_view head, std::string_view body, std::size_t& written);
  void finish_exchange();
  void release_request();
  void answer_fault();

  // The socket.
  Fill fill();
  /// Takes what has come; false when there is nothing yet, or the peer has gone.
  bool read_more();
  bool wait_for(IoStatus status);
  void yield();
  void rest_buffer();
  void make_room();
  void close();
  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = EventLoop::now() + from_now; }
  /// What the answer's X-Request-ID says.
  [[nodiscard]] std::string_view answer_id() const;
  void no_deadline() { deadline_ = SteadyTime::max(); }
  [[nodiscard]] const Limits& limits() const { return loop_->shared().limits; }
  [[nodiscard]] std::string_view received() const {
    return {buffer_.get() + begin_, end_ - begin_};
  }

  EventLoop* loop_;
  const Listener& listener_;
  Transport transport_;
  std::string peer_;
  std::size_t slot_ = 0;
  std::size_t references_ = 0;
  SteadyTime deadline_ = SteadyTime::max();
  Phase phase_ = Phase::kHead;
  bool advancing_ = false;
  bool watched_ = false;
  bool yielded_ = false;
  bool wants_write_ = false;  ///< cannot go on before the socket takes octets again
  bool may_read_ = false;     ///< reading now may find something
  bool peer_ended_ = false;
  bool close_after_ = false;
  bool exchange_open_ = false;
  bool body_done_ = true;
  bool body_in_place_ = false;  ///< the whole body fits behind its head
  bool continue_due_ = false;
  unsigned reads_in_turn_ = 0;

  // [begin_, end_) of the buffer is received and not yet used up; the head begins at begin_, the
  // body behind it at body_begin_, and what is left for the next exchange at next_.
  Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t body_begin_ = 0;
  std::size_t next_ = 0;

  http::HeadScanner scanner_;
  http::Request request_;
  http::RequestHead head_;
  std::array<char, 32> request_id_{};
  const http::Route* route_ = nullptr;
  std::shared_ptr<const auth::Principal> principal_;
  std::uint64_t body_remaining_ = 0;  ///< with a content length
  http::ChunkDecoder chunks_;
  std::string body_;  ///< a whole body that does not fit behind its head, or came in chunks
  std::function<void(Result<std::string_view>)> on_piece_;

  // What the peer has not taken yet.
  std::string unsent_head_;
  std::string unsent_body_;
  std::size_t sent_ = 0;
};

}  // namespace fieldgate::server
