// Which paths each surface carries.
#pragma once

#include "gateway/api/loop_state.h"
#include "gateway/http/router.h"

#include <functional>

namespace fieldgate::api {

/// Finds the state of the loop that an exchange lives on.
using StateOf = std::function<LoopState&(http::Exchange&)>;

/// The apps API; the Segment-shaped door only where it is switched on.
void add_app_routes(http::Router& router, const StateOf& state_of, bool segment_door);
/// `/openapi.json` and the page that is drawn from it.
void add_developer_routes(http::Router& router);

/// The OpenAPI 3.1 document as it is served.
[[nodiscard]] std::string_view openapi_document();

}  // namespace fieldgate::api
