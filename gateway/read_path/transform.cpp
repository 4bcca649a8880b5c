// Stage 6: what the purpose makes of each value: shown, masked, generalised, rounded, pseudonymised
// (GDPR 5(1)(c), 25(1)). After it every field's outcome is final.
#include "gateway/http/problem.h"
#include "gateway/read_path/stages.h"
#include "gateway/values/values.h"

namespace fieldgate::read_path {

namespace {

/// Room for a field's name and value in JSON; more is taken when a value needs it.
constexpr std::size_t kUsualFieldBytes = 48;

class DomainPseudonyms final : public values::ValuePseudonyms {
 public:
  explicit DomainPseudonyms(const BoundPolicy& policy) : policy_(policy) {}
  void append_pseudonym(std::string& out, std::uint16_t domain,
                        std::string_view plain) const override {
    out += policy_.value_domain(domain).of_value(plain);
  }

 private:
  const BoundPolicy& policy_;
};

}  // namespace

Step<Shaped> transform(const BoundPolicy& policy, Opened opened) {
  const policy::PurposeIndex purpose = opened.claim.question.purpose;
  Shaped shaped{std::move(opened.claim), opened.profile->subject(), opened.decision,
                std::move(opened.inputs), "{"};
  shaped.fields_json.reserve(opened.values.size() * kUsualFieldBytes);
  const DomainPseudonyms pseudonyms(policy);
  for (const auto& [field, plain] : opened.values) {
    const policy::Field& described = policy.set().fields()[field];
    if (shaped.fields_json.size() > 1) {
      shaped.fields_json += ',';
    }
    http::append_json_string(shaped.fields_json, described.name);
    shaped.fields_json += ':';
    const auto done =
        values::append_transformed_json(shaped.fields_json, described.type, plain.reveal_text(),
                                        policy.set().transform(purpose, field), &pseudonyms);
    if (done.has_error()) {
      return Refusal{503, policy::ReasonCode::kCannotDecide,
                     "a stored value does not fit its transform", purpose, shaped.subject};
    }
  }
  shaped.fields_json += '}';
  return shaped;
}

}  // namespace fieldgate::read_path
