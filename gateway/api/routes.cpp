#include "gateway/api/routes.h"

#include "gateway/api/consents.h"
#include "gateway/api/evaluations.h"
#include "gateway/api/profiles.h"
#include "gateway/api/reads.h"
#include "gateway/auth/role.h"

namespace fieldgate::api {

namespace {

using http::AuthPolicy;
using http::Method;

http::Handler on(const StateOf& state_of, void (*handler)(LoopState&, http::Exchange&)) {
  return [state_of, handler](http::Exchange& exchange) { handler(state_of(exchange), exchange); };
}

}  // namespace

void add_app_routes(http::Router& router, const StateOf& state_of, bool segment_door) {
  router.add(Method::kPost, "/v1/profiles/read", AuthPolicy::app_credential(),
             on(state_of, read_profile));
  router.add(Method::kPost, "/v1/profiles/read/batch", AuthPolicy::app_credential(),
             on(state_of, read_batch));
  router.add(Method::kPatch, "/v1/profiles", AuthPolicy::app_credential(auth::kIngestRole),
             on(state_of, patch_profile));
  router.add(Method::kPost, "/v1/profiles/import", AuthPolicy::app_credential(auth::kIngestRole),
             on(state_of, import_profiles), http::BodyMode::kStream);
  router.add(Method::kPost, "/v1/consents", AuthPolicy::app_credential(auth::kConsentRole),
             on(state_of, post_consent));
  router.add(Method::kGet, "/v1/consents", AuthPolicy::app_credential(auth::kConsentRole),
             on(state_of, get_consents));
  router.add(Method::kPost, "/v1/objections", AuthPolicy::app_credential(auth::kConsentRole),
             on(state_of, post_objection));
  router.add(Method::kPost, "/v1/restrictions", AuthPolicy::app_credential(auth::kConsentRole),
             on(state_of, post_restriction));
  router.add(Method::kPost, "/access/v1/evaluation", AuthPolicy::app_credential(),
             on(state_of, evaluate), http::BodyMode::kWhole, http::AnswerId::kEcho);
  router.add(Method::kPost, "/access/v1/evaluations", AuthPolicy::app_credential(),
             on(state_of, evaluate_list), http::BodyMode::kWhole, http::AnswerId::kEcho);
  router.add(Method::kGet, "/.well-known/authzen-configuration",
             AuthPolicy::no_auth("says where evaluations are asked for; nothing about people"),
             on(state_of, authzen_configuration), http::BodyMode::kWhole, http::AnswerId::kEcho);
  if (segment_door) {
    router.add(Method::kGet, "/v1/spaces/{space}/collections/users/profiles/{external_id}/traits",
               AuthPolicy::basic_app_credential(), on(state_of, read_traits));
  }
}

}  // namespace fieldgate::api
