// Serving until a signal: what `serve` and `demo` share.
#pragma once

#include "gateway/gateway.h"

namespace fieldgate::cli {

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all that it starts; call it before
/// any thread is made, so that only `serve_until_signal` sees them. Ignores SIGPIPE and SIGXFSZ,
/// turns core dumps off.
void prepare_signals();

/// Serves until SIGTERM or SIGINT (drains, exit 0) or until the audit log has failed (exit 1).
/// SIGHUP reloads policy and certificates.
int serve_until_signal(Gateway& gateway);

}  // namespace fieldgate::cli
