// Requests and answers over a socket: framing, pipelining, credentials, streaming, lifetime.
#include "harness.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace fieldgate::edge_test {
namespace {

TEST(Exchange, AnswersAndKeepsTheConnection) {
  TestServer server(make_router());
  Client client(server.port());
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.send(get("/", "X-Request-ID: mine\r\n")));
    const Answer answer = client.read_answer();
    ASSERT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "\"ok\"");
    EXPECT_FALSE(answer.has_field("connection"));
    EXPECT_EQ(answer.field("x-request-id").size(), 32U);
    ids.insert(answer.field("x-request-id"));
  }
  EXPECT_EQ(ids.size(), 5U);
  EXPECT_EQ(ids.count("mine"), 0U);
  EXPECT_EQ(server.counters().connections_accepted, 1U);
  EXPECT_EQ(server.counters().requests, 5U);
}

void expect_security_fields(const Answer& answer) {
  EXPECT_EQ(answer.field("server"), "fieldgate");
  EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.field("referrer-policy"), "no-referrer");
  EXPECT_EQ(answer.field("cache-control"), "no-store");
  EXPECT_NE(answer.field("content-security-policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(answer.field("x-request-id").size(), 32U);
  EXPECT_EQ(answer.field("date").size(), 29U);
}

TEST(Exchange, EveryAnswerHasTheSecurityFields) {
  TestServer server(make_router());
  const std::vector<std::pair<std::string, unsigned>> cases = {
      {get("/"), 200},
      {get("/nowhere"), 404},
      {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {post("/private", "{}"), 401},
      {post("/writers", "{}", "Authorization: Bearer good\r\n"), 403},
      {get("/throws"), 500},
  };
  for (const auto& [request, status] : cases) {
    Client client(server.port());
    ASSERT_TRUE(client.send(request));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, status) << request;
    expect_security_fields(answer);
    EXPECT_FALSE(answer.has_field("strict-transport-security")) << "only over TLS";
    if (status >= 400) {
      EXPECT_EQ(answer.field("content-type"), "application/problem+json");
      EXPECT_NE(answer.body.find("\"status\":" + std::to_string(status)), std::string::npos);
      EXPECT_NE(answer.body.find(answer.field("x-request-id")), std::string::npos);
      EXPECT_EQ(answer.body.find("ada@"), std::string::npos) << "an exception's text got out";
    }
  }
}

TEST(Exchange, ServesAHundredPipelinedRequestsInOrder) {
  TestServer server(make_router());
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += i % 3 == 0 ? post("/echo", std::to_string(i)) : get("/items/" + std::to_string(i));
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 100; ++i) {
    const Answer answer = client.read_answer();
    ASSERT_EQ(answer.status, 200U) << i;
    ASSERT_EQ(answer.body, std::to_string(i));
  }
}

TEST(Exchange, PipelinedRequestsWaitForALaterAnswer) {
  auto router = make_router();
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  router->add(http::Method::kGet, "/later/{n}", http::AuthPolicy::no_auth("a test"),
              [&](http::Exchange& exchange) {
                most = std::max(most.load(), ++open);
                exchange.loop().at_turn_end([&exchange, &open] {
                  --open;
                  http::Response response;
                  response.body = exchange.request().parameters[0];
                  exchange.answer(std::move(response));
                });
              });
  TestServer server(router);
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += get("/later/" + std::to_string(i));
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.read_answer().body, std::to_string(i));
  }
  EXPECT_EQ(most.load(), 1) << "one exchange of a connection at a time";
}

TEST(Exchange, TakesRequestsThatComeOctetByOctet) {
  TestServer server(make_router());
  Client client(server.port());
  const std::string request = post("/echo", "{\"a\":1}") + get("/");
  for (const char c : request) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.read_answer().body, "{\"a\":1}");
  EXPECT_EQ(client.read_answer().body, "\"ok\"");
}

TEST(Exchange, DecodesChunkedBodies) {
  TestServer server(make_router());
  Client client(server.port());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(client.send(head + "3\r\nabc\r\n5;x=\"y\";z\r\ndefgh\r\n0\r\nX-Sum: 1\r\n\r\n"));
  EXPECT_EQ(client.read_answer().body, "abcdefgh");
  ASSERT_TRUE(client.send(head + "0\r\n\r\n" + get("/")));
  EXPECT_EQ(client.read_answer().body, "");
  EXPECT_EQ(client.read_answer().body, "\"ok\"") << "the next request begins behind the trailer";
  std::string many = head;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    many += "2\r\n" + std::to_string(10 + i % 90) + "\r\n";
    expected += std::to_string(10 + i % 90);
  }
  ASSERT_TRUE(client.send(many + "0\r\n\r\n"));
  EXPECT_EQ(client.read_answer().body, expected);
}

TEST(Exchange, HeadHasNoBodyAndTellsItsLength) {
  TestServer server(make_router());
  Client client(server.port());
  ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/")));
  const Answer head = client.read_answer(true);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.field("content-length"), "4");
  EXPECT_EQ(client.read_answer().body, "\"ok\"") << "nothing lay between the two answers";
}

