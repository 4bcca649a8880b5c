// GET /openapi.json, and the page that people read.
#include "gateway/api/routes.h"
#include "gateway/web/docs_page.h"
#include "gateway/web/embedded.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace fieldgate::api {

namespace {

using http::AuthPolicy;
using http::Method;

/// The page may load its style sheet and nothing else; it has no script at all.
constexpr std::string_view kPageSources =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

http::Handler serve(std::string_view content_type, std::string body) {
  return [content_type,
          kept = std::make_shared<const std::string>(std::move(body))](http::Exchange& exchange) {
    http::Response response;
    response.content_type = content_type;
    response.body = *kept;
    response.headers.emplace_back("Content-Security-Policy", std::string(kPageSources));
    exchange.answer(std::move(response));
  };
}

}  // namespace

void add_developer_routes(http::Router& router) {
  auto page =
      web::render_docs_page(openapi_document(), web::docs_template(), web::table_template());
  if (page.has_error()) {
    // Document and template are parts of the binary: a fault in them is ours, and start-up shows
    // it.
    throw std::logic_error(page.error().message);
  }
  const AuthPolicy open =
      AuthPolicy::no_auth("the description of the API; says nothing about people");
  router.add(Method::kGet, "/openapi.json", open,
             serve("application/json", std::string(openapi_document())));
  router.add(Method::kGet, "/docs", open, serve("text/html; charset=utf-8", std::move(*page)));
  router.add(Method::kGet, "/docs/style.css", open,
             serve("text/css; charset=utf-8", std::string(web::docs_style())));
}

std::string_view openapi_document() {
  return web::openapi_json();
}

}  // namespace fieldgate::api
