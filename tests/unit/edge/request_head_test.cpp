#include "gateway/http/request_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::http {
namespace {

struct Parsed {
  HeadScanner::Status scan = HeadScanner::Status::kNeedMore;
  Refusal refusal;
  RequestHead head;
  Request request;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Scans `bytes` as if they came in pieces of `step` octets, then parses.
Parsed parse(std::string_view bytes, std::size_t step) {
  Parsed out;
  HeadScanner scanner;
  const HeadLimits limits;
  for (std::size_t size = 0; size < bytes.size() && out.scan == HeadScanner::Status::kNeedMore;) {
    size = std::min(size + step, bytes.size());
    out.scan = scanner.scan(bytes.substr(0, size), limits);
  }
  out.refusal = scanner.refusal();
  out.begin = scanner.begin();
  out.end = scanner.end();
  if (out.scan == HeadScanner::Status::kComplete) {
    out.refusal =
        parse_head(bytes.substr(out.begin, out.end - out.begin), limits, out.request, out.head);
  }
  return out;
}

/// The status of the refusal, which must not depend on how the octets arrive; 0: taken.
unsigned refused_with(std::string_view bytes) {
  const Parsed whole = parse(bytes, bytes.size());
  const Parsed dripped = parse(bytes, 1);
  EXPECT_EQ(static_cast<bool>(whole.refusal), static_cast<bool>(dripped.refusal)) << bytes;
  EXPECT_TRUE(whole.refusal || whole.scan == HeadScanner::Status::kComplete) << bytes;
  return whole.refusal.status;
}

std::string with(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(RequestHead, KeepsViewsOfWhatWasSent) {
  const std::string bytes =
      "\r\nPATCH /v1/x%20y?a=1&b=%26 HTTP/1.1\r\nhOST: example.org:80\r\nX-A:  v \t\r\nX-Empty:\r\n"
      "Content-Length: 12\r\nConnection: keep-alive, Upgrade\r\n\r\nrest";
  for (std::size_t step = 1; step < 40; ++step) {
    const Parsed out = parse(bytes, step);
    ASSERT_FALSE(out.refusal) << out.refusal.detail;
    EXPECT_EQ(out.begin, 2U);
    EXPECT_EQ(bytes.substr(out.end), "rest");
    EXPECT_EQ(out.request.method, Method::kPatch);
    EXPECT_EQ(out.request.target, "/v1/x%20y?a=1&b=%26");
    EXPECT_EQ(out.request.path, "/v1/x%20y");
    EXPECT_EQ(out.request.query, "a=1&b=%26");
    EXPECT_EQ(out.request.header("x-a"), "v");
    EXPECT_EQ(out.request.header("host"), "example.org:80");
    EXPECT_EQ(out.request.header("x-none"), "");
    EXPECT_EQ(out.request.headers.size(), 5U);
    EXPECT_EQ(out.head.content_length, 12U);
    EXPECT_TRUE(out.head.keep_alive);
  }
}

TEST(RequestHead, KeepAlive) {
  EXPECT_TRUE(parse(with(""), 999).head.keep_alive);
  EXPECT_FALSE(parse(with("Connection: x, CLOSE\r\n"), 999).head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 999).head.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 999).head.keep_alive);
}

TEST(RequestHead, RefusesLinesThatCanBeReadInTwoWays) {
  using namespace std::string_literals;
  for (const std::string& bytes : {
           "GET / HTTP/1.1\nHost: a\n\n"s,
           "GET / HTTP/1.1\r\nHost: a\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\n\n"s,
           "GET / HTTP/1.1\rHost: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"s,
           "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\n Host: a\r\n\r\n"s,
           with("X: a\r\n b\r\n"),
           with("X: a\r\n\tb\r\n"),
           with("X:\r\n \r\n"),
           with("X : a\r\n"),
           with("X\t: a\r\n"),
           with(": a\r\n"),
           with("X\r\n"),
           with("X: a\0b\r\n"s),
           with("X: a\x01\r\n"),
           with("X: a\x7f\r\n"),
           with("X\x80: a\r\n"),
           with("X@: a\r\n"),
           "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"s,
           " GET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /\r\n\r\n"s,
           "GET / http/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.10\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/11\r\nHost: a\r\n\r\n"s,
           "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "\x16\x03\x01\x00\xa0\r\n\r\n"s,
       }) {
    EXPECT_EQ(refused_with(bytes), 400U) << bytes;
  }
}

TEST(RequestHead, RefusesDoubtfulFraming) {
  EXPECT_EQ(refused_with(with("Transfer-Encoding: chunked\r\n")), 0U);
  EXPECT_EQ(refused_with(with("transfer-encoding: CHUNKED\r\n")), 0U);
  EXPECT_EQ(refused_with(with("Content-Length: 0\r\n")), 0U);
  EXPECT_EQ(refused_with(with("Content-Length: 18446744073709551615\r\n")), 0U);
  for (const char* const fields : {
           "Transfer-Encoding: gzip\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked, gzip\r\n",
           "Transfer-Encoding: chunked, chunked\r\n",
           "Transfer-Encoding: chunked,\r\n",
           "Transfer-Encoding: \"chunked\"\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: chunked;q=1\r\n",
           "Transfer-Encoding:\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Content-Length: 3\r\nTransfer-Encoding: identity\r\n",
           "Content-Length: 3\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nContent-Length: 4\r\n",
           "Content-Length: 3, 3\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: -3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: 3 3\r\n",
           "Content-Length:\r\n",
           "Content-Length: 18446744073709551616\r\n",
       }) {
    EXPECT_EQ(refused_with(with(fields)), 400U) << fields;
  }
  EXPECT_EQ(refused_with("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
}

TEST(RequestHead, NeedsExactlyOneValidHost) {
  for (const char* const fields :
       {"", "Host:\r\n", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a b\r\n",
        "Host: u@a\r\n", "Host: a/b\r\n", "Host: a:x\r\n", "Host: [::1\r\n"}) {
    EXPECT_EQ(refused_with("GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n"), 400U) << fields;
  }
  EXPECT_EQ(refused_with("GET / HTTP/1.0\r\n\r\n"), 0U) << "HTTP/1.0 knows no Host";
}

TEST(RequestHead, SingletonsStandOnce) {
  for (const char* const name :
       {"Content-Type", "Authorization", "Expect", "Cookie", "Origin", "Referer", "User-Agent",
        "Range", "Date", "If-Modified-Since", "Idempotency-Key", "X-API-Key", "DPoP",
        "Sec-Fetch-Site", "Content-Encoding"}) {
    const std::string field = std::string(name) + ": 100-continue\r\n";
    EXPECT_EQ(refused_with(with(field)), 0U) << name;
    EXPECT_EQ(refused_with(with(field + field)), 400U) << name;
  }
  EXPECT_EQ(refused_with(with("Accept: a\r\nAccept: b\r\nX-A: 1\r\nX-A: 1\r\n")), 0U)
      << "lists may be spread over lines";
}

TEST(RequestHead, Methods) {
  const auto line = [](std::string_view method) {
    return std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  for (const char* const method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(refused_with(line(method)), 0U) << method;
  }
  EXPECT_EQ(refused_with(line("TRACE")), 405U);
  EXPECT_EQ(refused_with("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 405U);
  EXPECT_EQ(refused_with(line("PROPFIND")), 501U);
  EXPECT_EQ(refused_with(line("get")), 501U) << "methods are case-sensitive";
  EXPECT_EQ(refused_with(line(std::string(24, 'A'))), 501U);
  EXPECT_EQ(refused_with(line(std::string(25, 'A'))), 400U);
}

TEST(RequestHead, Versions) {
  for (const char* const version : {"0.9", "1.2", "2.0", "3.0", "9.9"}) {
    EXPECT_EQ(refused_with("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n"), 505U)
        << version;
  }
  EXPECT_EQ(refused_with("PRI * HTTP/2.0\r\n\r\n"), 505U);
}

TEST(RequestHead, Targets) {
  const auto target = [](std::string_view text) {
    return refused_with("GET " + std::string(text) + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  };
  EXPECT_EQ(target("/a?b"), 0U);
  EXPECT_EQ(target("http://a.example/x"), 0U);
  EXPECT_EQ(target("HTTPS://A.example/x"), 0U);
  EXPECT_EQ(target("http://b.example/x"), 421U);
  EXPECT_EQ(target("http://a.example@b.example/"), 421U);
  EXPECT_EQ(target("http://a.example"), 400U);
  EXPECT_EQ(target("http://a.example?x"), 400U);
  EXPECT_EQ(target("ftp://a.example/"), 400U);
  EXPECT_EQ(target("a.example:80"), 400U);
  EXPECT_EQ(target("*"), 400U);
  EXPECT_EQ(target("x"), 400U);
  EXPECT_EQ(target("/#f"), 400U);
  EXPECT_EQ(target("/?access_token=x"), 400U);
  EXPECT_EQ(refused_with("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 405U);
  const Parsed absolute = parse("GET http://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n", 999);
  EXPECT_EQ(absolute.request.path, "/p");
  EXPECT_EQ(absolute.request.query, "q");
}

TEST(RequestHead, Expectations) {
  EXPECT_TRUE(parse(with("Expect: 100-Continue\r\n"), 999).head.expects_continue);
  EXPECT_EQ(refused_with(with("Expect: 200-maybe\r\n")), 417U);
  EXPECT_FALSE(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 999).head.expects_continue);
}

TEST(RequestHead, FaultsAreFoundBeforeTheHeadIsComplete) {
  for (const std::string_view start :
       {"\x16\x03", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\n", "GET / HTTP/1.1\r\n ",
        "GET / HTTP/1.1\r\nX: a\rb", "GET /\x01"}) {
    EXPECT_EQ(parse(start, 1).scan, HeadScanner::Status::kRefused) << start;
    EXPECT_EQ(parse(start, start.size()).scan, HeadScanner::Status::kRefused) << start;
  }
}

}  // namespace
}  // namespace fieldgate::http
