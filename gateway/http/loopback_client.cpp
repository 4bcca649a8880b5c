#include "gateway/http/loopback_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace fieldgate::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

Result<ClientAnswer> post_to_loopback(std::uint16_t port, std::string_view path,
                                      std::string_view bearer, std::string_view json) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  boost::system::error_code failure;
  stream.connect({asio::ip::address_v4::loopback(), port}, failure);
  beast::http::request<beast::http::string_body> request(beast::http::verb::post, std::string(path),
                                                         11);
  request.set(beast::http::field::host, "127.0.0.1");
  request.set(beast::http::field::authorization, "Bearer " + std::string(bearer));
  request.set(beast::http::field::content_type, "application/json");
  request.body() = std::string(json);
  request.prepare_payload();
  if (!failure) {
    beast::http::write(stream, request, failure);
  }
  beast::flat_buffer buffer;
  beast::http::response<beast::http::string_body> response;
  if (!failure) {
    beast::http::read(stream, buffer, response, failure);
  }
  if (failure) {
    return make_error(ErrorCode::kUnavailable,
                      "no answer on port " + std::to_string(port) + ": " + failure.message());
  }
  return ClientAnswer{response.result_int(), std::move(response.body())};
}

}  // namespace fieldgate::http
