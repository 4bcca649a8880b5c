// POST and GET /v1/consents, POST /v1/objections, POST /v1/restrictions.
#pragma once

#include "gateway/api/loop_state.h"

#include <cstddef>

namespace fieldgate::api {

/// Largest `limit` of a page of `GET /v1/consents`, and its default.
inline constexpr std::size_t kMaxConsentsListed = 1000;
inline constexpr std::size_t kDefaultConsentsListed = 100;

void post_consent(LoopState& state, http::Exchange& exchange);
void get_consents(LoopState& state, http::Exchange& exchange);
void post_objection(LoopState& state, http::Exchange& exchange);
void post_restriction(LoopState& state, http::Exchange& exchange);

}  // namespace fieldgate::api
