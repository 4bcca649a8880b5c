// Offline verification: from stored bytes, with the public key alone. Uses no other module but
// crypto's signature and hash.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::audit {

/// The first place where the log is not what it claims.
struct LogBreak {
  std::uint64_t index = 0;  ///< of the record, where known
  std::string file;
  std::uint64_t offset = 0;  ///< in bytes
  std::string what;          ///< a plain sentence
};

struct VerifyReport {
  bool ok = false;         ///< everything that the checkpoint covers is whole
  std::uint64_t size = 0;  ///< records that the checkpoint covers
  Hash32 root{};           ///< of the checkpoint
  bool complete = false;   ///< no record beyond the checkpoint, no unfinished tail
  std::optional<LogBreak> first_break;
  std::uint64_t stored = 0;  ///< records found
};

/// Verifies a log directory, or a state directory that holds one in `log/`, live or copied. Without
/// `verifier_key`, the one stored beside the log is used. Reads only.
[[nodiscard]] Result<VerifyReport> verify_log(const std::filesystem::path& path,
                                              std::string_view verifier_key = {});

/// Called with a record's index and its stored bytes, which live during the call.
using ReadRecord = std::function<void(std::uint64_t, std::string_view)>;

/// As `verify_log`, and shows each record that the checkpoint covers, in order, while it reads.
/// What was shown counts only when the report that follows is `ok`. `stopping` is asked before each
/// segment; when it says so the reading ends with `kUnavailable`.
[[nodiscard]] Result<VerifyReport> read_log(const std::filesystem::path& path,
                                            std::string_view verifier_key, const ReadRecord& visit,
                                            const std::function<bool()>& stopping = {});

/// The verifier key stored in that log, as `verify_log` would use it.
[[nodiscard]] Result<std::string> stored_verifier_key(const std::filesystem::path& path);

/// An inclusion proof (RFC 9162 section 2.1.3) of one record against the log's current checkpoint.
struct InclusionProof {
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  Hash32 leaf{};
  Hash32 root{};
  std::vector<Hash32> path;
  std::string record;  ///< the stored line
};
/// Builds the proof from stored bytes; `kNotFound` beyond the checkpoint.
[[nodiscard]] Result<InclusionProof> prove_inclusion(const std::filesystem::path& path,
                                                     std::uint64_t index);
/// True when the path leads from the leaf to the root.
[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash32& leaf,
                                    const std::vector<Hash32>& path, const Hash32& root);
[[nodiscard]] bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash32& root1,
                                      const Hash32& root2, const std::vector<Hash32>& path);

}  // namespace fieldgate::audit
