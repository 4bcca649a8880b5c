// The operations surface: is the process alive, may it take traffic, what has it done.
#pragma once

#include "gateway/deployment.h"
#include "gateway/http/router.h"
#include "gateway/server/server.h"

#include <functional>

namespace fieldgate::ops {

/// `/healthz`, `/readyz`, `/metrics`. `counters` is asked per request; all thread-safe.
void add_operations_routes(http::Router& router, Deployment& deployment,
                           std::function<server::Counters()> counters);

}  // namespace fieldgate::ops
