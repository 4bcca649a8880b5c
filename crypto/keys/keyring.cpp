#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/crypto/random.h>

#include "crypto/aead/envelope.h"
#include "crypto/keys/keyring_file.h"
#include "crypto/keys/root_secret.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <utility>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kKeyBytes = primitives::kKeyBytes;

// All tenant keys in one page between guard pages, so that one lock covers them.
struct Slab {
  std::array<std::array<Byte, kKeyBytes>, kTenantKeyCount> keys;
};

struct FreeSlab {
  void operator()(Slab* slab) const { sodium_free(slab); }  // wipes, then unlocks
};
using SlabPointer = std::unique_ptr<Slab, FreeSlab>;

// Memory of this process that the kernel keeps out of swap, in KiB.
std::uint64_t locked_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    unsigned long long kib = 0;
    if (std::sscanf(line.c_str(), "VmLck: %llu", &kib) == 1) {
      return kib;
    }
  }
  return 0;
}

envelope::Binding bind_tenant_key(const TenantId& tenant, TenantKey which, KeyVersion version) {
  envelope::Binding binding(envelope::Content::kTenantKey);
  binding.append(tenant.bytes);
  binding.append_number<1>(static_cast<Byte>(which));
  binding.append_number<4>(version.value);
  return binding;
}

envelope::Binding bind_subject_key(const TenantId& tenant, const SubjectId& subject) {
  envelope::Binding binding(envelope::Content::kSubjectKey);
  binding.append(tenant.bytes);
  binding.append(subject.bytes);
  return binding;
}

Hash32 make_verifier(const SecretArray<32>& root, const KeyringFile& file) {
  return blake2b_256(root.reveal(),
                     {as_bytes("fieldgate keyring verifier v1"), keyring_checksum(file)});
}

TenantKey key_at(std::size_t position) {
  return static_cast<TenantKey>(position + 1);
}

// A wrapped subject key holds its own version and then the key.
constexpr std::size_t kVersionBytes = 4;
constexpr std::size_t kSubjectKeyBytes = kVersionBytes + kKeyBytes;

}  // namespace

struct Keyring::State {
  TenantId tenant;
  std::array<KeyVersion, kTenantKeyCount> versions;
  SlabPointer slab;
  bool locked = false;

  [[nodiscard]] ByteView key(TenantKey which) const {
    return slab->keys.at(static_cast<std::size_t>(which) - 1);
  }
  [[nodiscard]] KeyVersion version(TenantKey which) const {
    return versions.at(static_cast<std::size_t>(which) - 1);
  }

  // `sodium_malloc` keeps quiet when the memlock limit stops it, so the kernel's own count decides.
  Result<void> allocate() {
    FIELDGATE_CHECK_OK(initialise());
    const std::uint64_t before = locked_kib();
    slab.reset(static_cast<Slab*>(sodium_malloc(sizeof(Slab))));
    if (slab == nullptr) {
      return make_error(ErrorCode::kUnavailable, "no memory for the keys");
    }
    locked = locked_kib() > before;
    return ok();
  }
};

Keyring::Keyring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keyring::Keyring(Keyring&&) noexcept = default;
Keyring& Keyring::operator=(Keyring&&) noexcept = default;
Keyring::~Keyring() = default;

Result<Keyring> Keyring::create(const std::filesystem::path& file, const RootSource& source,
                                Random& random, ArgonCosts costs) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {  // before any work; the write itself decides
    return make_error(ErrorCode::kConflict,
                      "keyring `" + file.string() + "` exists already and is left as it is");
  }
  FIELDGATE_TRY(const SecretBytes secret, read_root_secret(source));
  auto state = std::make_unique<State>();
  FIELDGATE_CHECK_OK(state->allocate());
  KeyringFile content;
  content.costs = costs;
  random.fill(content.tenant.bytes);
  random.fill(content.salt);
  FIELDGATE_TRY(const SecretArray<32> root, derive_root_key(secret, content.salt, costs));
  state->tenant = content.tenant;
  for (std::size_t i = 0; i < kTenantKeyCount; ++i) {
    const KeyVersion version{1};
    random.fill(state->slab->keys[i]);
    envelope::Binding binding = bind_tenant_key(content.tenant, key_at(i), version);
    content.keys[i] = {
        version, envelope::seal(envelope::preferred_suite(), root.reveal(), content.root_version,
                                binding, state->slab->keys[i], random)};
    state->versions[i] = version;
  }
  content.verifier = make_verifier(root, content);
  FIELDGATE_CHECK_OK(write_keyring_file(file, content, random));
  sodium_mprotect_readonly(state->slab.get());
  return Keyring(std::move(state));
}

