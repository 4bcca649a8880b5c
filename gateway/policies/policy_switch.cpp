#include "gateway/policies/policy_switch.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace fieldgate::policies {

namespace {

/// Digits of a digest that name it in `policy rollback --to`.
constexpr std::size_t kMinDigestDigits = 8;

std::string words(const Origin& origin) {
  return origin.digest.empty() ? "none" : origin.version + " (" + origin.digest + ')';
}

std::string people(const Origin& origin) {
  return origin.author.empty() ? std::string("; from a folder, unsigned")
                               : "; sequence " + std::to_string(origin.sequence) + ", author " +
                                     origin.author + ", approver " + origin.approver;
}

}  // namespace

PolicySwitch::PolicySwitch(const config::Config& config, Archive archive, Services services)
    : config_(config), services_(std::move(services)), archive_(std::move(archive)) {}

Result<std::unique_ptr<PolicySwitch>> PolicySwitch::open(const config::Config& config,
                                                         const std::filesystem::path& folder,
                                                         Services services, Opening opening) {
  FIELDGATE_TRY(Archive archive, Archive::open(folder));
  std::unique_ptr<PolicySwitch> made(
      new PolicySwitch(config, std::move(archive), std::move(services)));
  made->update_status();
  if (opening == Opening::kTake) {
    FIELDGATE_TRY([[maybe_unused]] const Change change, made->take("at the start"));
  } else {
    FIELDGATE_CHECK_OK(made->resume_archived());
  }
  return made;
}

PolicyStatus PolicySwitch::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

Origin PolicySwitch::origin_in_force() const {
  const Origin* known = archive_.state().find(archive_.state().in_force);
  return known == nullptr ? Origin{} : *known;
}

void PolicySwitch::update_status() {
  const std::lock_guard lock(status_mutex_);
  status_.in_force = origin_in_force();
  status_.rolled_back = archive_.state().rolled_back;
  status_.history = archive_.state().history;
}

void PolicySwitch::refuse(const Error& error, const std::string& why,
                          const std::vector<Diagnostic>& findings) {
  for (const Diagnostic& finding : findings) {
    services_.say(format_diagnostic(finding));
  }
  {
    const std::lock_guard lock(status_mutex_);
    status_.refused = error.message;
    status_.refused_at = services_.clock.now();
    ++status_.refusals;
  }
  const auto recorded =
      services_.record(origin_in_force(), "a policy was refused " + why + ": " + error.message);
  if (recorded.has_error()) {
    services_.say("the refusal of a policy could not be recorded: " + recorded.error().message);
  }
}

Result<Change> PolicySwitch::take(const std::string& why) {
  const std::lock_guard lock(changing_);
  std::vector<Diagnostic> findings;
  Result<Change> taken = make_error(ErrorCode::kInternal, "nothing was read");
  try {
    taken = take_configured(why, findings);
  } catch (const std::exception& error) {
    // Nobody who waits for reads may lose the gateway over a policy.
    taken =
        make_error(ErrorCode::kInternal, std::string("the policy cannot be read: ") + error.what());
  }
  if (taken.has_error()) {
    refuse(taken.error(), why, findings);
    return taken;
  }
  for (const Diagnostic& finding : findings) {
    services_.say(format_diagnostic(finding));
  }
  const std::lock_guard status_lock(status_mutex_);
  status_.refused.clear();
  return taken;
}

