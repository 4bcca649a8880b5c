// Which handler answers which method and path, and who may reach it.
#pragma once

#include "gateway/http/exchange.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fieldgate::http {

/// Who may reach a route. A mandatory argument of `Router::add`: no route is open by default.
struct AuthPolicy {
  enum class Kind { kNoAuth, kAppCredential, kBasicAppCredential };
  Kind kind;
  std::string role;    ///< a role the principal must have; empty: any valid credential
  std::string reason;  ///< why a route needs no credential

  /// Open, for a reason that is written down.
  static AuthPolicy no_auth(std::string reason) { return {Kind::kNoAuth, {}, std::move(reason)}; }
  /// `Authorization: Bearer <api key>`.
  static AuthPolicy app_credential(std::string_view role = {}) {
    return {Kind::kAppCredential, std::string(role), {}};
  }
  /// HTTP Basic with the key as user name (Segment-shaped door).
  static AuthPolicy basic_app_credential() { return {Kind::kBasicAppCredential, {}, {}}; }
};

/// Finds the principal behind a request (gateway/auth). Thread-safe. The seam for JWT and mTLS.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// `kUnauthenticated` without saying which part was wrong.
  [[nodiscard]] virtual Result<std::shared_ptr<const auth::Principal>> authenticate(
      const Request& request, AuthPolicy::Kind kind) = 0;
  [[nodiscard]] virtual bool has_role(const auth::Principal& principal, std::string_view role) = 0;
};

using Handler = std::function<void(Exchange&)>;
enum class BodyMode { kWhole, kStream };
/// What an answer's X-Request-ID is: our id, or the one that the client sent where it sent one
/// (AuthZEN asks for that). Ours alone is recorded, and `Request::request_id` is always ours.
enum class AnswerId { kOurs, kEcho };

struct Route {
  Method method;
  std::string pattern;  ///< "/v1/consents/{id}"; "{name}" matches one segment
  AuthPolicy auth;
  Handler handler;
  BodyMode body = BodyMode::kWhole;
  AnswerId answer_id = AnswerId::kOurs;
};

/// Immutable once serving starts; then thread-safe.
class Router {
 public:
  /// Throws `std::invalid_argument` on a malformed pattern, a route that is there already, an open
  /// route without a reason, or the methods kHead (it comes with kGet) and kOther.
  void add(Method method, std::string pattern, AuthPolicy auth, Handler handler,
           BodyMode body = BodyMode::kWhole, AnswerId answer_id = AnswerId::kOurs);
  /// For tests and the OpenAPI check: every route.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  ///< null: see `allowed`
    std::string allowed;           ///< methods of the path, for 405; empty: 404
  };
  /// Matches and fills `request.parameters`. A route without parameters wins over one with. HEAD is
  /// served by GET's route. A path with an encoded slash, NUL or dot segment matches nothing.
  [[nodiscard]] Match match(Request& request) const;

 private:
  struct PathHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view path) const {
      return std::hash<std::string_view>{}(path);
    }
  };
  std::vector<Route> routes_;
  /// Positions in `routes_` of the routes without parameters, by path, and of the others.
  std::unordered_map<std::string, std::vector<std::size_t>, PathHash, std::equal_to<>> literal_;
  std::vector<std::size_t> parametric_;
};

}  // namespace fieldgate::http
