// A policy's folder, bound to a store as the gateway binds it.
#pragma once

#include "gateway/policies/content.h"
#include "gateway/read_path/bound_policy.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace fieldgate {

/// Null, with a failure of the test, when it cannot be bound.
inline std::shared_ptr<const read_path::BoundPolicy> bind_test_policy(
    const std::filesystem::path& folder, store::ProfileStore& store, crypto::Keyring& keyring) {
  std::vector<Diagnostic> findings;
  const auto content = policies::read_directory(folder, findings);
  if (content.has_error()) {
    ADD_FAILURE() << content.error().message;
    return nullptr;
  }
  auto bound = read_path::BoundPolicy::bind(*content, store.names(), keyring);
  if (bound.has_error()) {
    ADD_FAILURE() << bound.error().message;
    return nullptr;
  }
  return *bound;
}

}  // namespace fieldgate
