// kill -9 at random moments: each record that was acknowledged must be there afterwards.
#include "tests/unit/audit/audit_testing.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/verify.h>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::audit {
namespace {

using namespace testing;  // NOLINT

constexpr int kThreads = 3;
constexpr int kRecordsPerTurn = 4;

/// What the child tells: this record has this index. Small enough for an atomic pipe write.
struct Acknowledged {
  std::uint64_t number;
  std::uint64_t index;
};

/// Appends until it is killed. A child of a process with threads may only do so much, so this one
/// is forked before the test has any.
[[noreturn]] void append_forever(const std::filesystem::path& directory, int pipe,
                                 std::uint64_t salt) {
  RecoveryReport report;
  auto log = salt == 0 ? create_log(directory) : open_log(directory, report);
  if (log.has_error()) {
    std::fprintf(stderr, "child: %s\n", log.error().message.c_str());
    ::_exit(3);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      TestWaker waker;
      auto appender = (*log)->appender(waker);
      std::uint64_t number = (salt * kThreads + static_cast<std::uint64_t>(t)) << 32U;
      for (;;) {
        std::deque<Told> told(kRecordsPerTurn);
        const std::uint64_t first = number;
        for (Told& waiter : told) {
          appender->append(record_text(number++, 300), waiter);
        }
        flush_and_wait(*appender, waker, told.back());
        for (std::size_t i = 0; i < told.size(); ++i) {
          if (told[i].ok()) {
            const Acknowledged line{first + i, (*told[i].result)->index()};
            if (::write(pipe, &line, sizeof line) != static_cast<ssize_t>(sizeof line)) {
              ::_exit(4);
            }
          }
        }
      }
    });
  }
  for (;;) {
    if ((*log)->write_checkpoint().has_error()) {
      ::_exit(5);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

TEST(Kill, AcknowledgedRecordsSurvive) {
  const TemporaryDirectory temporary;
  const char* const wanted = std::getenv("FIELDGATE_LONG");
  const std::uint64_t rounds = wanted != nullptr ? 300 : 20;
  std::mt19937_64 random(std::random_device{}());
  std::vector<Acknowledged> all;
  std::uint64_t torn = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      append_forever(temporary.log(), ends[1], round);
    }
    ::close(ends[1]);
    // The child is killed after a random number of acknowledgements, so that every round has some.
    const std::uint64_t until = 1 + random() % 1500;
    Acknowledged line{};
    std::uint64_t seen = 0;
    bool killed = false;
    while (::read(ends[0], &line, sizeof line) == static_cast<ssize_t>(sizeof line)) {
      all.push_back(line);
      if (++seen >= until && !killed) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
        ::kill(child, SIGKILL);
        killed = true;
      }
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "round " << round << " status " << status;

    auto found = verify_log(temporary.log());
    ASSERT_TRUE(found.has_value() && found->ok)
        << (found.has_value() ? found->first_break->what : found.error().message);
    RecoveryReport report;
    auto log = open_log(temporary.log(), report);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    torn += report.torn_tail ? 1 : 0;
    ASSERT_TRUE((*log)->write_checkpoint().has_value());
  }
  auto found = verify_log(temporary.log());
  ASSERT_TRUE(found->ok && found->complete);
  std::vector<std::string> stored(found->size);
  for (const Acknowledged& line : all) {
    ASSERT_LT(line.index, found->size);
    ASSERT_TRUE(stored[line.index].empty()) << "one index was given twice";
    stored[line.index] = record_text(line.number, 300);
  }
  // Compares what is stored with what was acknowledged in one pass over the segment files.
  std::string text;
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator(temporary.log())) {
    if (entry.path().extension() == ".seg") {
      segments.push_back(entry.path());
    }
  }
  std::sort(segments.begin(), segments.end());
  for (const auto& path : segments) {
    text += read_text(path);
  }
  std::size_t at = 0;
  std::uint64_t missing = 0;
  for (const std::string& record : stored) {
    if (!record.empty()) {
      const std::size_t next = text.find(record, at);
      missing += next == std::string::npos ? 1 : 0;
      at = next == std::string::npos ? at : next;
    }
  }
  EXPECT_EQ(missing, 0U);
  std::printf("[ counts   ] %llu rounds, %zu acknowledged records, %llu torn tails\n",
              static_cast<unsigned long long>(rounds), all.size(),
              static_cast<unsigned long long>(torn));
}

}  // namespace
}  // namespace fieldgate::audit