Result<Keyring> Keyring::open(const std::filesystem::path& file, const RootSource& source) {
  FIELDGATE_TRY(const KeyringFile content, read_keyring_file(file));
  FIELDGATE_CHECK_OK(check_costs(content.costs));
  FIELDGATE_TRY(const SecretBytes secret, read_root_secret(source));
  auto state = std::make_unique<State>();
  FIELDGATE_CHECK_OK(state->allocate());
  FIELDGATE_TRY(const SecretArray<32> root, derive_root_key(secret, content.salt, content.costs));
  if (!constant_time_equal(make_verifier(root, content), content.verifier)) {
    FIELDGATE_TRY(const std::filesystem::path path, root_secret_path(source));
    return make_error(ErrorCode::kUnauthenticated,
                      "the secret in `" + path.string() + "` does not unlock keyring `" +
                          file.string() +
                          "`; give the secret that it was made with, or restore the keyring that "
                          "belongs to this secret",
                      "wrong-root-secret");
  }
  state->tenant = content.tenant;
  for (std::size_t i = 0; i < kTenantKeyCount; ++i) {
    const WrappedTenantKey& key = content.keys[i];
    envelope::Binding binding = bind_tenant_key(content.tenant, key_at(i), key.version);
    if (envelope::open(state->slab->keys[i], root.reveal(), content.root_version, binding,
                       key.wrapped)
            .has_error()) {
      return make_error(ErrorCode::kCorrupt,
                        "key `" + std::string(tenant_key_name(key_at(i))) + "` of keyring `" +
                            file.string() + "` does not open; restore the keyring from a backup",
                        "keyring-damaged");
    }
    state->versions[i] = key.version;
  }
  sodium_mprotect_readonly(state->slab.get());
  return Keyring(std::move(state));
}

const TenantId& Keyring::tenant() const {
  return state_->tenant;
}

SecretBytes Keyring::tenant_key(TenantKey which) const {
  return SecretBytes(state_->key(which));
}

KeyVersion Keyring::version(TenantKey which) const {
  return state_->version(which);
}

bool Keyring::memory_locked() const {
  return state_->locked;
}

SubjectKey Keyring::make_subject_key(Random& random, KeyVersion version) const {
  SubjectKey key;
  key.version = version;
  random.fill(key.key.reveal_mutable());
  return key;
}

Bytes Keyring::wrap_subject_key(const SubjectId& subject, const SubjectKey& key,
                                Random& random) const {
  SecretArray<kSubjectKeyBytes> content;
  store_be<kVersionBytes>(content.reveal_mutable().data(), key.version.value);
  std::copy(key.key.reveal().begin(), key.key.reveal().end(),
            content.reveal_mutable().begin() + kVersionBytes);
  envelope::Binding binding = bind_subject_key(state_->tenant, subject);
  return envelope::seal(envelope::preferred_suite(), state_->key(TenantKey::kEnc),
                        state_->version(TenantKey::kEnc), binding, content.reveal(), random);
}

Result<SubjectKey> Keyring::unwrap_subject_key(const SubjectId& subject, ByteView wrapped) const {
  SecretArray<kSubjectKeyBytes> content;
  envelope::Binding binding = bind_subject_key(state_->tenant, subject);
  FIELDGATE_CHECK_OK(envelope::open(content.reveal_mutable(), state_->key(TenantKey::kEnc),
                                    state_->version(TenantKey::kEnc), binding, wrapped));
  SubjectKey key;
  key.version.value = static_cast<std::uint32_t>(load_be<kVersionBytes>(content.reveal().data()));
  std::copy(content.reveal().begin() + kVersionBytes, content.reveal().end(),
            key.key.reveal_mutable().begin());
  if (key.version.value == 0) {
    return make_error(ErrorCode::kCorrupt, "a wrapped key has no version", "sealed-value");
  }
  return key;
}

}  // namespace fieldgate::crypto
