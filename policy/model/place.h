// Where something stands in the policy files, small enough to keep for every rule.
#pragma once

#include <cstdint>

namespace fieldgate::policy {

struct Place {
  std::uint32_t file = 0;  ///< index into the policy's file names
  int line = 0;
  int column = 0;
};

}  // namespace fieldgate::policy
