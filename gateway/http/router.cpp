#include "gateway/http/router.h"

#include "gateway/http/target.h"

#include <algorithm>
#include <stdexcept>

namespace fieldgate::http {

namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Takes the next segment off `path`, which begins with a slash.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, Request& request) {
  std::size_t parameter = 0;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = take_segment(pattern);
    const std::string_view segment = take_segment(path);
    if (is_parameter(expected)) {
      if (!decode_segment(segment, request.parameters[parameter])) {
        return false;
      }
      ++parameter;
    } else if (segment != expected) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool serves(const Route& route, Method method) {
  return route.method == method || (route.method == Method::kGet && method == Method::kHead);
}

void allow(std::string& allowed, Method method) {
  if (!allowed.empty()) {
    allowed.append(", ");
  }
  allowed.append(method == Method::kGet ? "GET, HEAD" : method_name(method));
}

void check_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) {
    throw std::invalid_argument("route pattern must begin with a slash");
  }
  std::size_t parameters = 0;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::string_view segment = take_segment(rest);
    const bool bare_root = pattern.size() == 1;
    if ((segment.empty() && !bare_root) ||
        (!is_parameter(segment) && segment.find_first_of("{}%") != std::string_view::npos)) {
      throw std::invalid_argument("route pattern has a malformed segment");
    }
    parameters += is_parameter(segment) ? 1 : 0;
  }
  if (parameters > kMaxPathParameters) {
    throw std::invalid_argument("route pattern has too many parameters");
  }
}

}  // namespace

void Router::add(Method method, std::string pattern, AuthPolicy auth, Handler handler,
                 BodyMode body, AnswerId answer_id) {
  check_pattern(pattern);
  if (method == Method::kOther || method == Method::kHead) {
    throw std::invalid_argument("route method must be a concrete one; HEAD comes with GET");
  }
  if (auth.kind == AuthPolicy::Kind::kNoAuth && auth.reason.empty()) {
    throw std::invalid_argument("an open route must say why");
  }
  for (const Route& route : routes_) {
    if (route.method == method && route.pattern == pattern) {
      throw std::invalid_argument("route `" + pattern + "` is there already");
    }
  }
  const bool literal = pattern.find('{') == std::string::npos;
  const std::size_t index = routes_.size();
  if (literal) {
    literal_[pattern].push_back(index);
  } else {
    parametric_.push_back(index);
  }
  routes_.push_back(
      {method, std::move(pattern), std::move(auth), std::move(handler), body, answer_id});
}

Router::Match Router::match(Request& request) const {
  Match found;
  if (!request.path.starts_with('/')) {
    return found;
  }
  const auto literal = literal_.find(request.path);
  if (literal != literal_.end()) {
    for (const std::size_t index : literal->second) {
      if (serves(routes_[index], request.method)) {
        found.route = &routes_[index];
        return found;
      }
      allow(found.allowed, routes_[index].method);
    }
    return found;  // a literal path hides patterns that would match it too
  }
  for (const std::size_t index : parametric_) {
    if (matches(routes_[index].pattern, request.path, request)) {
      if (serves(routes_[index], request.method)) {
        found.route = &routes_[index];
        found.allowed.clear();
        return found;
      }
      allow(found.allowed, routes_[index].method);
    }
  }
  return found;
}

}  // namespace fieldgate::http
