// The system of record: two SQLCipher databases with raw keys (ADR 0010).
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/store/profile_store.h>

#include <cstddef>
#include <filesystem>
#include <memory>

namespace fieldgate::store {

/// The length of both database keys.
inline constexpr std::size_t kDatabaseKeyBytes = 32;

/// 64 MiB of log: folded back often enough for a quick recovery after a crash, seldom enough that
/// an import does not write each page of links again and again.
inline constexpr int kDefaultCheckpointPages = 16'384;

struct SqlcipherOptions {
  std::filesystem::path directory;  ///< holds profiles.db and keys.db
  SecretBytes profiles_key;         ///< `kDatabaseKeyBytes` random bytes
  SecretBytes keys_key;             ///< likewise, of its own
  /// Decrypted pages that each reader keeps; filled as it reads, so an upper bound. The cache of
  /// keys.db gets an eighth on top.
  std::size_t reader_cache_bytes = std::size_t{64} << 20U;
  /// Likewise for the one writer. An import is fastest while all identifier links fit.
  std::size_t writer_cache_bytes = std::size_t{128} << 20U;
  /// A commit that leaves this many pages of 4 KiB in a write-ahead log folds it back.
  int checkpoint_pages = kDefaultCheckpointPages;
  /// Makes the folder (mode 0700) and the databases (0600) that are not there yet.
  bool create = false;
};

/// Opens the store. No other process may have it open: the caller holds the folder's lock.
/// The store must outlive its transactions; a reader stands on its own. A reader keeps its read
/// transaction open between two reads; the store ends it when the log has to be folded back.
///
/// Errors: `kNotFound` no database and `create` is off; `kUnauthenticated` (detail `wrong-key`) the
/// key does not open a database, which a damaged first page and a file of SQLCipher 4 look like,
/// too; `kCorrupt` damage, a plain SQLite file, or one database of the two missing; `kConflict`
/// (`schema-newer`) a newer release wrote it; `kUnavailable` the folder cannot be written
/// (`read-only`), the disk is full (`disk-full`); `kInvalid` a key of another length.
///
/// Full disk later: the transaction fails with `kUnavailable` (`disk-full`), nothing of it is
/// stored, and the next one works once there is room. A failed sync (`sync-failed`) is final: what
/// is on disk is unknown, so each later `begin()` fails and the process should end.
[[nodiscard]] Result<std::unique_ptr<ProfileStore>> open_sqlcipher_store(
    const SqlcipherOptions& options);

}  // namespace fieldgate::store
