// SIGKILL in the middle of concurrent reads and writes: what was answered is there after a restart.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

namespace fieldgate::test {
namespace {

constexpr int kClients = 32;

// What one client did with a person of its own, and what it was told.
struct Client {
  std::string address;
  std::string subject;                // the person's pseudonym for web-shop and personalisation
  std::vector<Receipt> receipts;      // of every answer it got
  std::vector<std::string> consents;  // ids of the acts that were acknowledged
  std::string last_state;             // of the last acknowledged act
  bool uncertain = false;             // an act after it was sent and not answered
  std::string city;                   // the last acknowledged one
  std::string unsure_city;            // sent, not answered
  int answers = 0;
};

class KillTest : public ::testing::Test {
 protected:
  static int rounds() { return std::getenv("FIELDGATE_LONG") != nullptr ? 50 : 5; }

  void make_people(int round) {
    clients_.assign(kClients, {});
    Api ingest(shop_, "ingest");
    Api web(shop_, "web-shop");
    for (int i = 0; i < kClients; ++i) {
      Client& client = clients_[static_cast<std::size_t>(i)];
      client.address = "k" + std::to_string(round) + "-" + std::to_string(i) + "@kill.example";
      client.city = "Hull";
      ShopTestPeople::make(ingest, client.address);
      const ApiAnswer consent =
          web.post("/v1/consents", consent_of(email(client.address), {"personalisation"}));
      ASSERT_EQ(consent.status, 201) << consent.text;
      client.consents.emplace_back(consent.word("id"));
      client.last_state = "given";
      const ApiAnswer read = web.read(read_of(email(client.address), "personalisation"));
      ASSERT_EQ(read.status, 200) << read.text;
      client.subject = read.word("subject");
    }
  }

  // Reads, writes and acts until the gateway is gone.
  void work(Client& client, unsigned seed, const std::string& web_key,
            const std::string& ingest_key) {
    std::mt19937 random(seed);
    Api web(shop_.port(), web_key);
    Api ingest(shop_.port(), ingest_key);
    bool alive = true;
    for (int step = 0; alive; ++step) {
      switch (random() % 4) {
        case 0: {
          const bool give = client.last_state != "given";
          const ApiAnswer answer = web.post(
              "/v1/consents",
              consent_of(email(client.address), {"personalisation", give ? "given" : "withdrawn"}));
          alive = answer.status == 201;
          if (alive) {
            client.consents.emplace_back(answer.word("id"));
            client.last_state = give ? "given" : "withdrawn";
          } else {
            client.uncertain = answer.status == 0;
          }
          break;
        }
        case 1: {
          const std::string city = "City " + std::to_string(step);
          const ApiAnswer answer =
              ingest.patch(R"({"identifiers":[{"type":"email","value":")" + client.address +
                           R"("}],"fields":{"city":{"value":")" + city + R"("}}})");
          alive = answer.status == 200;
          (alive ? client.city : client.unsure_city) = city;
          break;
        }
        default: {
          const ApiAnswer answer =
              web.read(read_of(email(client.address), "personalisation", {"first_name", "city"}));
          alive = answer.status == (client.last_state == "given" ? 200 : 403);
          if (answer.status == 200 && answer.field("city") != '"' + client.city + '"') {
            ADD_FAILURE() << "a read after an acknowledged write shows another value";
          }
        }
      }
      if (alive) {
        ++client.answers;
        ++answers_;
      }
    }
    client.receipts = web.receipts();
    client.receipts.insert(client.receipts.end(), ingest.receipts().begin(),
                           ingest.receipts().end());
  }

  void expect_kept(Api& web, const Client& client) {
    const ApiAnswer ledger =
        web.get("/v1/consents?purpose=personalisation&subject=" + client.subject);
    ASSERT_EQ(ledger.status, 200) << ledger.text;
    std::vector<std::string> kept;
    for (const json::value& consent : ledger.object().at("consents").as_array()) {
      kept.emplace_back(consent.at("id").as_string());
    }
    ASSERT_GE(kept.size(), client.consents.size());
    EXPECT_TRUE(std::equal(client.consents.begin(), client.consents.end(), kept.begin()))
        << "an acknowledged act is missing or in another place";
    EXPECT_LE(kept.size(), client.consents.size() + (client.uncertain ? 1 : 0));
    const ApiAnswer read =
        web.read(read_of(email(client.address), "personalisation", {"first_name", "city"}));
    if (kept.size() == client.consents.size()) {
      EXPECT_EQ(read.status, client.last_state == "given" ? 200 : 403) << read.text;
    }
    if (read.status == 200) {
      const std::string city = read.field("city");
      EXPECT_TRUE(city == '"' + client.city + '"' || city == '"' + client.unsure_city + '"')
          << city << " is neither the acknowledged one nor the one in flight";
    }
  }

  struct ShopTestPeople : ShopTest {
    static void make(Api& ingest, const std::string& address) { make_person(ingest, address); }
    void TestBody() override {}
  };

  Bookshop shop_;
  std::vector<Client> clients_;
  std::atomic<int> answers_{0};
};

