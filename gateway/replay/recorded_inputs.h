// The inputs of a recorded decision, put before another policy.
#pragma once

#include "gateway/read_path/decision_inputs.h"

#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile_store.h>

#include <vector>

namespace fieldgate::replay {

/// Translates the store's names into one policy's indexes, as `read_path::BoundPolicy` does, but
/// writes nothing to the store: a draft may have names that no store knows. Used by one thread;
/// `policy` and `names` outlive it.
class RecordedInputs {
 public:
  RecordedInputs(const policy::PolicySet& policy, const store::Names& names)
      : policy_(policy), names_(names) {}

  /// `question` has app, purpose and time; the rest comes from the inputs. The policy has the
  /// purpose.
  [[nodiscard]] policy::Decision decide(const policy::Engine& engine, policy::Question question,
                                        const read_path::DecisionInputs& inputs);

 private:
  [[nodiscard]] FieldIndex field_of(store::NameId name);
  [[nodiscard]] std::uint8_t level_of(const policy::Purpose& purpose, store::NameId level) const;
  [[nodiscard]] std::uint16_t text_of(const policy::Purpose& purpose, store::NameId version) const;
  void gather(policy::PurposeIndex purpose, const read_path::DecisionInputs& inputs);

  const policy::PolicySet& policy_;
  const store::Names& names_;
  std::vector<FieldIndex> fields_;  // by NameId, as far as they were asked for
  // of one decision, reused
  std::vector<policy::ConsentFact> own_;
  std::vector<policy::ConsentFact> guardian_;
  std::vector<policy::ObjectionFact> objections_;
  std::vector<UtcTime> collected_at_;
};

}  // namespace fieldgate::replay
