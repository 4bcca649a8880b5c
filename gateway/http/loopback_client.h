// One blocking request to this machine, for the demo's printed read.
#pragma once

#include <fieldgate/base/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fieldgate::http {

struct ClientAnswer {
  unsigned status = 0;
  std::string body;
};

/// POSTs JSON to 127.0.0.1 with a bearer key; `kUnavailable` when nobody answers.
[[nodiscard]] Result<ClientAnswer> post_to_loopback(std::uint16_t port, std::string_view path,
                                                    std::string_view bearer, std::string_view json);

}  // namespace fieldgate::http
