// What the store costs by itself: imports, reads that go to SQLCipher, hits of the hot set, memory.
// Usage: store_bench [PEOPLE] [FOLDER]; prints a table. Figures are for comparison on one machine.
#include <fieldgate/store/profile_store.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

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

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
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

double puts_per_second(ProfileStore& store, std::uint64_t from, std::uint64_t to, bool create) {
  double busy = 0;
  for (std::uint64_t at = from; at < to; at += kBatch) {
    std::vector<ProfileWrite> batch;  // made beforehand: the importer seals on other cores
    for (std::uint64_t person = at; person < std::min(to, at + kBatch); ++person) {
      batch.push_back(person_write(person, create));
    }
    const double start = seconds();
    auto transaction = require(store.begin());
    for (const ProfileWrite& write : batch) {
      require(transaction->put(write));
    }
    require(transaction->commit());
    busy += seconds() - start;
  }
  return static_cast<double>(to - from) / busy;
}

double micros_per_find(Reader& reader, std::uint64_t people, std::uint64_t reads, unsigned seed) {
  std::mt19937_64 random(seed);
  const double start = seconds();
  for (std::uint64_t i = 0; i < reads; ++i) {
    if (require(reader.find(IdentifierType::kEmail,
                            blind(random() % people, IdentifierType::kEmail))) == nullptr) {
      give_up(make_error(ErrorCode::kInternal, "a person is missing"));
    }
  }
  return (seconds() - start) / static_cast<double>(reads) * 1e6;
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
    std::printf("put, new people            %10.0f /s\n", puts_per_second(*store, 0, people, true));
    std::printf("put, the same again        %10.0f /s\n",
                puts_per_second(*store, 0, std::min<std::uint64_t>(people, 5 * kBatch), false));
    const std::uint64_t commits = 1'000;
    const double start = seconds();
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
    std::printf("consent, each committed    %10.0f us\n",
                (seconds() - start) / static_cast<double>(commits) * 1e6);
  }
  double start = seconds();
  auto store = make_hot_store(require(open_sqlcipher_store(options(folder))), 0);
  std::printf("open                       %10.1f ms\n", (seconds() - start) * 1e3);
  start = seconds();
  auto reader = require(store->reader());
  std::printf("open a reader              %10.1f ms\n", (seconds() - start) * 1e3);
  start = seconds();
  const std::uint64_t counted = require(reader->count_profiles());
  std::printf("count %9llu people     %10.1f ms\n", static_cast<unsigned long long>(counted),
              (seconds() - start) * 1e3);
  std::printf("find, first touch          %10.2f us\n",
              micros_per_find(*reader, hot_people, hot_people, 1));
  std::printf("find, pages cached         %10.2f us\n",
              micros_per_find(*reader, hot_people, kReads, 2));
  std::printf("find, among all people     %10.2f us\n",
              micros_per_find(*reader, people, kReads, 3));
  reader.reset();
  store.reset();

  constexpr std::size_t kHotBytes = std::size_t{1} << 30U;
  auto hot = make_hot_store(require(open_sqlcipher_store(options(folder))), kHotBytes);
  auto hot_reader = require(hot->reader());
  micros_per_find(*hot_reader, hot_people, 5 * hot_people, 4);
  const double few = micros_per_find(*hot_reader, hot_people, 5 * kReads, 5);
  for (std::uint64_t person = 0; person < people; ++person) {
    require(hot_reader->find(IdentifierType::kEmail, blind(person, IdentifierType::kEmail)));
  }
  const HotSetCounters full = hot->counters();
  std::printf("hot find, %6llu people    %10.0f ns\n", static_cast<unsigned long long>(hot_people),
              few * 1e3);
  std::printf(
      "hot set: %zu people, %.0f MiB counted, %.0f bytes each; process %.0f MiB resident\n",
      full.people, static_cast<double>(full.bytes) / (1U << 20U),
      static_cast<double>(full.bytes) / static_cast<double>(std::max<std::size_t>(full.people, 1)),
      static_cast<double>(resident_bytes()) / (1U << 20U));
  hot_reader.reset();
  hot.reset();
  std::filesystem::remove_all(folder);
  return 0;
}
