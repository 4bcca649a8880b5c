// The read path: one read from its body to what must be recorded and answered.
#pragma once

#include "gateway/read_path/stages.h"

namespace fieldgate::read_path {

/// Runs every stage up to `record`. The result's line must be made durable and its answer completed
/// with `respond`. An error means that the request was malformed (`kInvalid`) or that not even a
/// refusal could be recorded: nothing is then released. Never throws.
[[nodiscard]] Result<Recordable> run(Environment& environment, const Call& call,
                                     const ReadRequest& request);

/// Runs the same stages up to the decision and tells what it is; no field is opened. `request`
/// names a pseudonym. Lines, answers and errors as above, but a refusal is a 200 that says no.
[[nodiscard]] Result<Evaluated> evaluate(Environment& environment, const Call& call,
                                         const ReadRequest& request);

}  // namespace fieldgate::read_path
