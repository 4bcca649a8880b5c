// Every limit at its value and one beyond it, and every deadline.
#include "harness.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace fieldgate::edge_test {
namespace {

unsigned status_of(const TestServer& server, std::string_view request) {
  Client client(server.port());
  client.send(request);
  return client.read_answer().status;
}

std::string head_of_size(std::size_t bytes) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  return start + std::string(bytes - start.size() - 4, 'x') + "\r\n\r\n";
}

TEST(Limits, HeaderBytes) {
  TestServer server(make_router());
  EXPECT_EQ(status_of(server, head_of_size(8192)), 200U);
  EXPECT_EQ(status_of(server, head_of_size(8193)), 431U);
  EXPECT_EQ(status_of(server, head_of_size(100'000)), 431U);
  EXPECT_EQ(server.counters().malformed, 2U);
}

TEST(Limits, HeaderFields) {
  TestServer server(make_router());
  const auto with_fields = [](int count) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) {
      request += "X" + std::to_string(i) + ": y\r\n";
    }
    return request + "\r\n";
  };
  EXPECT_EQ(status_of(server, with_fields(100)), 200U);
  EXPECT_EQ(status_of(server, with_fields(101)), 431U);
}

TEST(Limits, RequestLine) {
  TestServer server(make_router());
  const std::string frame = "GET /items/ HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto with_segment = [](std::size_t size) {
    return "GET /items/" + std::string(size, 'i') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(status_of(server, with_segment(8192 - frame.size())), 200U);
  EXPECT_EQ(status_of(server, with_segment(8192 - frame.size() + 1)), 431U);
  EXPECT_EQ(status_of(server, with_segment(8192)), 414U) << "the line alone is too long";
}

TEST(Limits, BodyBytes) {
  server::Limits limits;
  limits.body_bytes = 40'000;
  TestServer server(make_router(), limits);
  EXPECT_EQ(status_of(server, post("/echo", std::string(40'000, 'b'))), 200U);
  EXPECT_EQ(status_of(server, post("/echo", std::string(40'001, 'b'))), 413U);
  // At once, before a single octet of it has come.
  EXPECT_EQ(status_of(server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40001\r\n\r\n"),
            413U);
  const auto chunked = [](std::size_t size) {
    std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (; size > 1000; size -= 1000) {
      request += "3e8\r\n" + std::string(1000, 'c') + "\r\n";
    }
    char last[8];
    std::snprintf(last, sizeof last, "%zx", size);
    return request + last + "\r\n" + std::string(size, 'c') + "\r\n0\r\n\r\n";
  };
  EXPECT_EQ(status_of(server, chunked(40'000)), 200U);
  EXPECT_EQ(status_of(server, chunked(40'001)), 413U);
  // The answer reaches a client that goes on sending: no reset before it has read.
  Client client(server.port());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"));
  client.send(std::string(3'000'000, 'b'));
  EXPECT_EQ(client.read_answer().status, 413U);
}

TEST(Limits, DefaultBodyBytes) {
  TestServer server(make_router());
  Client client(server.port());
  const std::string body(1024 * 1024, 'b');
  std::thread sender([&] { client.send(post("/echo", body)); });
  const Answer answer = client.read_answer();
  sender.join();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.body == body);
  EXPECT_EQ(status_of(server, post("/echo", body + "b")), 413U);
}

/// Whether `stuck` is cut after `limit`, and not before, while others are served.
void expect_cut(TestServer& server, Client& stuck, std::chrono::milliseconds limit,
                std::chrono::steady_clock::time_point start, unsigned status) {
  Client other(server.port());
  int served = 0;
  Answer answer;
  while (!stuck.saw_end() && std::chrono::steady_clock::now() - start < kPatience) {
    if (other.saw_end() || !other.send(get("/")) || other.read_answer().status != 200U) {
      break;
    }
    ++served;
    const Answer next = stuck.read_answer(false, 1ms);
    answer = next.status != 0 ? next : answer;
  }
  EXPECT_TRUE(stuck.saw_end()) << "was never cut";
  // The coarse clock may be some milliseconds behind.
  EXPECT_GE(std::chrono::steady_clock::now() - start + 10ms, limit) << "was cut too early";
  EXPECT_EQ(answer.status, status);
  EXPECT_GT(served, 0);
  EXPECT_GE(server.counters().deadline_cuts, 1U);
}

constexpr std::chrono::milliseconds kShort = 200ms;

TEST(Deadlines, SlowHeader) {
  server::Limits limits;
  limits.header = kShort;
  TestServer server(make_router(), limits);
  const auto start = std::chrono::steady_clock::now();
  Client client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHo"));
  expect_cut(server, client, kShort, start, 408);
}

TEST(Deadlines, TricklingDoesNotBuyTime) {
  server::Limits limits;
  limits.header = kShort;
  TestServer server(make_router(), limits);
  Client client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nX: "));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] {
    client.send("x");
    return client.read_answer(false, 5ms).status == 408U || client.saw_end();
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Deadlines, NothingSent) {
  server::Limits limits;
  limits.header = kShort;
  TestServer server(make_router(), limits);
  const auto start = std::chrono::steady_clock::now();
  Client client(server.port());
  expect_cut(server, client, kShort, start, 0);
}

TEST(Deadlines, SlowBody) {
  server::Limits limits;
  limits.body = kShort;
  TestServer server(make_router(), limits);
  const auto start = std::chrono::steady_clock::now();
  Client client(server.port());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
  expect_cut(server, client, kShort, start, 408);
}

TEST(Deadlines, IdleKeepAlive) {
  server::Limits limits;
  limits.keep_alive_idle = kShort;
  TestServer server(make_router(), limits);
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/")));
  ASSERT_EQ(client.read_answer().status, 200U);
  const auto start = std::chrono::steady_clock::now();
  expect_cut(server, client, kShort, start, 0);
}

TEST(Deadlines, StalledWrite) {
  auto router = make_router();
  router->add(http::Method::kGet, "/large", http::AuthPolicy::no_auth("a test"),
              [](http::Exchange& exchange) {
                http::Response response;
                response.body.assign(64U << 20U, 'x');
                exchange.answer(std::move(response));
              });
  server::Limits limits;
  limits.write_stalled = kShort;
  TestServer server(router, limits);
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/large")));
  // Nobody reads: the server must not hold the answer for ever.
  ASSERT_TRUE(eventually([&] { return server.counters().deadline_cuts == 1; }));
  EXPECT_TRUE(eventually([&] { return server.counters().connections_open == 0; }));
}

TEST(Deadlines, PeerThatNeverEndsItsSide) {
  TestServer server(make_router());
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/", "Connection: close\r\n")));
  ASSERT_EQ(client.read_answer().status, 200U);
  EXPECT_TRUE(client.wait_closed());
  EXPECT_TRUE(eventually([&] { return server.counters().connections_open == 0; }))
      << "lingering has an end";
}

TEST(Connections, EndWithAPeerWhoseLastOctetsBringItsEnd) {
  TestServer server(make_router());
  for (const std::string& sent : {get("/"), std::string("GET / HT"),
                                  std::string("POST / HTTP/1.1\r\nHost: x\r\n"
                                              "Content-Length: 9\r\n\r\nhalf")}) {
    Client client(server.port());
    // Held back, so that octets and end come in one segment.
    ASSERT_EQ(::send(client.descriptor(), sent.data(), sent.size(), MSG_MORE),
              static_cast<ssize_t>(sent.size()));
    client.end_sending();
    EXPECT_EQ(client.read_answer().status, sent == get("/") ? 200U : 0U) << sent;
    EXPECT_TRUE(client.wait_closed()) << sent;
    EXPECT_TRUE(eventually([&] { return server.counters().connections_open == 0; })) << sent;
  }
}

TEST(Connections, AreCapped) {
  server::Limits limits;
  limits.connections = 2;
  TestServer server(make_router(), limits);
  Client first(server.port());
  auto second = std::make_unique<Client>(server.port());
  ASSERT_TRUE(first.send(get("/")));
  ASSERT_EQ(first.read_answer().status, 200U);
  ASSERT_TRUE(second->send(get("/")));
  ASSERT_EQ(second->read_answer().status, 200U);
  {
    Client third(server.port());
    const Answer answer = third.read_answer();
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.field("retry-after"), "1");
    EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
    EXPECT_TRUE(third.wait_closed());
  }
  EXPECT_EQ(server.counters().shed, 1U);
  second.reset();
  ASSERT_TRUE(eventually([&] { return server.counters().connections_open == 1; }));
  EXPECT_EQ(status_of(server, get("/")), 200U);
}

TEST(Connections, CapMustLeaveHalfOfTheDescriptors) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  server::ServerOptions options;
  options.listeners.emplace_back();
  options.listeners[0].router = std::make_shared<http::Router>();
  options.limits.connections = limit.rlim_cur / 2;
  const auto refused = server::Server::start(options);
  ASSERT_TRUE(refused.has_error());
  EXPECT_NE(refused.error().message.find("below half"), std::string::npos);
  options.limits.connections = limit.rlim_cur / 2 - 1;
  EXPECT_FALSE(server::Server::start(options).has_error());
}

TEST(Connections, AcceptingResumesWhenDescriptorsAreBack) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  TestServer server(make_router());
  rlimit lowered = before;
  lowered.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  std::vector<int> taken;
  for (int copy = ::dup(0); copy >= 0; copy = ::dup(0)) {
    taken.push_back(copy);
  }
  ASSERT_FALSE(taken.empty());
  ::close(taken.back());
  taken.pop_back();
  {
    Client client(server.port());  // takes the last descriptor: none is left to accept it
    EXPECT_TRUE(client.send(get("/")));
    EXPECT_TRUE(eventually([&] { return server.counters().accept_pauses >= 2; }));
    EXPECT_EQ(server.counters().connections_accepted, 0U);
    for (const int descriptor : taken) {
      ::close(descriptor);
    }
    EXPECT_EQ(client.read_answer().status, 200U);
  }
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Connections, ManyIdleOnesHoldNoBuffers) {
  TestServer server(make_router());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(clients.back()->send(get("/")));
  }
  for (const auto& client : clients) {
    ASSERT_EQ(client->read_answer().status, 200U);
  }
  EXPECT_EQ(server.counters().connections_open, 200U);
}

server::ServerOptions plain_on(std::string address, std::string proxy = {}) {
  server::ServerOptions options;
  server::ListenerOptions listener;
  listener.name = "apps";
  listener.address = std::move(address);
  listener.plain_behind_proxy = std::move(proxy);
  listener.router = make_router();
  options.listeners.push_back(std::move(listener));
  options.authenticator = std::make_shared<FakeAuthenticator>();
  return options;
}

TEST(Listeners, PlainStaysOnLoopbackUnlessAProxyIsNamed) {
  for (const char* const address : {"0.0.0.0", "::", "192.0.2.1", "::ffff:0.0.0.0"}) {
    const auto refused = server::Server::start(plain_on(address));
    ASSERT_TRUE(refused.has_error()) << address;
    EXPECT_NE(refused.error().message.find("plain HTTP"), std::string::npos);
    EXPECT_NE(refused.error().message.find("`plain_behind_proxy`"), std::string::npos);
  }
  EXPECT_FALSE(server::Server::start(plain_on("127.0.0.1")).has_error());
  EXPECT_FALSE(server::Server::start(plain_on("0.0.0.0", "127.0.0.1")).has_error());
  EXPECT_TRUE(server::Server::start(plain_on("localhost")).has_error());
  EXPECT_TRUE(server::Server::start(plain_on("0.0.0.0", "proxy.example")).has_error());
}

TEST(Listeners, BehindAProxyOnlyTheProxyGetsIn) {
  auto trusted = server::Server::start(plain_on("0.0.0.0", "127.0.0.1"));
  ASSERT_FALSE(trusted.has_error());
  Client client((*trusted)->port(0));
  ASSERT_TRUE(client.send(get("/")));
  EXPECT_EQ(client.read_answer().status, 200U);

  auto elsewhere = server::Server::start(plain_on("0.0.0.0", "192.0.2.7"));
  ASSERT_FALSE(elsewhere.has_error());
  Client stranger((*elsewhere)->port(0));
  stranger.send(get("/"));
  EXPECT_EQ(stranger.read_answer().status, 0U);
  EXPECT_TRUE(stranger.wait_closed());
}

TEST(Listeners, StartBindsAllOrNothing) {
  TestServer taken(make_router());
  server::ServerOptions options = plain_on("127.0.0.1");
  options.listeners.push_back(options.listeners.front());
  options.listeners[1].port = taken.port();
  EXPECT_TRUE(server::Server::start(std::move(options)).has_error());
  server::ServerOptions without = plain_on("127.0.0.1");
  without.authenticator = nullptr;
  EXPECT_TRUE(server::Server::start(std::move(without)).has_error())
      << "routes that need a credential, and nothing to check one";
}

TEST(Listeners, LoopsShareTheConnections) {
  std::atomic<int> on_loop[2] = {0, 0};
  auto router = make_router();
  router->add(http::Method::kGet, "/loop", http::AuthPolicy::no_auth("a test"),
              [&](http::Exchange& exchange) {
                ++on_loop[exchange.loop().index()];
                exchange.answer({});
              });
  TestServer server(router, {}, [](server::ServerOptions& options) { options.loops = 2; });
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(clients.back()->send(get("/loop")));
    ASSERT_EQ(clients.back()->read_answer().status, 200U);
  }
  EXPECT_EQ(on_loop[0].load(), 5);
  EXPECT_EQ(on_loop[1].load(), 5);
}

}  // namespace
}  // namespace fieldgate::edge_test