TEST(Exchange, ConnectionCloseAndHttp10) {
  TestServer server(make_router());
  {
    Client client(server.port());
    ASSERT_TRUE(client.send(get("/", "Connection: close\r\n") + get("/")));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(client.read_answer().status, 0U) << "what follows a close is not answered";
    EXPECT_TRUE(client.saw_end());
  }
  {
    Client client(server.port());
    ASSERT_TRUE(client.send("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(client.read_answer().field("connection"), "close");
    EXPECT_TRUE(client.wait_closed());
  }
  {
    Client client(server.port());
    const std::string request = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(client.read_answer().field("connection"), "keep-alive");
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(client.read_answer().status, 200U);
  }
}

TEST(Exchange, CredentialsAreCheckedBeforeTheBodyIsRead) {
  TestServer server(make_router());
  Client client(server.port());
  // The body never comes: an answer shows that nobody waited for it.
  ASSERT_TRUE(client.send("POST /private HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"));
  const Answer refused = client.read_answer();
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.field("www-authenticate"), "Bearer");
  EXPECT_EQ(refused.field("connection"), "close");
  EXPECT_TRUE(client.wait_closed());

  Client small(server.port());
  ASSERT_TRUE(small.send(post("/private", "{}")));
  EXPECT_EQ(small.read_answer().status, 401U);
  ASSERT_TRUE(small.send(post("/private", "{}", "Authorization: Bearer good\r\n")));
  EXPECT_EQ(small.read_answer().status, 200U) << "a body that was here anyway costs no connection";
  ASSERT_TRUE(small.send(post("/private", "{}", "Authorization: Bearer later\r\n")));
  EXPECT_EQ(small.read_answer().status, 503U);
  ASSERT_TRUE(small.send(get("/basic")));
  EXPECT_EQ(small.read_answer().field("www-authenticate"), "Basic realm=\"fieldgate\"");
  ASSERT_TRUE(small.send(get("/basic", "Authorization: Basic Z29vZDo=\r\n")));
  EXPECT_EQ(small.read_answer().status, 200U);
}

TEST(Exchange, AFaultWhileAuthenticatingLetsNobodyIn) {
  TestServer server(make_router());
  Client client(server.port());
  ASSERT_TRUE(client.send(post("/private", "{}", "Authorization: Bearer broken\r\n")));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(answer.body.find("ada@"), std::string::npos);
  Client next(server.port());
  ASSERT_TRUE(next.send(get("/")));
  EXPECT_EQ(next.read_answer().status, 200U);
}

TEST(Exchange, ExpectContinue) {
  TestServer server(make_router());
  Client client(server.port());
  const std::string fields = "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n";
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + fields));
  EXPECT_EQ(client.read_answer(true).status, 100U);
  ASSERT_TRUE(client.send("abcd"));
  EXPECT_EQ(client.read_answer().body, "abcd");
  ASSERT_TRUE(client.send("POST /private HTTP/1.1\r\nHost: a\r\n" + fields));
  EXPECT_EQ(client.read_answer().status, 401U) << "not invited to send what will be refused";

  Client other(server.port());
  ASSERT_TRUE(other.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n"));
  EXPECT_EQ(other.read_answer().status, 417U);
  Client old(server.port());
  ASSERT_TRUE(old.send("POST /echo HTTP/1.0\r\nHost: a\r\n" + fields + "abcd"));
  EXPECT_EQ(old.read_answer().status, 200U) << "HTTP/1.0 has no 100";
}

