// Requests and answers over a socket: framing, pipelining, credentials, what every answer has.
#include "harness.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace
}  // namespace fieldgate::edge_test
