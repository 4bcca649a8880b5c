// What was in force before, kept in the data directory: for a rollback, and so that an old bundle
// is known when it comes again.
#pragma once

#include "gateway/policies/bundle.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policies {

/// Policies that are kept to go back to, the one in force among them.
inline constexpr std::size_t kMaxHistory = 16;

/// What is told about a policy that is or was in force.
struct Origin {
  std::string digest;
  std::string version;
  std::string author;  ///< this and what follows: of a bundle only
  std::string approver;
  std::uint64_t sequence = 0;
};

struct ArchiveState {
  std::vector<Origin> history;  ///< in order of when each was last put in force
  std::string in_force;         ///< the digest of one of them; empty before the first
  /// What the folder or bundle of the configuration last gave: it is not taken again, so that a
  /// rollback holds until something new comes.
  std::string source;
  std::uint64_t sequence = 0;  ///< the highest that was ever in force
  bool rolled_back = false;

  /// Null when none has the digest.
  [[nodiscard]] const Origin* find(std::string_view digest) const;
  /// Puts it at the end of the history and in force. What falls out of the history is returned.
  [[nodiscard]] std::vector<std::string> put_in_force(Origin origin);
};

/// A policy's documents and the state, in one folder of mode 0700. Not thread-safe.
class Archive {
 public:
  /// Makes the folder when there is none. `kCorrupt` for a state that cannot be read, or that is
  /// missing where documents are: what it knew of old bundles must not be forgotten by accident.
  [[nodiscard]] static Result<Archive> open(std::filesystem::path folder);

  [[nodiscard]] const ArchiveState& state() const { return state_; }

  /// Keeps a document; the same digest replaces it.
  [[nodiscard]] Result<void> keep(const std::string& digest, std::string_view document) const;
  [[nodiscard]] Result<std::string> read(const std::string& digest) const;
  void forget(const std::string& digest) const;

  /// Two steps, so that a record can be written between them: space is taken and the bytes are on
  /// disk after the first, and the second only renames.
  [[nodiscard]] Result<void> prepare(const ArchiveState& next) const;
  [[nodiscard]] Result<void> commit(ArchiveState next);
  /// Takes back a change that was prepared and not committed, or not for certain, in two steps as
  /// well: `was_cut_off` holds from before the first until the second is done.
  [[nodiscard]] Result<void> prepare_undo() const;
  [[nodiscard]] Result<void> undo();
  /// True when a process ended between the two steps.
  [[nodiscard]] bool was_cut_off() const;

 private:
  explicit Archive(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path document(const std::string& digest) const;

  std::filesystem::path folder_;
  ArchiveState state_;
  bool displaced_ = false;  // the file may hold another state than `state_`
};

}  // namespace fieldgate::policies
