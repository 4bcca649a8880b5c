// Opening a log: reading what is stored, and clearing what a cut-off commit left behind.
#pragma once

#include "audit/append/log_state.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/base/result.h>

namespace fieldgate::audit {

/// Verifies the stored log, takes its state over into `state` and makes its last segment ready to
/// be written. `kCorrupt` names file and offset, and nothing has then been changed.
[[nodiscard]] Result<void> recover_log(Log::State& state, RecoveryReport& report);

}  // namespace fieldgate::audit