Result<Change> PolicySwitch::take_configured(const std::string& why,
                                             std::vector<Diagnostic>& findings) {
  FIELDGATE_CHECK_OK(write_owed());
  FIELDGATE_TRY(Candidate candidate, read_configured(config_, findings));
  const ArchiveState& state = archive_.state();
  // The same bundle under another approver's name: the archive must hold what is vouched for now.
  const bool approved_anew = candidate.source == state.source &&
                             candidate.origin.digest == state.in_force &&
                             candidate.origin.approver != origin_in_force().approver;
  if (candidate.source == state.source && !approved_anew) {
    if (in_force_.get() == nullptr) {
      FIELDGATE_CHECK_OK(resume(std::move(candidate), findings));
    }
    const Origin now = origin_in_force();
    return Change{now, now, false};
  }
  if (!approved_anew && candidate.origin.sequence != 0 &&
      candidate.origin.sequence <= state.sequence) {
    return make_error(ErrorCode::kConflict,
                      "the bundle has sequence " + std::to_string(candidate.origin.sequence) +
                          ", and " + std::to_string(state.sequence) +
                          " was in force already: an old bundle comes back by `fieldgate policy "
                          "rollback` alone, a new one needs a higher sequence");
  }
  ArchiveState next = state;
  next.source = candidate.source;
  next.sequence = std::max(next.sequence, candidate.origin.sequence);
  next.rolled_back = false;
  const std::vector<std::string> dropped = next.put_in_force(candidate.origin);
  const auto kept = archive_.keep(candidate.origin.digest, candidate.document);
  auto change = kept.has_error() ? kept.error()
                                 : switch_to(candidate, std::move(next),
                                             approved_anew ? why + " with another approval" : why);
  if (change.has_error()) {
    forget(candidate.origin.digest);
    return change;
  }
  for (const std::string& digest : dropped) {
    archive_.forget(digest);
  }
  return change;
}

// The source has nothing new, and nothing is in force yet: this is a start.
Result<void> PolicySwitch::resume(Candidate candidate, std::vector<Diagnostic>& findings) {
  const std::string& digest = archive_.state().in_force;
  if (digest != candidate.content.digest) {
    auto kept = read_archived(config_, archive_, digest, findings);
    if (kept.has_error()) {
      return unusable(kept.error());
    }
    candidate = std::move(*kept);
  }
  return put_in_force_again(candidate.content);
}

Result<void> PolicySwitch::resume_archived() {
  const std::lock_guard lock(changing_);
  std::vector<Diagnostic> findings;
  const std::string& digest = archive_.state().in_force;
  if (digest.empty()) {
    auto first = read_configured(config_, findings);
    for (const Diagnostic& finding : findings) {
      services_.say(format_diagnostic(finding));
    }
    FIELDGATE_CHECK_OK(first);
    FIELDGATE_TRY(auto bound, services_.bind(first->content));
    in_force_.set(std::move(bound));
    return ok();
  }
  const auto kept = read_archived(config_, archive_, digest, findings);
  if (kept.has_error()) {
    return unusable(kept.error());
  }
  return put_in_force_again(kept->content);
}

// What was in force last cannot be any more: a signer who has left, bundles in place of a folder.
Error PolicySwitch::unusable(const Error& error) const {
  std::string way = "; it was in force last: ";
  way += config_.policy_bundle.empty()
             ? std::string("change the folder, so that `fieldgate serve` takes what is new in it")
             : "give `policy_bundle` a new bundle with a sequence above " +
                   std::to_string(archive_.state().sequence) +
                   ", which `fieldgate serve` then takes, or let `policy_signers` name its signers "
                   "again";
  return make_error(error.code, error.message + way);
}

Result<void> PolicySwitch::put_in_force_again(const Content& content) {
  FIELDGATE_TRY(auto bound, services_.bind(content));
  if (archive_.was_cut_off()) {
    // The log may tell of a change that did not come to its end: it must tell how that ended.
    FIELDGATE_CHECK_OK(services_.record(
        origin_in_force(), "a change of policy was cut off; policy " + words(origin_in_force()) +
                               " in force at the start" + people(origin_in_force())));
    FIELDGATE_CHECK_OK(archive_.undo());
  }
  in_force_.set(std::move(bound));
  return ok();
}

