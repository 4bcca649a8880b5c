// One route that answers 600 bytes: measures what the edge itself costs per request.
//   edge_bench_server PORT [turn|deferred] [CERTIFICATE KEY]
// "deferred" answers from the end of the loop's turn, as the read path does.
#include "gateway/http/router.h"
#include "gateway/server/server.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace {

constexpr std::size_t kBodyBytes = 600;

fieldgate::http::Response bench_answer() {
  fieldgate::http::Response response;
  response.body.assign(kBodyBytes, 'x');
  return response;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fieldgate;
  if (argc < 2) {
    std::fprintf(stderr, "usage: edge_bench_server PORT [turn|deferred] [CERTIFICATE KEY]\n");
    return 2;
  }
  const bool deferred = argc > 2 && std::string(argv[2]) == "deferred";
  auto router = std::make_shared<http::Router>();
  router->add(http::Method::kGet, "/", http::AuthPolicy::no_auth("it measures"),
              [deferred](http::Exchange& exchange) {
                if (!deferred) {
                  exchange.answer(bench_answer());
                  return;
                }
                exchange.loop().at_turn_end([&exchange] { exchange.answer(bench_answer()); });
              });
  server::ListenerOptions listener;
  listener.name = "bench";
  listener.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  listener.router = router;
  if (argc > 4) {
    listener.tls = server::TlsFiles{argv[3], argv[4]};
  }
  server::ServerOptions options;
  options.listeners.push_back(std::move(listener));
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  auto server = server::Server::start(std::move(options));
  if (server.has_error()) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("port %u\n", (*server)->port(0));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  (*server)->stop();
  std::printf("requests %llu\n", static_cast<unsigned long long>((*server)->counters().requests));
  return 0;
}
