// POST and GET /v1/consents, POST /v1/objections, POST /v1/restrictions.
#pragma once

#include "gateway/api/loop_state.h"

namespace fieldgate::api {

/// How far a `collected_at` may lie ahead of our clock.
inline constexpr std::chrono::minutes kMaxCollectedAhead{5};

void post_consent(LoopState& state, http::Exchange& exchange);
void get_consents(LoopState& state, http::Exchange& exchange);
void post_objection(LoopState& state, http::Exchange& exchange);
void post_restriction(LoopState& state, http::Exchange& exchange);

}  // namespace fieldgate::api
