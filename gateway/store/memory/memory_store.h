// The store of the tests: the same contract as the SQLCipher adapter, nothing on disk.
#pragma once

#include <fieldgate/store/profile_store.h>

#include <memory>

namespace fieldgate::store {

/// An empty store. Each transaction copies the index of people, so it is meant for thousands of
/// people, not millions.
[[nodiscard]] std::unique_ptr<ProfileStore> make_memory_store();

}  // namespace fieldgate::store
