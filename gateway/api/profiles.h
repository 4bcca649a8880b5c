// PATCH /v1/profiles and POST /v1/profiles/import (role `ingest`).
#pragma once

#include "gateway/api/loop_state.h"

namespace fieldgate::api {

void patch_profile(LoopState& state, http::Exchange& exchange);
/// NDJSON of any length: a piece is read only when the rows of the one before are durable.
void import_profiles(LoopState& state, http::Exchange& exchange);

}  // namespace fieldgate::api
