#include "gateway/http/router.h"

#include "gateway/http/problem.h"
#include "gateway/http/target.h"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace fieldgate::http {
namespace {

AuthPolicy open_route() {
  return AuthPolicy::no_auth("a test");
}

Router sample() {
  Router router;
  const auto nothing = [](Exchange&) {};
  router.add(Method::kGet, "/", open_route(), nothing);
  router.add(Method::kPost, "/v1/consents", AuthPolicy::app_credential("consent"), nothing);
  router.add(Method::kGet, "/v1/consents", AuthPolicy::app_credential(), nothing);
  router.add(Method::kGet, "/v1/consents/{id}/receipt", AuthPolicy::app_credential(), nothing);
  router.add(Method::kGet, "/v1/{thing}/{id}", AuthPolicy::app_credential(), nothing);
  router.add(Method::kDelete, "/v1/{thing}/{id}", AuthPolicy::app_credential(), nothing);
  router.add(Method::kGet, "/v1/consents/latest", AuthPolicy::app_credential(), nothing);
  return router;
}

struct Found {
  std::string pattern;
  std::string allowed;
  std::array<std::string, kMaxPathParameters> parameters;
};

Found find(const Router& router, Method method, std::string_view path) {
  Request request;
  request.method = method;
  request.path = path;
  const Router::Match match = router.match(request);
  return {match.route == nullptr ? "" : match.route->pattern, match.allowed, request.parameters};
}

TEST(Router, FindsLiteralAndParametricRoutes) {
  const Router router = sample();
  EXPECT_EQ(find(router, Method::kGet, "/").pattern, "/");
  EXPECT_EQ(find(router, Method::kPost, "/v1/consents").pattern, "/v1/consents");
  const Found receipt = find(router, Method::kGet, "/v1/consents/c%20%C3%A9/receipt");
  EXPECT_EQ(receipt.pattern, "/v1/consents/{id}/receipt");
  EXPECT_EQ(receipt.parameters[0], "c \xC3\xA9");
  const Found two = find(router, Method::kDelete, "/v1/a/b");
  EXPECT_EQ(two.parameters[0], "a");
  EXPECT_EQ(two.parameters[1], "b");
  EXPECT_EQ(find(router, Method::kGet, "/v1/consents/latest").pattern, "/v1/consents/latest");
  EXPECT_EQ(find(router, Method::kGet, "/v1/consents/other").pattern, "/v1/{thing}/{id}");
}

TEST(Router, HeadIsServedByGet) {
  const Router router = sample();
  EXPECT_EQ(find(router, Method::kHead, "/").pattern, "/");
  EXPECT_EQ(find(router, Method::kHead, "/v1/a/b").pattern, "/v1/{thing}/{id}");
}

TEST(Router, SaysWhichMethodsAPathTakes) {
  const Router router = sample();
  EXPECT_EQ(find(router, Method::kDelete, "/v1/consents").allowed, "POST, GET, HEAD");
  EXPECT_EQ(find(router, Method::kPut, "/v1/a/b").allowed, "GET, HEAD, DELETE");
  EXPECT_EQ(find(router, Method::kGet, "/v2").allowed, "");
}

TEST(Router, MatchesNoDoubtfulPath) {
  const Router router = sample();
  for (const std::string_view path : {"",
                                      "*",
                                      "v1/consents",
                                      "/v1/consents/",
                                      "/v1//consents",
                                      "//v1/consents",
                                      "/V1/consents",
                                      "/v1/consents/a%2Fb/receipt",
                                      "/v1/consents/a%2fb/receipt",
                                      "/v1/a/..",
                                      "/v1/./b",
                                      "/v1/a/%2e%2E",
                                      "/v1/a/%2e",
                                      "/v1/a/b%00",
                                      "/v1/a/%0A",
                                      "/v1/a/%ff",
                                      "/v1/a/%c0%ae",
                                      "/v1/a/%ED%A0%80",
                                      "/v1/a/%4",
                                      "/v1/a/%zz",
                                      "/v1/a/b%5Cc",
                                      "/v1/%63onsents",
                                      "/v1/a/b%7F",
                                      "/v1/a/b/c/d"}) {
    const Found found = find(router, Method::kGet, path);
    EXPECT_EQ(found.pattern, "") << path;
  }
  EXPECT_EQ(find(router, Method::kGet, "/v1/a/%252e%252e").parameters[1], "%2e%2e")
      << "decoded once only";
}

TEST(Router, RefusesBadRoutes) {
  Router router;
  const auto nothing = [](Exchange&) {};
  EXPECT_THROW(router.add(Method::kGet, "v1", open_route(), nothing), std::invalid_argument);
  EXPECT_THROW(router.add(Method::kGet, "/v1//x", open_route(), nothing), std::invalid_argument);
  EXPECT_THROW(router.add(Method::kGet, "/v1/{a}b", open_route(), nothing), std::invalid_argument);
  EXPECT_THROW(router.add(Method::kGet, "/{a}/{b}/{c}/{d}/{e}", open_route(), nothing),
               std::invalid_argument);
  EXPECT_NO_THROW(router.add(Method::kGet, "/{a}/{b}/{c}/{d}", open_route(), nothing));
  EXPECT_THROW(router.add(Method::kGet, "/{a}/{b}/{c}/{d}", open_route(), nothing),
               std::invalid_argument);
  EXPECT_THROW(router.add(Method::kHead, "/x", open_route(), nothing), std::invalid_argument);
  EXPECT_THROW(router.add(Method::kOther, "/x", open_route(), nothing), std::invalid_argument);
  EXPECT_THROW(router.add(Method::kGet, "/x", AuthPolicy::no_auth(""), nothing),
               std::invalid_argument);
  EXPECT_EQ(router.routes().size(), 1U);
}

TEST(Target, OctetsOfPathAndQuery) {
  EXPECT_EQ(check_target("/a%20b/c:d@e;f=g,h!$&'()*+", "x=/?a"), TargetFault::kNone);
  for (const char* const path : {"/a b", "/a\"", "/<", "/\\", "/^", "/`", "/{x}", "/|", "/a#b",
                                 "/\x7f", "/\xC3\xA9", "/%", "/%4", "/%G0", "/a[1]"}) {
    EXPECT_EQ(check_target(path, ""), TargetFault::kMalformed) << path;
    EXPECT_EQ(check_target("/", path), TargetFault::kMalformed) << path;
  }
}

TEST(Target, KeysDoNotBelongInUrls) {
  for (const char* const query :
       {"access_token=x", "a=1&api_key=2", "API_KEY=2", "access%5Ftoken=x", "k=fgk_abc",
        "k=%66gk_abc", "fgk_abc", "authorization=x", "a=1&b=fgk%5Fabc"}) {
    EXPECT_EQ(check_target("/", query), TargetFault::kKeyInUrl) << query;
  }
  EXPECT_EQ(check_target("/keys/fgk_abc", ""), TargetFault::kKeyInUrl);
  EXPECT_EQ(check_target("/keys/%66gk_abc", ""), TargetFault::kKeyInUrl);
  EXPECT_EQ(check_target("/", "token_type=x&k=xfgk_"), TargetFault::kNone);
}

TEST(Target, ParametersStandOnceAndAreLimited) {
  EXPECT_EQ(check_target("/", "a=1&b=2"), TargetFault::kNone);
  EXPECT_EQ(check_target("/", "a=1&b=2&a=1"), TargetFault::kRepeatedParameter);
  EXPECT_EQ(check_target("/", "a=1&%61=2"), TargetFault::kRepeatedParameter);
  std::string query;
  for (std::size_t i = 0; i < kMaxQueryParameters; ++i) {
    query += "p" + std::to_string(i) + "=x&";
  }
  EXPECT_EQ(check_target("/", query), TargetFault::kNone);
  EXPECT_EQ(check_target("/", query + "one=more"), TargetFault::kTooManyParameters);
}

TEST(Target, Hosts) {
  for (const char* const host : {"a", "example.org", "example.org:8080", "127.0.0.1", "[::1]",
                                 "[2001:db8::1]:443", "xn--bcher-kva.example", "a:"}) {
    EXPECT_TRUE(is_valid_host(host)) << host;
  }
  for (const char* const host : {"", ":80", "a b", "a,b", "user@a", "a/b", "a:b", "a:123456",
                                 "[::1", "[]", "[::g]", "[::1]x", "a:80:80", "b\xC3\xBC", "a?b"}) {
    // A comma is a reg-name octet, but two hosts in one field are what it would stand for here.
    EXPECT_EQ(is_valid_host(host), std::string_view(host) == "a,b") << host;
  }
}

TEST(Problem, IsADocumentOfRfc9457) {
  const Problem problem{403, "forbidden", "the purpose \"x\" is not granted", "purpose-not-granted",
                        "GDPR 5(1)(b)"};
  const Response response = problem_response(problem, "id-1");
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto document = boost::json::parse(response.body).as_object();
  EXPECT_EQ(document.at("type").as_string(), "urn:fieldgate:problem:forbidden");
  EXPECT_EQ(document.at("title").as_string(), "Forbidden");
  EXPECT_EQ(document.at("status").as_int64(), 403);
  EXPECT_EQ(document.at("detail").as_string(), "the purpose \"x\" is not granted");
  EXPECT_EQ(document.at("instance").as_string(), "urn:fieldgate:request:id-1");
  EXPECT_EQ(document.at("code").as_string(), "purpose-not-granted");
  EXPECT_EQ(document.at("because").as_string(), "GDPR 5(1)(b)");
  const auto bare = boost::json::parse(problem_response({413, "too-large", {}, {}, {}}, "").body);
  EXPECT_EQ(bare.as_object().size(), 3U);
  EXPECT_EQ(bare.as_object().at("title").as_string(), "Too large");
}

TEST(Problem, EveryKindOfErrorHasItsStatus) {
  const std::pair<ErrorCode, unsigned> cases[] = {
      {ErrorCode::kInvalid, 400},     {ErrorCode::kUnauthenticated, 401},
      {ErrorCode::kForbidden, 403},   {ErrorCode::kNotFound, 404},
      {ErrorCode::kConflict, 409},    {ErrorCode::kTooLarge, 413},
      {ErrorCode::kUnavailable, 503}, {ErrorCode::kCorrupt, 503},
      {ErrorCode::kInternal, 500},
  };
  for (const auto& [code, status] : cases) {
    const Response response = error_response(make_error(code, "why `x`"), "i");
    EXPECT_EQ(response.status, status);
    const bool shown = response.body.find("why `x`") != std::string::npos;
    EXPECT_EQ(shown, code != ErrorCode::kInternal && code != ErrorCode::kCorrupt)
        << "what broke inside is not for callers";
  }
}

}  // namespace
}  // namespace fieldgate::http
