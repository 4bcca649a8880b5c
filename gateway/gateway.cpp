#include "gateway/gateway.h"

#include "gateway/api/routes.h"
#include "gateway/auth/role.h"
#include "gateway/ops/commands.h"
#include "gateway/ops/operations.h"
#include "gateway/write/import_rows.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace fieldgate {

namespace {

bool carries(const config::Listener& listener, config::Surface surface) {
  return std::find(listener.surfaces.begin(), listener.surfaces.end(), surface) !=
         listener.surfaces.end();
}

}  // namespace

Gateway::Gateway(Deployment& deployment) : deployment_(deployment) {
  keys_ = std::make_shared<auth::ApiKeyRing>(
      deployment.clock(), [&deployment](std::string_view app, std::string_view role) {
        return auth::app_has_role(deployment.policy().get()->set(), app, role);
      });
}

Result<std::unique_ptr<Gateway>> Gateway::start(Deployment& deployment) {
  std::unique_ptr<Gateway> gateway(new Gateway(deployment));
  FIELDGATE_CHECK_OK(gateway->reload_credentials());
  FIELDGATE_CHECK_OK(gateway->open_listeners());
  FIELDGATE_CHECK_OK(gateway->open_control());
  gateway->log_watch_ = std::thread([raw = gateway.get()] { raw->watch_log(); });
  gateway->watch_policy();
  return gateway;
}

Gateway::~Gateway() {
  request_stop();
  policy_watch_.reset();
  control_.reset();
  if (server_ != nullptr) {
    server_->stop();
  }
  // The loops have ended, and requests that outlived the drain may still wait: for the writer,
  // whose work uses the loops' state, and for the log. Both are settled while the connections live.
  deployment_.writer().drain();
  for (const auto& loop : loops_) {
    loop->close();
  }
  if (log_watch_.joinable()) {
    log_watch_.join();
  }
}

Result<void> Gateway::reload_credentials() {
  // Read and put in force as one: a list that is read before a revocation must not follow it.
  const std::lock_guard lock(credentials_mutex_);
  const auto credentials = deployment_.store().credentials();
  credentials_known_ = credentials.has_value();
  if (credentials.has_error()) {
    // One of them may just have been revoked: until they can be read, none is good.
    keys_->reload({});
    return credentials.error();
  }
  keys_->reload(*credentials);
  return ok();
}

Result<void> Gateway::open_listeners() {
  const config::Config& config = deployment_.config();
  server::ServerOptions options;
  options.limits = config.limits;
  options.loops =
      config.loops != 0 ? config.loops : std::max(1U, std::thread::hardware_concurrency());
  options.authenticator = keys_;
  for (unsigned i = 0; i < options.loops; ++i) {
    FIELDGATE_TRY(auto state, api::LoopState::make(deployment_));
    loops_.push_back(std::move(state));
  }
  const api::StateOf state_of = [this](http::Exchange& exchange) -> api::LoopState& {
    return *loops_[exchange.loop().index()];
  };
  for (const config::Listener& listener : config.listeners) {
    auto router = std::make_shared<http::Router>();
    if (carries(listener, config::Surface::kApps)) {
      api::add_app_routes(*router, state_of, config.segment_door);
    }
    if (carries(listener, config::Surface::kDevelopers)) {
      api::add_developer_routes(*router);
    }
    if (carries(listener, config::Surface::kOperations)) {
      ops::add_operations_routes(*router, deployment_, [this] {
        const server::Server* server = counted_.load();
        return server != nullptr ? server->counters() : server::Counters{};
      });
    }
    options.listeners.push_back({listener.name, listener.address, listener.port, listener.tls,
                                 listener.plain_behind_proxy, std::move(router)});
  }
  options.on_loop_start = [this](http::Loop& loop) { loops_[loop.index()]->attach(loop); };
  options.on_loop_tick = [this](http::Loop& loop) { loops_[loop.index()]->tick(); };
  FIELDGATE_TRY(server_, server::Server::start(std::move(options)));
  counted_.store(server_.get());
  return ok();
}

Result<void> Gateway::open_control() {
  FIELDGATE_TRY(
      control_,
      ops::ControlServer::start(
          deployment_.config().data_directory,
          [this](const boost::json::object& request, const ops::ControlServer::Progress& progress) {
            ops::CommandHooks hooks;
            hooks.rows_per_transaction = write::kRowsBesideTraffic;
            hooks.progress = progress;
            hooks.stopping = [this] {
              const std::lock_guard lock(mutex_);
              return stopping_;
            };
            hooks.credentials_changed = [this] {
              if (const auto reloaded = reload_credentials(); reloaded.has_error()) {
                deployment_.say(
                    "credentials cannot be read, so every key is refused until they "
                    "can: " +
                    reloaded.error().message);
              }
            };
            return ops::run_command(deployment_, hooks, request);
          }));
  return ok();
}

std::uint16_t Gateway::port(config::Surface surface) const {
  const auto& listeners = deployment_.config().listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (carries(listeners[i], surface)) {
      return server_->port(i);
    }
  }
  return 0;
}

void Gateway::reload() {
  if (const auto tls = server_->reload_tls(); tls.has_error()) {
    deployment_.say("the old certificate stays in use on " + tls.error().message);
  }
  take_policy("at a signal", true);
}

void Gateway::take_policy(const std::string& why, bool say_unchanged) {
  const auto taken = deployment_.policies().take(why);
  if (taken.has_error()) {
    deployment_.say("the old policy stays in force: " + taken.error().message);
  } else if (taken->changed || say_unchanged) {
    deployment_.say("policy " + taken->is.version + " is in force");
  }
}

void Gateway::watch_policy() {
  const config::Config& config = deployment_.config();
  auto watch = policies::Watch::start(
      config.policy_bundle.empty() ? config.policy_directory : config.policy_bundle,
      {[this] { take_policy("as its files changed", false); },
       [this](const std::string& said) { deployment_.say(said); }});
  if (watch.has_error()) {
    deployment_.say(watch.error().message + "; send SIGHUP after a change");
    return;
  }
  policy_watch_ = std::move(*watch);
  // What changed between the reading at the start and here is seen now.
  take_policy("as its files changed", false);
}

void Gateway::watch_log() {
  std::unique_lock lock(mutex_);
  std::string last_problem;
  while (!changed_.wait_for(lock, kCheckpointInterval, [this] { return stopping_; })) {
    lock.unlock();
    if (!credentials_known_ && reload_credentials().has_value()) {
      deployment_.say("credentials are read again");
    }
    deployment_.policies().settle();
    std::string problem;
    if (const auto written = deployment_.log().write_checkpoint(); written.has_error()) {
      problem = written.error().message;
    }
    if (problem != last_problem) {
      deployment_.say(problem.empty() ? "checkpoints are written again"
                                      : "the checkpoint cannot be written: " + problem);
      last_problem = problem;
    }
    lock.lock();
    if (deployment_.failed()) {
      stopping_ = true;
      changed_.notify_all();
      return;
    }
  }
}

bool Gateway::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_; });
  return !deployment_.failed();
}

void Gateway::request_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

}  // namespace fieldgate
