// The edge's parsers on arbitrary octets: head scanner, head parser, router, chunked decoder. Input
// is cut in two places that the input itself chooses, since bugs hide at the seams.
#include "gateway/http/chunked.h"
#include "gateway/http/request_head.h"
#include "gateway/http/router.h"
#include "gateway/http/target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fieldgate::http;

const Router& router() {
  static const Router made = [] {
    Router routes;
    const auto nothing = [](Exchange&) {};
    const auto open = AuthPolicy::no_auth("fuzzing");
    routes.add(Method::kGet, "/", open, nothing);
    routes.add(Method::kPost, "/v1/consents", open, nothing);
    routes.add(Method::kGet, "/v1/{a}/{b}", open, nothing);
    routes.add(Method::kGet, "/{a}/{b}/{c}/{d}", open, nothing);
    return routes;
  }();
  return made;
}

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_head(std::string_view bytes, const HeadLimits& limits) {
  Request request;
  RequestHead head;
  const Refusal refusal = parse_head(bytes, limits, request, head);
  if (refusal) {
    require(refusal.status >= 400 && refusal.status < 600);
    return;
  }
  require(request.method != Method::kOther && request.path.starts_with('/'));
  require(!(head.chunked && head.content_length));
  require(!head.chunked || head.version == 11);
  require(request.headers.size() <= limits.fields);
  for (const auto& [name, value] : request.headers) {
    require(name.data() >= bytes.data() &&
            name.data() + name.size() <= bytes.data() + bytes.size());
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  const Router::Match match = router().match(request);
  if (match.route != nullptr) {
    for (const std::string& parameter : request.parameters) {
      require(parameter.find('/') == std::string::npos && parameter != "..");
    }
  }
}

void check_chunks(std::string_view bytes, std::size_t cut) {
  std::string whole(bytes);
  ChunkDecoder at_once;
  const auto expected = at_once.decode(whole.data(), whole.size());
  require(expected.produced <= expected.consumed && expected.consumed <= bytes.size());
  std::string first(bytes.substr(0, cut));
  std::string second(bytes.substr(cut));
  ChunkDecoder in_two;
  auto outcome = in_two.decode(first.data(), first.size());
  std::string content = first.substr(0, outcome.produced);
  if (outcome.status == ChunkDecoder::Status::kNeedMore) {
    require(outcome.consumed == first.size());
    outcome = in_two.decode(second.data(), second.size());
    content += second.substr(0, outcome.produced);
  }
  require(outcome.status == expected.status);
  require(content == whole.substr(0, expected.produced));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = std::min<std::size_t>(data[0] + 256U * (data[1] & 0x0FU), bytes.size());
  const HeadLimits limits;
  HeadScanner in_two;
  HeadScanner::Status status = HeadScanner::Status::kNeedMore;
  if (cut > 0) {
    status = in_two.scan(bytes.substr(0, cut), limits);
  }
  if (status == HeadScanner::Status::kNeedMore) {
    status = in_two.scan(bytes, limits);
  }
  if (status == HeadScanner::Status::kComplete) {
    require(in_two.end() <= bytes.size() && in_two.end() - in_two.begin() <= limits.bytes);
    check_head(bytes.substr(in_two.begin(), in_two.end() - in_two.begin()), limits);
    HeadScanner at_once;
    const HeadScanner::Status again = at_once.scan(bytes, limits);
    require(again == HeadScanner::Status::kComplete && at_once.end() == in_two.end());
    check_chunks(bytes.substr(in_two.end()), std::min(cut, bytes.size() - in_two.end()));
  }
  check_chunks(bytes, cut);
  static_cast<void>(is_valid_host(bytes));
  return 0;
}
