// The composition root of a serving gateway: a deployment, its surfaces, its listeners.
#pragma once

#include "gateway/api/loop_state.h"
#include "gateway/auth/api_key_ring.h"
#include "gateway/deployment.h"
#include "gateway/ops/control.h"
#include "gateway/policies/watch.h"
#include "gateway/server/server.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace fieldgate {

/// How often the log's growth is signed.
inline constexpr std::chrono::seconds kCheckpointInterval{1};

/// Serves a deployment until it is destroyed. `start` binds every listener or none.
class Gateway {
 public:
  /// `deployment` outlives the gateway.
  [[nodiscard]] static Result<std::unique_ptr<Gateway>> start(Deployment& deployment);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// The first listener that carries the surface; 0 when there is none.
  [[nodiscard]] std::uint16_t port(config::Surface surface) const;
  /// Credentials changed in the store: obey at the next request. When they cannot be read every
  /// key is refused, and they are tried again each second.
  [[nodiscard]] Result<void> reload_credentials();
  /// SIGHUP: policy and certificates again. What is broken leaves the old one in force and is said.
  /// A changed policy is also noticed by itself.
  void reload();
  /// Blocks until `stop_requested` or the log has failed; true for a clean stop.
  bool wait();
  /// Async-signal-unsafe; call from an ordinary thread.
  void request_stop();

 private:
  explicit Gateway(Deployment& deployment);
  Result<void> open_listeners();
  Result<void> open_control();
  void watch_policy();
  void take_policy(const std::string& why, bool say_unchanged);
  void watch_log();

  Deployment& deployment_;
  std::shared_ptr<auth::ApiKeyRing> keys_;
  std::vector<std::unique_ptr<api::LoopState>> loops_;
  std::unique_ptr<server::Server> server_;
  std::atomic<server::Server*> counted_{nullptr};  // for /metrics, set once the server runs
  std::unique_ptr<ops::ControlServer> control_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::mutex credentials_mutex_;
  std::atomic<bool> credentials_known_{true};
  bool stopping_ = false;  // guarded by mutex_
  std::thread log_watch_;
  std::unique_ptr<policies::Watch> policy_watch_;
};

}  // namespace fieldgate