TEST(Exchange, AHandlersFieldCannotSplitTheAnswer) {
  auto router = make_router();
  router->add(http::Method::kGet, "/split", http::AuthPolicy::no_auth("a test"),
              [](http::Exchange& exchange) {
                http::Response response;
                response.headers.emplace_back("Location", "/a\r\nSet-Cookie: x=1");
                exchange.answer(std::move(response));
              });
  router->add(http::Method::kGet, "/page", http::AuthPolicy::no_auth("a test"),
              [](http::Exchange& exchange) {
                http::Response response;
                response.content_type = "text/html; charset=utf-8";
                response.headers.emplace_back("Content-Security-Policy", "default-src 'self'");
                response.headers.emplace_back("Cache-Control", "max-age=60");
                response.headers.emplace_back("Content-Length", "7");
                exchange.answer(std::move(response));
              });
  TestServer server(router);
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/split") + get("/page")));
  const Answer split = client.read_answer();
  EXPECT_EQ(split.status, 500U);
  EXPECT_FALSE(split.has_field("set-cookie"));
  const Answer page = client.read_answer();
  EXPECT_EQ(page.field("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(page.field("cache-control"), "max-age=60");
  EXPECT_EQ(page.field("content-length"), "0");
}

TEST(Exchange, ALargeAnswerArrivesWhole) {
  auto router = make_router();
  std::string large(3'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 1000) {
    large[i] = static_cast<char>('a' + (i / 1000) % 26);
  }
  router->add(http::Method::kGet, "/large", http::AuthPolicy::no_auth("a test"),
              [&](http::Exchange& exchange) {
                http::Response response;
                response.body = large;
                exchange.answer(std::move(response));
              });
  TestServer server(router);
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/large") + get("/")));
  EXPECT_TRUE(client.read_answer().body == large);
  EXPECT_EQ(client.read_answer().body, "\"ok\"");
}

/// Keeps exchanges so that the test decides when they are answered.
class Parked {
 public:
  void add_to(http::Router& router) {
    router.add(http::Method::kGet, "/park", http::AuthPolicy::no_auth("a test"),
               [this](http::Exchange& exchange) {
                 const std::scoped_lock lock(mutex_);
                 parked_.push_back(&exchange);
               });
  }
  bool wait_for(std::size_t count) {
    return eventually([&] {
      const std::scoped_lock lock(mutex_);
      return parked_.size() == count;
    });
  }
  void answer_all() {
    const std::scoped_lock lock(mutex_);
    for (http::Exchange* const exchange : parked_) {
      exchange->loop().post([exchange] {
        http::Response response;
        response.body = "late";
        exchange->answer(std::move(response));
      });
    }
    parked_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<http::Exchange*> parked_;
};

TEST(Exchange, StaysValidWhenItsPeerIsGone) {
  auto router = make_router();
  Parked parked;
  parked.add_to(*router);
  TestServer server(router);
  {
    Client client(server.port());
    ASSERT_TRUE(client.send(get("/park")));
    ASSERT_TRUE(parked.wait_for(1));
    client.reset();
  }
  parked.answer_all();
  EXPECT_TRUE(eventually([&] { return server.counters().connections_open == 0; }));
  Client next(server.port());
  ASSERT_TRUE(next.send(get("/")));
  EXPECT_EQ(next.read_answer().status, 200U);
}

TEST(Exchange, DrainFinishesWhatIsOpen) {
  auto router = make_router();
  Parked parked;
  parked.add_to(*router);
  TestServer server(router, {}, [](server::ServerOptions& options) { options.loops = 2; });
  const std::uint16_t port = server.port();
  Client busy(port);
  Client other(port);
  Client idle(port);
  ASSERT_TRUE(idle.send(get("/")));
  ASSERT_EQ(idle.read_answer().status, 200U);
  ASSERT_TRUE(busy.send(get("/park")));
  ASSERT_TRUE(other.send(get("/park")));
  ASSERT_TRUE(parked.wait_for(2));
  std::thread stopper([&] { server.server().stop(); });
  EXPECT_TRUE(idle.wait_closed()) << "an idle connection is not waited for";
  Client late(port);
  late.send(get("/"));
  EXPECT_EQ(late.read_answer().status, 0U) << "nobody new gets in";
  parked.answer_all();
  const Answer answer = busy.read_answer();
  EXPECT_EQ(answer.body, "late");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(other.read_answer().body, "late");
  busy.end_sending();
  other.end_sending();
  stopper.join();
  server.server().stop();
}

TEST(Exchange, DrainDoesNotWaitForEver) {
  auto router = make_router();
  Parked parked;
  parked.add_to(*router);
  server::Limits limits;
  limits.drain = 200ms;
  std::atomic<int> stopped{0};
  {
    TestServer server(router, limits, [&](server::ServerOptions& options) {
      options.on_loop_stop = [&](http::Loop&) { ++stopped; };
    });
    Client client(server.port());
    ASSERT_TRUE(client.send(get("/park")));
    ASSERT_TRUE(parked.wait_for(1));
    server.server().stop();
    EXPECT_EQ(stopped.load(), 1);
  }
}

TEST(Exchange, TurnEndComesAfterWhatIsReady) {
  std::atomic<http::Loop*> loop{nullptr};
  std::atomic<int> ticks{0};
  TestServer server(make_router(), {}, [&](server::ServerOptions& options) {
    options.on_loop_start = [&](http::Loop& started) { loop = &started; };
    options.on_loop_tick = [&](http::Loop&) { ++ticks; };
  });
  ASSERT_TRUE(eventually([&] { return loop.load() != nullptr; }));
  std::mutex mutex;
  std::string order;
  const auto note = [&](char c) {
    return [&mutex, &order, c] {
      const std::scoped_lock lock(mutex);
      order.push_back(c);
    };
  };
  loop.load()->post([&] {
    http::Loop& here = *loop.load();
    here.post(note('a'));
    here.at_turn_end([&] {
      note('c')();
      here.at_turn_end(note('d'));
      throw std::runtime_error("one piece of work must not take the others with it");
    });
    here.at_turn_end(note('C'));
    here.post(note('b'));
  });
  EXPECT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return order.size() == 5;
  }));
  // "b" is ready before the turn ends, though it was queued after the first request for its end.
  EXPECT_EQ(order, "abcCd");
  EXPECT_TRUE(eventually([&] { return ticks.load() >= 2; }));
}

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
      response.status = ended ? 200 : 400;
      response.body = std::to_string(received);
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
    EXPECT_EQ(client.read_answer().status, 400U);
    EXPECT_EQ(sink.failure, "the body took too long");
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
