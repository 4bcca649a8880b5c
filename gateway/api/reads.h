// POST /v1/profiles/read, /v1/profiles/read/batch, and the Segment-shaped door to the same path.
#pragma once

#include "gateway/api/loop_state.h"

namespace fieldgate::api {

/// Most reads in one batch; one more is 400.
inline constexpr std::size_t kMaxBatchReads = 100;
/// Largest `limit` of the Segment-shaped door, and its default.
inline constexpr std::size_t kMaxTraits = 200;
inline constexpr std::size_t kDefaultTraits = 10;

void read_profile(LoopState& state, http::Exchange& exchange);
void read_batch(LoopState& state, http::Exchange& exchange);
/// GET /v1/spaces/{space}/collections/users/profiles/{external_id}/traits
void read_traits(LoopState& state, http::Exchange& exchange);

}  // namespace fieldgate::api
