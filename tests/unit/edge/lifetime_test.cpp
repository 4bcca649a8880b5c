// How long exchanges and loops live: peers that go away, the drain at a stop, turns of a loop.
#include "harness.h"

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::edge_test {
namespace {

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

}  // namespace
}  // namespace fieldgate::edge_test
