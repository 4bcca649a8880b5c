#include "gateway/store/name_table.h"

#include <fieldgate/store/profile_store.h>

#include <mutex>

namespace fieldgate::store {

NameId NameTable::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = ids_.find(name);
  return found == ids_.end() ? kNoName : found->second;
}

std::string_view NameTable::name(NameId id) const {
  if (id == kNoName || id > size_.load(std::memory_order_acquire)) {
    return {};
  }
  const std::size_t position = id - 1U;
  return (*chunks_[position / kChunkNames])[position % kChunkNames];
}

Result<NameId> NameTable::next_id(std::string_view name) const {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return make_error(ErrorCode::kInvalid, "a name must have 1 to 255 bytes", "bad-name");
  }
  const std::size_t size = size_.load(std::memory_order_relaxed);
  if (size >= kMaxNames) {
    return make_error(ErrorCode::kUnavailable, "the dictionary of names is full", "names-full");
  }
  return static_cast<NameId>(size + 1);
}

void NameTable::add(std::string_view name) {
  const std::size_t position = size_.load(std::memory_order_relaxed);
  std::unique_ptr<Chunk>& chunk = chunks_[position / kChunkNames];
  if (chunk == nullptr) {
    chunk = std::make_unique<Chunk>();
  }
  std::string& stored = (*chunk)[position % kChunkNames];
  stored = name;
  const std::unique_lock lock(mutex_);
  ids_.emplace(stored, static_cast<NameId>(position + 1));
  size_.store(position + 1, std::memory_order_release);
}

}  // namespace fieldgate::store
