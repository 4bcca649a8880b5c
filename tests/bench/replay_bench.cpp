// Replay of a log that the read path itself made: RECORDS reads of PEOPLE people of the bookshop's
// kind, decided again under the same policy. usage: replay_bench RECORDS PEOPLE POLICY DIRECTORY;
// prints one line of JSON.
#include "gateway/deployment.h"
#include "gateway/ops/commands.h"
#include "gateway/read_path/pipeline.h"
#include "gateway/replay/replay.h"
#include "gateway/write/import_consents.h"
#include "tests/bench/log_load.h"

#include <fieldgate/crypto/random.h>

#include <boost/json/serialize.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

namespace {

using namespace fieldgate;
using namespace fieldgate::bench;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t kRecordsPerCommit = 512;

template <class T>
T must(Result<T> result) {
  if (result.has_error()) {
    give_up(result.error().message);
  }
  return std::move(*result);
}

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::string email_of(std::uint64_t person) {
  return "p" + std::to_string(person) + "@example.com";
}

void import_people(Deployment& deployment, const std::filesystem::path& folder,
                   std::uint64_t people) {
  const std::filesystem::path file = folder / "people.csv";
  {
    std::ofstream out(file);
    out << "account_id,first_name,last_name,email,postcode,city,country,birth_date,loyalty_tier,"
           "favourite_genres,last_purchase,lifetime_value\n";
    for (std::uint64_t i = 0; i < people; ++i) {
      out << "A-" << i << ",Ada,Whitcombe," << email_of(i)
          << ",LS1 4AP,Leeds,GB,1984-12-10,leather,crime|poetry,2026-10-12,1234.50\n";
    }
  }
  (void)must(
      ops::run_command(deployment, {}, {{"command", "profiles.import"}, {"file", file.string()}}));
  std::stringstream consents;
  for (std::uint64_t i = 0; i < people; ++i) {
    consents << R"({"identifier":{"type":"email","value":")" << email_of(i)
             << R"("},"purpose":"personalisation","state":")" << (i % 4 == 3 ? "refused" : "given")
             << R"(","level":"full","notice":{"version":"v1","language":"en"},)"
                R"("method":"button","collected_at":"2026-02-01T04:03:00Z"})"
             << '\n';
  }
  const write::ImportRun run{deployment.writer(),
                             deployment.sealing(),
                             deployment.policy().get(),
                             write::kRowsAlone,
                             {},
                             {}};
  const auto report =
      must(write::import_consents(run, consents, deployment.clock().now(), "bench"));
  if (!report.rejected.listed().empty()) {
    give_up(report.rejected.listed().front().message);
  }
}

// CPU seconds of this thread for the reads themselves.
double make_log(Deployment& deployment, std::uint64_t records, std::uint64_t people) {
  const auto reader = must(deployment.store().reader());
  read_path::Environment environment{deployment.keyring(),
                                     deployment.indexer(),
                                     *reader,
                                     deployment.policy(),
                                     deployment.clock(),
                                     deployment.audit_key(),
                                     deployment.random(),
                                     {}};
  Waker waker;
  Counting counting;
  const auto appender = deployment.log().appender(waker);
  const auto principal =
      std::make_shared<const auth::Principal>(auth::Principal{"web-shop", "benchbench", ""});
  double spent = 0;
  for (std::uint64_t i = 0; i < records; ++i) {
    const double before = cpu_seconds();
    read_path::Call call;
    call.principal = principal;
    call.policy = deployment.policy().get();
    call.record_id = "bench00000000000" + std::to_string(1'000'000'000'000'000 + i);
    call.request_id = call.record_id;
    call.now = deployment.clock().now();
    read_path::ReadRequest request;
    const std::string value = email_of(i * 7919 % people);
    request.identifier_type = IdentifierType::kEmail;
    request.identifier_value = value;
    request.purpose = "personalisation";
    request.all_fields = i % 2 == 0;
    if (!request.all_fields) {
      request.fields = {"first_name", "city", "favourite_genres"};
    }
    const auto recordable = must(read_path::run(environment, call, request));
    spent += cpu_seconds() - before;
    appender->append(recordable.line, counting);
    if ((i + 1) % kRecordsPerCommit == 0 || i + 1 == records) {
      appender->flush();
      while (counting.count <= i) {
        waker.wait();
        appender->deliver();
      }
    }
  }
  if (deployment.log().write_checkpoint().has_error()) {
    give_up("no checkpoint");
  }
  return spent;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    give_up("usage: replay_bench RECORDS PEOPLE POLICY DIRECTORY");
  }
  const std::uint64_t records = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t people = std::strtoull(argv[2], nullptr, 10);
  const std::filesystem::path folder(argv[4]);
  if (records == 0 || people == 0 || crypto::initialise().has_error()) {
    give_up("nothing to measure");
  }
  const std::filesystem::path secret = folder / "secret";
  std::ofstream(secret) << "a passphrase for this benchmark alone\n";
  ::chmod(secret.c_str(), 0600);
  config::Config config;
  config.data_directory = folder / "data";
  config.policy_directory = argv[3];
  config.root_key = crypto::PassphraseFile{secret};
  config.log_origin = "bench.example/audit";
  const SystemClock clock;
  crypto::SystemRandom random;
  const auto deployment =
      must(Deployment::open(config, {clock, random, [](const std::string&) {}}));
  import_people(*deployment, folder, people);
  const double reading = make_log(*deployment, records, people);

  const auto policy =
      policy::PolicySnapshot(deployment->policy().get(), &deployment->policy().get()->set());
  const auto reader = must(deployment->store().passing_reader());
  const Steady::time_point start = Steady::now();
  const double cpu_before = cpu_seconds();
  replay::PeopleKeys keys(deployment->keyring(), deployment->audit_key(), *reader);
  const auto report = must(replay::replay_log(
      policy, folder / "data", {}, {&keys, &deployment->store().names()}, [](std::uint64_t) {},
      [] { return false; }));
  const double wall = seconds_since(start);
  const double cpu = cpu_seconds() - cpu_before;
  if (report.evaluated != records || report.unchanged != records) {
    give_up("the same policy decided " + std::to_string(records - report.unchanged) +
            " reads otherwise");
  }
  std::cout << boost::json::serialize(
                   boost::json::object{{"records", records},
                                       {"people", people},
                                       {"read_us", reading * 1e6 / static_cast<double>(records)},
                                       {"replay_seconds", wall},
                                       {"replay_cpu_seconds", cpu}})
            << '\n';
  return 0;
}