TEST_F(KillTest, EveryAnswerHasItsRecordAndEveryAcknowledgedActIsThere) {
  std::mt19937 random(20261122);
  ASSERT_TRUE(shop_.start_demo());
  const std::string web_key = shop_.key("web-shop");
  const std::string ingest_key = shop_.key("ingest");
  std::vector<Receipt> all;
  std::size_t in_flight = 0;
  for (int round = 0; round < rounds(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    ASSERT_NO_FATAL_FAILURE(make_people(round));
    answers_ = 0;
    const int after = 300 + static_cast<int>(random() % 1400);
    std::vector<std::thread> threads;
    for (Client& client : clients_) {
      threads.emplace_back([this, &client, seed = static_cast<unsigned>(random()), &web_key,
                            &ingest_key] { work(client, seed, web_key, ingest_key); });
    }
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (answers_ < after && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    EXPECT_GE(answers_, after) << "the clients got no answers";
    shop_.kill();
    for (std::thread& thread : threads) {
      thread.join();
    }
    std::vector<Receipt> receipts;
    for (const Client& client : clients_) {
      receipts.insert(receipts.end(), client.receipts.begin(), client.receipts.end());
      in_flight += client.uncertain || !client.unsure_city.empty() ? 1 : 0;
    }
    EXPECT_GE(receipts.size(), static_cast<std::size_t>(after));
    // Whole before the next start repairs anything: a kill loses nothing that was written.
    ASSERT_TRUE(shop_.start_serve("loops: 2\n"));
    shop_.expect_log_verifies();
    expect_proven(shop_.log(), receipts);
    Api web(shop_, "web-shop");
    for (const Client& client : clients_) {
      expect_kept(web, client);
    }
    all.insert(all.end(), receipts.begin(), receipts.end());
    if (HasFailure()) {
      break;
    }
  }
  EXPECT_EQ(shop_.stop(), 0);
  shop_.expect_log_verifies();
  expect_proven(shop_.log(), all);
  std::printf("kill -9: %d rounds, %zu answers recorded, %zu writes in flight at a kill\n",
              rounds(), all.size(), in_flight);
}

TEST(FirstStart, ThatIsKilledAtAnyPointIsFinishedByTheNext) {
  int cut_off = 0;
  for (const char* seen : {"lock", "keyring.json", "profiles.db", "keys.db", "log", "log/log.vkey",
                           "log/checkpoint", "control.sock"}) {
    SCOPED_TRACE(seen);
    Bookshop shop;
    {
      Process first(
          {FIELDGATE_BINARY, "demo", "--example", FIELDGATE_SOURCE_DIR "/docs/examples/bookshop"},
          shop.environment());
      while (!std::filesystem::exists(shop.data() / seen) && !first.ended()) {
        std::this_thread::yield();
      }
      first.signal(SIGKILL);
      EXPECT_EQ(first.wait(), 128 + SIGKILL) << first.err();
      cut_off += first.count_in_output("serving; stop with") == 0 ? 1 : 0;
    }
    ASSERT_TRUE(shop.start_demo());
    EXPECT_NE(shop.process().out().find("200 people"), std::string::npos) << shop.process().out();
    Api web(shop, "web-shop");
    EXPECT_EQ(web.read(read_of(account("BK-1001"), "personalisation")).status, 200);
    Api mobile(shop, "mobile-app");
    EXPECT_EQ(mobile.read(read_of(account("BK-1200"), "order-fulfilment")).status, 200)
        << "the last person of the example";
    EXPECT_EQ(mobile.read(read_of(account("BK-1015"), "health-tips")).code(), "consent-withdrawn")
        << "one of the last choices";
    EXPECT_EQ(shop.stop(), 0);
    shop.expect_log_verifies();
  }
  EXPECT_GE(cut_off, 6) << "the kills came too late to show anything";
}

}  // namespace
}  // namespace fieldgate::test
