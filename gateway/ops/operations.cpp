#include "gateway/ops/operations.h"

#include "gateway/http/problem.h"

namespace fieldgate::ops {

namespace {

using http::AuthPolicy;
using http::Method;

void answer_health(http::Exchange& exchange, bool good, std::string_view word,
                   const std::string& detail) {
  if (!good) {
    exchange.answer(http::error_response(make_error(ErrorCode::kUnavailable, detail),
                                         exchange.request().request_id));
    return;
  }
  http::Response response;
  response.body = "{\"status\":\"" + std::string(word) + "\"}";
  exchange.answer(std::move(response));
}

// The policy part of readiness. A refused policy does not end readiness: the old one is in force
// and reads go on, so a load balancer must keep sending them; an operator reads the word and the
// cause.
std::string readiness_text(const policies::PolicyStatus& policy) {
  const bool refused = !policy.refused.empty();
  std::string body = refused ? "{\"status\":\"degraded\"" : "{\"status\":\"ready\"";
  body += ",\"policy\":{\"version\":";
  http::append_json_string(body, policy.in_force.version);
  body += ",\"digest\":";
  http::append_json_string(body, policy.in_force.digest);
  body += ",\"state\":";
  body += refused ? "\"update-refused\"" : policy.rolled_back ? "\"rolled-back\"" : "\"current\"";
  if (refused) {
    body += ",\"since\":";
    http::append_json_string(body, format_rfc3339(policy.refused_at));
    body += ",\"because\":";
    http::append_json_string(body, policy.refused);
  }
  return body + "}}";
}

void answer_readiness(http::Exchange& exchange, Deployment& deployment) {
  if (!deployment.log().healthy() || deployment.failed()) {
    answer_health(exchange, false, {},
                  "reads cannot be recorded: " + deployment.log().health_detail());
    return;
  }
  http::Response response;
  response.body = readiness_text(deployment.policies().status());
  exchange.answer(std::move(response));
}

// A label's value as Prometheus escapes it.
std::string label(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '\n'               ? std::string("\\n")
           : c == '"' || c == '\\' ? std::string{'\\', c}
                                   : std::string{c};
  }
  return out + '"';
}

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help, std::uint64_t value) {
  out += "# HELP fieldgate_" + std::string(name) + ' ' + std::string(help) + "\n# TYPE fieldgate_" +
         std::string(name) + ' ' + std::string(type) + "\nfieldgate_" + std::string(name) + ' ' +
         std::to_string(value) + '\n';
}

void append_responses(std::string& out, const server::ResponseCounts& responses) {
  constexpr std::string_view kName = "fieldgate_http_responses_total";
  out += "# HELP " + std::string(kName) + " Answers by status.\n# TYPE " + std::string(kName) +
         " counter\n";
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const bool counted_apart = i < server::kCountedStatuses.size();
    out += std::string(kName) + "{code=\"" +
           (counted_apart ? std::to_string(server::kCountedStatuses[i]) : "other") + "\"} " +
           std::to_string(responses[i]) + '\n';
  }
}

void append_policy(std::string& out, const policies::PolicyStatus& policy) {
  out +=
      "# HELP fieldgate_policy_info The policy in force.\n# TYPE fieldgate_policy_info gauge\n"
      "fieldgate_policy_info{version=" +
      label(policy.in_force.version) + ",digest=" + label(policy.in_force.digest) + "} 1\n";
  append_metric(out, "policy_update_refused", "gauge",
                "1 while the newest policy is refused and an older one stays in force.",
                policy.refused.empty() ? 0 : 1);
  append_metric(out, "policy_rolled_back", "gauge", "1 while a rollback holds.",
                policy.rolled_back ? 1 : 0);
  append_metric(out, "policy_changes_total", "counter", "Policies put in force.", policy.changes);
  append_metric(out, "policy_refusals_total", "counter", "Policies refused.", policy.refusals);
}

}  // namespace

void add_operations_routes(http::Router& router, Deployment& deployment,
                           std::function<server::Counters()> counters) {
  const AuthPolicy open =
      AuthPolicy::no_auth("its own listener, loopback by default; says nothing about people");
  router.add(Method::kGet, "/healthz", open, [&deployment](http::Exchange& exchange) {
    answer_health(exchange, !deployment.failed(), "alive",
                  "a sync to disk has failed: " + deployment.log().health_detail());
  });
  router.add(Method::kGet, "/readyz", open,
             [&deployment](http::Exchange& exchange) { answer_readiness(exchange, deployment); });
  router.add(
      Method::kGet, "/metrics", open,
      [&deployment, counters = std::move(counters)](http::Exchange& exchange) {
        const server::Counters now = counters();
        http::Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        std::string& out = response.body;
        append_metric(out, "connections_accepted_total", "counter", "Connections accepted.",
                      now.connections_accepted);
        append_metric(out, "connections_open", "gauge", "Connections open.", now.connections_open);
        append_metric(out, "requests_total", "counter", "Requests taken in.", now.requests);
        append_metric(out, "requests_malformed_total", "counter", "Requests refused at the edge.",
                      now.malformed);
        append_responses(out, now.responses);
        append_metric(out, "deadline_cuts_total", "counter", "Connections cut by a deadline.",
                      now.deadline_cuts);
        append_metric(out, "accept_pauses_total", "counter",
                      "Times that accepting paused for want of descriptors.", now.accept_pauses);
        append_metric(out, "connections_shed_total", "counter",
                      "Connections turned away at the limit.", now.shed);
        append_metric(out, "faults_total", "counter", "Requests that met a fault of ours.",
                      now.faults);
        append_metric(out, "audit_records", "gauge", "Durable audit records.",
                      deployment.log().size());
        append_metric(out, "audit_healthy", "gauge", "1 while reads can be recorded.",
                      deployment.log().healthy() ? 1 : 0);
        append_policy(out, deployment.policies().status());
        exchange.answer(std::move(response));
      });
}

}  // namespace fieldgate::ops
