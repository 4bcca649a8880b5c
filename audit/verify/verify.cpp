#include <fieldgate/audit/verify.h>

#include "audit/merkle/proof.h"
#include "audit/verify/walk.h"

#include <string>

namespace fieldgate::audit {

Result<VerifyReport> verify_log(const std::filesystem::path& path, std::string_view verifier_key) {
  return read_log(path, verifier_key, [](std::uint64_t, std::string_view) {});
}

Result<VerifyReport> read_log(const std::filesystem::path& path, std::string_view verifier_key,
                              const ReadRecord& visit, const std::function<bool()>& stopping) {
  FIELDGATE_TRY(std::filesystem::path directory, locate_log(path));
  LogWalk walk(std::move(directory));
  FIELDGATE_TRY(const bool signed_well, walk.read_checkpoint(verifier_key));
  if (signed_well) {
    FIELDGATE_CHECK_OK(walk.read_segments(
        [&](const StoredRecord& record) {
          if (record.index < walk.report().size) {
            visit(record.index, as_text(record.record));
          }
        },
        stopping));
  }
  return walk.report();
}

Result<std::string> stored_verifier_key(const std::filesystem::path& path) {
  FIELDGATE_TRY(const std::filesystem::path directory, locate_log(path));
  FIELDGATE_TRY(const NoteKey key, read_stored_key(directory));
  return format_verifier_key(key);
}

Result<InclusionProof> prove_inclusion(const std::filesystem::path& path, std::uint64_t index) {
  FIELDGATE_TRY(std::filesystem::path directory, locate_log(path));
  LogWalk walk(std::move(directory));
  FIELDGATE_TRY(const bool signed_well, walk.read_checkpoint({}));
  const std::uint64_t size = walk.report().size;
  if (signed_well && index >= size) {
    return make_error(ErrorCode::kNotFound,
                      "record " + std::to_string(index) +
                          " is beyond the checkpoint, which covers " + std::to_string(size),
                      "audit-no-record");
  }
  InclusionProof proof;
  proof.index = index;
  proof.size = size;
  if (signed_well) {
    InclusionPathBuilder builder(index, size);
    FIELDGATE_CHECK_OK(walk.read_segments([&](const StoredRecord& record) {
      builder.push(record.index, record.leaf);
      if (record.index == index) {
        proof.leaf = record.leaf;
        proof.record = std::string(as_text(record.record));
      }
    }));
    proof.path = builder.path();
    proof.root = walk.report().root;
  }
  if (const auto& broken = walk.report().first_break) {
    return make_error(
        ErrorCode::kCorrupt,
        "`" + broken->file + "` at byte " + std::to_string(broken->offset) + ": " + broken->what,
        "audit-corrupt");
  }
  return proof;
}

}  // namespace fieldgate::audit
