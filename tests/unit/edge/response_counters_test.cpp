// Answers are counted by status, each once, in a list that nobody can make grow.
#include "harness.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fieldgate::edge_test {
namespace {

std::uint64_t counted(const server::Counters& counters, unsigned status) {
  const auto& all = server::kCountedStatuses;
  const auto place = std::find(all.begin(), all.end(), status) - all.begin();
  return counters.responses[static_cast<std::size_t>(place)];
}

std::uint64_t total(const server::Counters& counters) {
  std::uint64_t sum = 0;
  for (const std::uint64_t one : counters.responses) {
    sum += one;
  }
  return sum;
}

TEST(ResponseCounters, TellStatusesApartAndPutTheRestTogether) {
  // As the product has them: gcc 12's sanitizer aligns nothing to 64 bytes on its own stack.
  const auto counters_of_loop = std::make_unique<server::ResponseCounters[]>(1);
  server::ResponseCounters& counters = counters_of_loop[0];
  counters.count(503);
  counters.count(503);
  counters.count(200);
  for (const unsigned odd : {0U, 199U, 418U, 504U, 65536U}) {
    counters.count(odd);
  }
  server::ResponseCounts counts{};
  counters.add_to(counts);
  counters.add_to(counts);
  EXPECT_EQ(counts.front(), 2U);
  EXPECT_EQ(counts[counts.size() - 2], 0U);
  EXPECT_EQ(counts[counts.size() - 3], 4U);
  EXPECT_EQ(counts.back(), 10U);
}

TEST(ResponseCounters, CountEachAnswerOnceWhereverItComesFrom) {
  auto router = make_router();
  router->add(http::Method::kGet, "/teapot", http::AuthPolicy::no_auth("a test"),
              [](http::Exchange& exchange) {
                http::Response response;
                response.status = 418;
                exchange.answer(std::move(response));
              });
  server::Limits limits;
  limits.body = 100ms;
  limits.body_bytes = 100;
  TestServer server(router, limits, [](server::ServerOptions& options) { options.loops = 2; });
  const std::vector<std::pair<std::string, unsigned>> cases = {
      {get("/"), 200},
      {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {get("/nowhere"), 404},
      {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {post("/private", "{}"), 401},
      {post("/writers", "{}", "Authorization: Bearer good\r\n"), 403},
      {post("/echo", std::string(101, 'x')), 413},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", 408},
      {post("/private", "{}", "Authorization: Bearer later\r\n"), 503},
      {get("/throws"), 500},
      {get("/teapot"), 418},
  };
  for (const auto& [request, status] : cases) {
    SCOPED_TRACE(request);
    const server::Counters before = server.counters();
    Client client(server.port());
    ASSERT_TRUE(client.send(request));
    ASSERT_EQ(client.read_answer(true).status, status);
    const server::Counters after = server.counters();
    EXPECT_EQ(counted(after, status), counted(before, status) + 1);
    EXPECT_EQ(total(after), total(before) + 1);
  }
  const server::Counters end = server.counters();
  EXPECT_EQ(counted(end, 418), end.responses.back());
  EXPECT_EQ(end.responses.back(), 1U);
}

TEST(ResponseCounters, CountWhoIsTurnedAwayAtTheLimit) {
  server::Limits limits;
  limits.connections = 1;
  TestServer server(make_router(), limits);
  Client first(server.port());
  ASSERT_TRUE(first.send(get("/")));
  ASSERT_EQ(first.read_answer().status, 200U);
  Client second(server.port());
  ASSERT_EQ(second.read_answer().status, 503U);
  EXPECT_EQ(counted(server.counters(), 503), 1U);
}

}  // namespace
}  // namespace fieldgate::edge_test
