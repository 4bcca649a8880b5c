// What the store costs by itself: imports, reads that go to SQLCipher, hits of the hot set, memory.
// Usage: store_bench [PEOPLE] [FOLDER]; prints a table. Figures are for comparison on one machine.
#include <fieldgate/store/profile_store.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/store/hot_set.h"
#include "gateway/store/sqlcipher/sqlcipher_store.h"

namespace {

using namespace fieldgate;
using namespace fieldgate::store;

constexpr std::size_t kFields = 12;
constexpr std::size_t kSealedBytes = 100;
constexpr std::size_t kWrappedKeyBytes = 80;
constexpr std::uint64_t kBatch = 10'000;
constexpr std::uint64_t kReads = 200'000;

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "store_bench: %s\n", error.message.c_str());
  std::exit(1);
}

template <class T>
T require(Result<T> result) {
  if (result.has_error()) {
    give_up(result.error());
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

/// Time that passed, and time that a processor worked for this process: on a busy machine only the
/// second says something.
struct Elapsed {
  double wall = 0;
  double cpu = 0;
  Elapsed& operator+=(const Elapsed& other) {
    wall += other.wall;
    cpu += other.cpu;
    return *this;
  }
};

double clock_seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Watch {
 public:
  [[nodiscard]] Elapsed elapsed() const {
    return {clock_seconds(CLOCK_MONOTONIC) - wall_, clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_};
  }

 private:
  double wall_ = clock_seconds(CLOCK_MONOTONIC);
  double cpu_ = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
};

void print_rate(const char* what, Elapsed elapsed, std::uint64_t count) {
  const auto total = static_cast<double>(count);
  std::printf("%-28s %12.0f /s %12.0f /s of cpu\n", what, total / elapsed.wall,
              total / elapsed.cpu);
}

void print_time(const char* what, Elapsed elapsed, std::uint64_t count) {
  const auto total = static_cast<double>(count);
  std::printf("%-28s %12.3f us %12.3f us of cpu\n", what, elapsed.wall / total * 1e6,
              elapsed.cpu / total * 1e6);
}

/// Well mixed, as random ids and keyed indexes are.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 30U;
  value *= 0xbf58476d1ce4e5b9ULL;
  value ^= value >> 27U;
  value *= 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

SubjectId subject(std::uint64_t person) {
  SubjectId id;
  store_be<8>(id.bytes.data(), mixed(person + 1));
  store_be<8>(id.bytes.data() + 8, person);
  return id;
}

BlindIndex blind(std::uint64_t person, IdentifierType type) {
  BlindIndex index;
  for (std::size_t i = 0; i < 4; ++i) {
    store_be<8>(index.bytes.data() + 8 * i,
                mixed(person * 16 + static_cast<std::uint64_t>(type) * 4 + i + 7));
  }
  return index;
}

ProfileWrite person_write(std::uint64_t person, bool create) {
  ProfileWrite write;
  write.subject = subject(person);
  write.create = create;
  if (create) {
    write.wrapped_key = Bytes(kWrappedKeyBytes, 0x17);
    for (const IdentifierType type :
         {IdentifierType::kEmail, IdentifierType::kPhone, IdentifierType::kAccountId}) {
      write.add_links.push_back({type, 1, blind(person, type)});
    }
  }
  for (std::size_t i = 1; i <= kFields; ++i) {
    write.fields.push_back({static_cast<NameId>(i), 1, 1, 1, UtcTime{}, Bytes(kSealedBytes, 0x42)});
  }
  write.facts = Bytes(kSealedBytes, 0x43);
  return write;
}

Elapsed put_all(ProfileStore& store, std::uint64_t from, std::uint64_t to, bool create) {
  Elapsed busy;
  for (std::uint64_t at = from; at < to; at += kBatch) {
    std::vector<ProfileWrite> batch;  // made beforehand: the importer seals on other cores
    for (std::uint64_t person = at; person < std::min(to, at + kBatch); ++person) {
      batch.push_back(person_write(person, create));
    }
    const Watch watch;
    auto transaction = require(store.begin());
    for (const ProfileWrite& write : batch) {
      require(transaction->put(write));
    }
    require(transaction->commit());
    busy += watch.elapsed();
  }
  return busy;
}

Elapsed find_many(Reader& reader, std::uint64_t people, std::uint64_t reads, unsigned seed) {
  std::mt19937_64 random(seed);
  const Watch watch;
  for (std::uint64_t i = 0; i < reads; ++i) {
    if (require(reader.find(IdentifierType::kEmail,
                            blind(random() % people, IdentifierType::kEmail))) == nullptr) {
      give_up(make_error(ErrorCode::kInternal, "a person is missing"));
    }
  }
  return watch.elapsed();
}

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

SqlcipherOptions options(const std::filesystem::path& folder) {
  SqlcipherOptions out;
  out.directory = folder;
  out.profiles_key = SecretBytes(ByteView(Bytes(kDatabaseKeyBytes, 1)));
  out.keys_key = SecretBytes(ByteView(Bytes(kDatabaseKeyBytes, 2)));
  out.create = true;
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t people = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::filesystem::path folder =
      argc > 2 ? std::filesystem::path(argv[2])
               : std::filesystem::temp_directory_path() / "fieldgate-store-bench";
  std::filesystem::remove_all(folder);
  constexpr std::uint64_t kHotPeople = 20'000;  // as many as the benchmark of the whole gateway has
  const std::uint64_t hot_people = std::min(people, kHotPeople);
  std::printf("%llu people, %zu fields of %zu bytes, 3 identifiers\n",
              static_cast<unsigned long long>(people), kFields, kSealedBytes);
  {
    auto store = require(open_sqlcipher_store(options(folder)));
    const std::uint64_t again = std::min<std::uint64_t>(people, 5 * kBatch);
    print_rate("put, new people", put_all(*store, 0, people, true), people);
    print_rate("put, people changed", put_all(*store, 0, again, false), again);
    const std::uint64_t commits = 1'000;
    const Watch watch;
    for (std::uint64_t i = 0; i < commits; ++i) {
      auto transaction = require(store->begin());
      ConsentRecord record;
      record.id = "cns_" + std::to_string(i);
      record.subject = subject(i % people);
      record.purpose = 1;
      record.status = policy::ConsentStatus::kGiven;
      require(transaction->append_consent(record));
      require(transaction->commit());
    }
    print_time("consent, each committed", watch.elapsed(), commits);
  }
  {
    const Watch open_watch;
    auto store = require(open_sqlcipher_store(options(folder)));
    print_time("open the store", open_watch.elapsed(), 1);
    const Watch reader_watch;
    auto reader = require(store->reader());
    print_time("open a reader", reader_watch.elapsed(), 1);
    const Watch count_watch;
    if (require(reader->count_profiles()) != people) {
      give_up(make_error(ErrorCode::kInternal, "people are missing"));
    }
    print_time("count the people", count_watch.elapsed(), 1);
    print_time("find, first touch", find_many(*reader, hot_people, hot_people, 1), hot_people);
    print_time("find, pages cached", find_many(*reader, hot_people, kReads, 2), kReads);
    print_time("find, among all people", find_many(*reader, people, kReads, 3), kReads);
  }
  constexpr std::size_t kHotBytes = std::size_t{1} << 30U;
  auto hot = make_hot_store(require(open_sqlcipher_store(options(folder))), kHotBytes);
  auto hot_reader = require(hot->reader());
  for (std::uint64_t person = 0; person < hot_people; ++person) {
    require(hot_reader->find(IdentifierType::kEmail, blind(person, IdentifierType::kEmail)));
  }
  print_time("find, in the hot set", find_many(*hot_reader, hot_people, 5 * kReads, 5), 5 * kReads);
  for (std::uint64_t person = 0; person < people; ++person) {
    require(hot_reader->find(IdentifierType::kEmail, blind(person, IdentifierType::kEmail)));
  }
  const HotSetCounters full = hot->counters();
  constexpr double kMiB = 1U << 20U;
  std::printf(
      "hot set: %zu people, %.0f MiB counted, %.0f bytes each; process %.0f MiB resident\n",
      full.people, static_cast<double>(full.bytes) / kMiB,
      static_cast<double>(full.bytes) / static_cast<double>(std::max<std::size_t>(full.people, 1)),
      static_cast<double>(resident_bytes()) / kMiB);
  hot_reader.reset();
  hot.reset();
  std::filesystem::remove_all(folder);
  return 0;
}
