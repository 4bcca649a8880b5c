// Bodies that stream to their handler: back-pressure, broken and slow ones, ones nobody reads.
#include "harness.h"

#include "gateway/http/problem.h"

#include <mutex>
#include <string>
#include <thread>

namespace fieldgate::edge_test {
namespace {

struct Sink {
  std::mutex mutex;
  std::size_t received = 0;
  std::string failure;
  bool ended = false;
  bool paused = false;
  http::Exchange* exchange = nullptr;

  void next() {
    exchange->read_body([this](Result<std::string_view> piece) { take(piece); });
  }
  void take(const Result<std::string_view>& piece) {
    std::unique_lock lock(mutex);
    if (piece.has_error()) {
      failure = piece.error().message;
    } else if (piece->empty()) {
      ended = true;
    } else {
      received += piece->size();
      if (paused) {
        return;
      }
    }
    if (ended || !failure.empty()) {
      http::Response response;
      if (ended) {
        response.body = std::to_string(received);
      } else {
        response = http::error_response(piece.error(), exchange->request().request_id);
      }
      lock.unlock();
      exchange->answer(std::move(response));
      return;
    }
    lock.unlock();
    next();
  }
  std::size_t seen() {
    const std::scoped_lock lock(mutex);
    return received;
  }
};

std::shared_ptr<http::Router> sink_router(Sink& sink) {
  auto router = make_router();
  router->add(
      http::Method::kPost, "/stream", http::AuthPolicy::no_auth("a test"),
      [&sink](http::Exchange& exchange) {
        sink.exchange = &exchange;
        sink.next();
      },
      http::BodyMode::kStream);
  router->add(
      http::Method::kPost, "/ignore", http::AuthPolicy::no_auth("a test"),
      [](http::Exchange& exchange) { exchange.answer({}); }, http::BodyMode::kStream);
  return router;
}

TEST(Stream, TakesMoreThanTheWholeBodyLimitAndHoldsTheSenderBack) {
  Sink sink;
  sink.paused = true;
  TestServer server(sink_router(sink));
  constexpr std::size_t kTotal = 64U << 20U;
  Client client(server.port());
  ASSERT_TRUE(client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                          std::to_string(kTotal) + "\r\n\r\n"));
  std::size_t sent = 0;
  ASSERT_TRUE(eventually([&] {
    sent += client.send_some(1U << 20U);
    return sink.seen() > 0;
  }));
  // Nothing more is asked for: the kernel's buffers fill up, and then the sender is stuck.
  std::size_t before = 0;
  int stuck = 0;
  while (stuck < 200 && sent < kTotal) {
    before = sent;
    sent += client.send_some(kTotal - sent);
    stuck = sent == before ? stuck + 1 : 0;
    std::this_thread::yield();
  }
  EXPECT_LT(sent, kTotal / 2) << "back-pressure did not reach the sender";
  EXPECT_LE(sink.seen(), 32U * 1024) << "no more than one piece was handed out";
  {
    const std::scoped_lock lock(sink.mutex);
    sink.paused = false;
  }
  sink.exchange->loop().post([&] { sink.next(); });
  ASSERT_TRUE(eventually(
      [&] {
        sent += client.send_some(kTotal - sent);
        return sent == kTotal;
      },
      30s));
  EXPECT_EQ(client.read_answer().body, std::to_string(kTotal));
  ASSERT_TRUE(client.send(get("/")));
  EXPECT_EQ(client.read_answer().status, 200U) << "the connection goes on";
}

TEST(Stream, TakesChunksAndContinue) {
  Sink sink;
  TestServer server(sink_router(sink));
  Client client(server.port());
  ASSERT_TRUE(client.send(
      "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
      "\r\n"));
  EXPECT_EQ(client.read_answer(true).status, 100U);
  std::string body;
  for (int i = 0; i < 20000; ++i) {
    body += "1\r\nx\r\n";
  }
  ASSERT_TRUE(client.send(body + "0\r\n\r\n"));
  EXPECT_EQ(client.read_answer().body, "20000");
}

TEST(Stream, TellsOfBrokenAndEndedBodies) {
  {
    Sink sink;
    TestServer server(sink_router(sink));
    Client client(server.port());
    ASSERT_TRUE(client.send(
        "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX"));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(sink.failure, "the body does not follow the chunked coding");
  }
  {
    Sink sink;
    TestServer server(sink_router(sink));
    {
      Client client(server.port());
      ASSERT_TRUE(client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
      ASSERT_TRUE(eventually([&] { return sink.seen() == 3; }));
    }
    EXPECT_TRUE(eventually([&] { return server.counters().connections_open == 0; }));
    EXPECT_EQ(sink.failure, "the peer is gone");
  }
  {
    Sink sink;
    server::Limits limits;
    limits.body = 100ms;
    TestServer server(sink_router(sink), limits);
    Client client(server.port());
    ASSERT_TRUE(client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 408U);
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_NE(answer.body.find("urn:fieldgate:problem:request-timeout"), std::string::npos);
    EXPECT_EQ(sink.failure, "the body took too long");
    EXPECT_EQ(sink.seen(), 3U) << "what had come was handed on";
  }
}

TEST(Stream, AnUnreadBodyIsNotTakenForTheNextRequest) {
  Sink sink;
  TestServer server(sink_router(sink));
  Client client(server.port());
  const std::string inner = get("/");
  ASSERT_TRUE(client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                          inner));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client.read_answer().status, 0U);
  Client whole(server.port());
  ASSERT_TRUE(whole.send(post("/ignore", inner) + get("/items/7")));
  EXPECT_EQ(whole.read_answer().status, 200U);
  EXPECT_EQ(whole.read_answer().body, "7") << "the body was stepped over";
}

}  // namespace
}  // namespace fieldgate::edge_test