Result<Change> PolicySwitch::switch_to(const Candidate& candidate, ArchiveState next,
                                       const std::string& why) {
  Change change{origin_in_force(), candidate.origin, true};
  FIELDGATE_TRY(auto bound, services_.bind(candidate.content));
  FIELDGATE_CHECK_OK(archive_.prepare(next));
  const auto recorded =
      services_.record(change.is, "policy " + words(change.is) + " in force " + why +
                                      ", before it " + words(change.was) + people(change.is));
  if (recorded.has_error()) {
    return broken_off(
        change.is.digest,
        make_error(recorded.error().code,
                   "the change of policy cannot be recorded, so it does not take place: " +
                       recorded.error().message));
  }
  if (const auto committed = archive_.commit(std::move(next)); committed.has_error()) {
    return broken_off(change.is.digest, committed.error());
  }
  in_force_.set(std::move(bound));
  update_status();
  const std::lock_guard lock(status_mutex_);
  ++status_.changes;
  return change;
}

// From here on the log may tell, or may come to tell, of a change that did not take place.
Error PolicySwitch::broken_off(const std::string& digest, const Error& error) {
  broken_off_ = digest;
  if (const auto written = write_owed(); written.has_error()) {
    services_.say(written.error().message);
  }
  return error;
}

Result<void> PolicySwitch::write_owed() {
  if (broken_off_.empty()) {
    return ok();
  }
  const auto written = [&]() -> Result<void> {
    FIELDGATE_CHECK_OK(archive_.prepare_undo());
    FIELDGATE_CHECK_OK(services_.record(
        origin_in_force(), "the change to policy " + broken_off_ + " broke off; policy " +
                               words(origin_in_force()) + " stays in force"));
    return archive_.undo();
  }();
  if (written.has_error()) {
    return make_error(written.error().code,
                      "a change of policy broke off, and that the old one stays in force cannot be "
                      "recorded yet: " +
                          written.error().message);
  }
  forget(std::exchange(broken_off_, {}));
  return ok();
}

void PolicySwitch::settle() {
  const std::unique_lock lock(changing_, std::try_to_lock);
  if (lock.owns_lock() && !broken_off_.empty() && write_owed().has_value()) {
    services_.say("it is recorded that the old policy stays in force");
  }
}

// A document that no state names; one that a state on disk may name is kept.
void PolicySwitch::forget(const std::string& digest) const {
  if (digest != broken_off_ && archive_.state().find(digest) == nullptr) {
    archive_.forget(digest);
  }
}

Result<std::string> PolicySwitch::target_of(const std::string& digest) const {
  const ArchiveState& state = archive_.state();
  if (digest.empty()) {
    const auto now =
        std::find_if(state.history.begin(), state.history.end(),
                     [&](const Origin& each) { return each.digest == state.in_force; });
    if (now == state.history.begin() || now == state.history.end()) {
      return make_error(ErrorCode::kNotFound,
                        "there is no earlier policy to go back to; `fieldgate policy history` "
                        "lists what is kept");
    }
    return (now - 1)->digest;
  }
  std::vector<std::string> found;
  for (const Origin& each : state.history) {
    if (digest.size() >= kMinDigestDigits && each.digest.starts_with(digest)) {
      found.push_back(each.digest);
    }
  }
  if (found.size() != 1) {
    return make_error(ErrorCode::kNotFound,
                      "no one policy of the history has the digest `" + excerpt(digest) +
                          "`; give at least " + std::to_string(kMinDigestDigits) +
                          " of its digits, as `fieldgate policy history` lists them");
  }
  if (found.front() == state.in_force) {
    return make_error(ErrorCode::kConflict, "policy " + found.front() + " is in force already");
  }
  return found.front();
}

Result<Change> PolicySwitch::roll_back(const std::string& digest) {
  const std::lock_guard lock(changing_);
  FIELDGATE_CHECK_OK(write_owed());
  FIELDGATE_TRY(const std::string target, target_of(digest));
  std::vector<Diagnostic> findings;
  FIELDGATE_TRY(Candidate candidate, read_archived(config_, archive_, target, findings));
  ArchiveState next = archive_.state();
  // Its place in the history stays, so that going back once more goes further back.
  next.in_force = target;
  next.rolled_back = candidate.source != next.source;
  return switch_to(candidate, std::move(next), "by rollback");
}

}  // namespace fieldgate::policies
