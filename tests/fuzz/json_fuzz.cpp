// Strict JSON on arbitrary octets: what is accepted must read the same when it is written again.
#include "gateway/http/json.h"
#include "gateway/http/problem.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fieldgate::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  unsigned char room[2048];
  boost::json::monotonic_resource storage(room, sizeof room);
  const auto parsed = parse_json(text, &storage);
  if (!parsed.has_error()) {
    const auto again = parse_json(boost::json::serialize(*parsed));
    if (again.has_error() || *again != *parsed) {
      std::abort();
    }
  }
  std::string literal;
  append_json_string(literal, text);
  const auto back = parse_json(literal);
  if (back.has_error() != (text.find('\0') != std::string_view::npos)) {
    std::abort();
  }
  return 0;
}
