// The tlog checkpoint (c2sp.org/tlog-checkpoint): the body of the signed note over a log's state.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fieldgate::audit {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash32 root{};
};

/// "<origin>\n<size>\n<base64 root>\n".
[[nodiscard]] std::string format_checkpoint(const Checkpoint& checkpoint);

/// Reads the body of a checkpoint. Strict: a decimal size without leading zeros, a root of 32
/// bytes. Extension lines are allowed when none is empty, and ignored. `kInvalid` otherwise.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view body);

}  // namespace fieldgate::audit
