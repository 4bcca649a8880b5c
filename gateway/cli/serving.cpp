#include "gateway/cli/serving.h"

#include "gateway/cli/common.h"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>
#include <sys/resource.h>

#include <iostream>
#include <thread>

namespace fieldgate::cli {

namespace {

sigset_t served_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void prepare_signals() {
  const sigset_t set = served_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  // A core file would hold unwrapped keys.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

int serve_until_signal(Gateway& gateway) {
  std::thread signals([&gateway] {
    const sigset_t set = served_signals();
    int received = 0;
    while (sigwait(&set, &received) == 0 && received == SIGHUP) {
      gateway.reload();
    }
    gateway.request_stop();
  });
  const bool clean = gateway.wait();
  // Wakes the signal thread when it was the log that ended the wait.
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): that thread takes it with sigwait
  pthread_kill(signals.native_handle(), SIGTERM);
  signals.join();
  // From here a second signal ends the process at once.
  const sigset_t set = served_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  if (!clean) {
    std::cerr << "fieldgate: error: the audit log has failed; the process ends, because what "
                 "cannot be recorded must not be answered. The next start verifies the log.\n";
    return kExitFinding;
  }
  std::cerr << "fieldgate: stopping: open requests may finish\n";
  return kExitOk;
}

}  // namespace fieldgate::cli
