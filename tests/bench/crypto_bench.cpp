// Times the calls that one read makes, on one core; prints nanoseconds, median of several rounds.
#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/crypto/pseudonym.h>
#include <fieldgate/crypto/random.h>
#include <fieldgate/crypto/sealed_field.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fieldgate::policy {

// The program does not link the policy engine, so it may stand in for it.
class Engine {
 public:
  static Permit permit(const SubjectId& subject, const FieldSet& fields) {
    return Permit(subject, fields);
  }
};

}  // namespace fieldgate::policy

namespace {

using namespace fieldgate;
using namespace fieldgate::crypto;

template <class Call>
void measure(const char* name, int calls, Call call) {
  constexpr int kRounds = 9;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) {
      call();
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    rounds.push_back(spent.count() / calls);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  std::printf("%-34s %9.0f ns\n", name, rounds[kRounds / 2]);
}

// What is computed must not be optimised away.
void expect(bool held) {
  if (!held) {
    std::fputs("a call failed\n", stderr);
    std::exit(1);
  }
}

Keyring make_keyring(const std::filesystem::path& folder, Random& random) {
  const std::filesystem::path secret = folder / "passphrase";
  std::ofstream(secret) << "correct horse battery\n";
  std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
  auto made = Keyring::create(folder / "keyring.json", PassphraseFile{secret}, random,
                              ArgonCosts{64 * 1024, 1});
  expect(made.has_value());
  return std::move(*made);
}

void run(const std::filesystem::path& folder) {
  SystemRandom random;
  const Keyring keyring = make_keyring(folder, random);
  SubjectId subject;
  random.fill(subject.bytes);
  const SubjectKey key = keyring.make_subject_key(random);
  const Bytes wrapped = keyring.wrap_subject_key(subject, key, random);
  FieldContext context;
  context.tenant = keyring.tenant();
  context.subject = subject;
  context.field = "last_name";
  FieldSet fields;
  fields.set(3);
  const Permit permit = policy::Engine::permit(subject, fields);
  const std::string value(31, 'a');
  const Bytes sealed = *seal_field(key, context, as_bytes(value), random);

  constexpr int kMany = 100'000;
  measure("seal, 31 bytes", kMany,
          [&] { expect(seal_field(key, context, as_bytes(value), random).has_value()); });
  measure("open, 31 bytes", kMany,
          [&] { expect(open_field(permit, 3, key, context, sealed).has_value()); });
  for (const std::size_t size : {std::size_t{1024}, kMaxFieldBytes}) {
    const std::string large(size, 'a');
    const Bytes large_sealed = *seal_field(key, context, as_bytes(large), random);
    measure(("open, " + std::to_string(size) + " bytes").c_str(), kMany / 10,
            [&] { expect(open_field(permit, 3, key, context, large_sealed).has_value()); });
  }
  measure("unwrap subject key", kMany,
          [&] { expect(keyring.unwrap_subject_key(subject, wrapped).has_value()); });
  measure("wrap subject key", kMany,
          [&] { expect(!keyring.wrap_subject_key(subject, key, random).empty()); });

  const PseudonymDomain domain(keyring.tenant_key(TenantKey::kPsn), KeyVersion{1}, "web-shop",
                               "personalisation");
  const std::string pseudonym = domain.encode(subject);
  measure("pseudonym encode", kMany, [&] { expect(domain.encode(subject).size() == 48); });
  measure("pseudonym decode", kMany, [&] { expect(domain.decode(pseudonym).has_value()); });
  measure("pseudonym of a value", kMany, [&] { expect(!domain.of_value("Leeds").empty()); });

  const BlindIndexer indexer(keyring.tenant_key(TenantKey::kIdx));
  const std::string email = "ada.lovelace@example.com";
  measure("blind index", kMany,
          [&] { expect(indexer.index(IdentifierType::kEmail, email) != BlindIndex{}); });
  measure("normalise ASCII e-mail", kMany, [&] {
    expect(normalise_identifier(IdentifierType::kEmail, "Ada.Lovelace@Example.com").has_value());
  });
  measure("normalise other e-mail", kMany / 10, [&] {
    expect(normalise_identifier(IdentifierType::kEmail, "Zoë@bücher.example").has_value());
  });
  measure("normalise phone", kMany / 50, [&] {
    expect(normalise_identifier(IdentifierType::kPhone, "020 7946 0958", "GB").has_value());
  });
  measure("SHA-256, 60 bytes", kMany,
          [&] { expect(sha256(ByteView(sealed).first(60)) != Hash32{}); });
  measure("random, 24 bytes", kMany, [&] {
    std::array<Byte, 24> nonce{};
    random.fill(nonce);
  });
}

}  // namespace

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "crypto-bench-XXXXXX").string();
  expect(initialise().has_value() && ::mkdtemp(folder.data()) != nullptr);
  run(folder);
  std::filesystem::remove_all(folder);
  return 0;
}
