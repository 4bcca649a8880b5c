// Raw requests by others and by the project, each against a server that takes almost any path.
#include "harness.h"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json/parse.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace fieldgate::edge_test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path vectors() {
  return fs::path(FIELDGATE_SHARED_DIR) / "vectors" / "http";
}

json::value read_json(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

std::string from_base64(std::string_view text) {
  namespace base64 = boost::beast::detail::base64;
  std::string out(base64::decoded_size(text.size()), '\0');
  out.resize(base64::decode(out.data(), text.data(), text.size()).first);
  return out;
}

/// Serves every method on the paths that the vectors use, and counts what handlers saw.
std::shared_ptr<http::Router> catch_all(std::atomic<int>& handled) {
  auto router = std::make_shared<http::Router>();
  const auto handler = [&handled](http::Exchange& exchange) {
    ++handled;
    exchange.answer({});
  };
  for (const auto method : {http::Method::kGet, http::Method::kPost, http::Method::kPut,
                            http::Method::kPatch, http::Method::kDelete, http::Method::kOptions}) {
    for (const char* const pattern : {"/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}"}) {
      router->add(method, pattern, http::AuthPolicy::no_auth("a test"), handler);
    }
  }
  return router;
}

std::vector<unsigned> statuses(std::string_view bytes) {
  std::vector<unsigned> found;
  constexpr std::string_view kLine = "HTTP/1.1 ";
  for (std::size_t at = bytes.find(kLine); at != std::string_view::npos;
       at = bytes.find(kLine, at + 1)) {
    found.push_back(static_cast<unsigned>(std::atoi(bytes.data() + at + kLine.size())));
  }
  return found;
}

struct Outcome {
  std::vector<unsigned> statuses;
  int handled = 0;
  bool closed = false;

  [[nodiscard]] int refusals() const {
    int count = 0;
    for (const unsigned status : statuses) {
      count += status >= 400 ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] bool refused() const { return refusals() > 0 || (closed && handled == 0); }
};

Outcome exchange(TestServer& server, std::atomic<int>& handled, std::string_view bytes) {
  handled = 0;
  Client client(server.port());
  client.send(bytes);
  Outcome outcome;
  outcome.statuses = statuses(client.read_all(300ms));
  outcome.closed = client.saw_end();
  outcome.handled = handled;
  return outcome;
}

std::string describe(const Outcome& outcome) {
  std::string text = "statuses";
  for (const unsigned status : outcome.statuses) {
    text += " " + std::to_string(status);
  }
  return text + ", handled " + std::to_string(outcome.handled) +
         (outcome.closed ? ", closed" : ", open");
}

/// Raw cases where the catch-all server of this test answers otherwise than expected, and why.
const std::map<std::string, const char*>& raw_deviations() {
  static const std::map<std::string, const char*> cases = {
      {"double-encoded",
       "decoded once, \"%252e%252e\" is the harmless text \"%2e%2e\"; only a route with a "
       "parameter in that place sees it, as this test's catch-all has"},
  };
  return cases;
}

TEST(HttpVectors, RawRequests) {
  const fs::path file = vectors() / "raw" / "raw.dev.json";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  std::atomic<int> handled{0};
  TestServer server(catch_all(handled));
  const json::value document = read_json(file);
  std::map<std::string, int> counts;
  for (const json::value& entry : document.at("cases").as_array()) {
    const std::string id(entry.at("id").as_string());
    const std::string expect(entry.at("expect").as_string());
    std::string bytes;
    for (const json::value& part : entry.at("raw").as_array()) {
      if (const json::value* const base64 = part.as_object().if_contains("b64")) {
        bytes += from_base64(base64->as_string());
      } else {
        const std::string repeated(part.at("repeat").as_string());
        for (std::int64_t i = 0; i < part.at("count").as_int64(); ++i) {
          bytes += repeated;
        }
      }
    }
    const Outcome outcome = exchange(server, handled, bytes);
    ++counts[expect];
    if (raw_deviations().count(id) != 0) {
      EXPECT_FALSE(outcome.refused()) << id << " no longer deviates: " << describe(outcome);
      continue;
    }
    if (expect == "reject" || expect == "policy-reject" || expect == "policy" ||
        expect == "close") {
      EXPECT_TRUE(outcome.refused()) << id << ": " << describe(outcome);
      EXPECT_EQ(outcome.handled, 0) << id;
      EXPECT_LE(outcome.statuses.size(), 1U) << id << ": a second answer";
    } else if (expect == "accept") {
      EXPECT_EQ(outcome.refusals(), 0) << id << ": " << describe(outcome);
      EXPECT_GE(outcome.handled, id == "pipelined-2" ? 2 : 1) << id;
    }
    EXPECT_LE(outcome.handled, 2) << id;
  }
  int total = 0;
  for (const auto& [expect, count] : counts) {
    total += count;
    std::printf("raw %s: %d\n", expect.c_str(), count);
  }
  std::printf("raw: %d cases, %zu deviations\n", total, raw_deviations().size());
}

/// llhttp's error 22 is a pause for its user at Upgrade or CONNECT, not a fault in the request.
constexpr std::int64_t kLlhttpPausedUpgrade = 22;

/// Requests that llhttp refuses and we do not, and why.
const std::map<std::string, const char*>& llhttp_deviations() {
  static const std::map<std::string, const char*> cases = {
      {"connection-004",
       "the stored input runs on into the page that it was taken from; its first request is "
       "complete and sound, and is answered before the rest is refused"},
  };
  return cases;
}

/// The same request with a Host field, so that its own fault is what must be found.
std::string with_host(const std::string& bytes) {
  const std::size_t line = bytes.find("\r\n");
  const std::size_t first = line == 0 ? bytes.find("\r\n", 2) : line;
  if (first == std::string::npos || bytes.find("Host:") != std::string::npos ||
      bytes.find("host:") != std::string::npos) {
    return bytes;
  }
  return bytes.substr(0, first + 2) + "Host: a\r\n" + bytes.substr(first + 2);
}

TEST(HttpVectors, WhatLlhttpRefusesWeRefuse) {
  const fs::path file = vectors() / "llhttp-request" / "cases.dev.json";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  std::atomic<int> handled{0};
  TestServer server(catch_all(handled));
  int refused = 0;
  int paused = 0;
  int fine = 0;
  int lenient = 0;
  int completed = 0;
  const json::value document = read_json(file);
  for (const json::value& entry : document.as_array()) {
    const std::string id(entry.at("id").as_string());
    if (entry.at("type").as_string() != "request") {
      ++lenient;
      continue;
    }
    const std::string bytes = from_base64(entry.at("input_b64").as_string());
    Outcome outcome = exchange(server, handled, with_host(bytes));
    if (entry.at("llhttp").as_string() != "error") {
      ++fine;  // a laxer parser takes it; it only must not be taken for more than it is
      EXPECT_LE(outcome.handled, entry.at("messages_complete").as_int64())
          << id << ": " << describe(outcome);
      continue;
    }
    if (entry.at("error_code").as_int64() == kLlhttpPausedUpgrade) {
      ++paused;
      continue;
    }
    ++refused;
    if (outcome.statuses.empty() && !outcome.closed) {
      // A head that its vector leaves unfinished: its fault must be found once it is complete.
      outcome = exchange(server, handled, with_host(bytes) + "\r\n\r\n");
      ++completed;
    }
    if (llhttp_deviations().count(id) != 0) {
      EXPECT_EQ(outcome.handled, 1) << id << " no longer deviates: " << describe(outcome);
      continue;
    }
    EXPECT_LE(outcome.handled, entry.at("messages_complete").as_int64())
        << id << ": " << describe(outcome);
    EXPECT_TRUE(outcome.refused() || outcome.closed) << id << ": " << describe(outcome);
    // Without the added field it must not fare better.
    EXPECT_LE(exchange(server, handled, bytes).handled, entry.at("messages_complete").as_int64())
        << id;
  }
  std::printf(
      "llhttp: %d refused, %d fine, %d paused at an upgrade (not applicable), %d lenient modes "
      "(not applicable), %d of all completed by the test, %zu deviations\n",
      refused, fine, paused, lenient, completed, llhttp_deviations().size());
}

}  // namespace
}  // namespace fieldgate::edge_test
