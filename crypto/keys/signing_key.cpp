#include <fieldgate/crypto/signing_key.h>

#include "crypto/keys/new_file.h"
#include "crypto/keys/root_secret.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kMaxPemBytes = 4096;
constexpr std::uint64_t kScryptN = 16384;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<&BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using KeyInfo = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<&PKCS8_PRIV_KEY_INFO_free>>;
using Encrypted = std::unique_ptr<X509_SIG, Freed<&X509_SIG_free>>;

std::string quoted(const std::filesystem::path& path) {
  return '`' + path.string() + '`';
}

Error cannot_make() {
  ERR_clear_error();
  return make_error(ErrorCode::kInternal, "the key cannot be brought into its form");
}

// The passphrase that PEM asks for; -1 refuses when there is none.
int give_passphrase(char* buffer, int size, int /*writing*/, void* given) {
  const auto* passphrase = static_cast<const SecretBytes*>(given);
  if (passphrase->empty() || passphrase->size() > static_cast<std::size_t>(size)) {
    return -1;
  }
  std::memcpy(buffer, passphrase->reveal().data(), passphrase->size());
  return static_cast<int>(passphrase->size());
}

Encrypted encrypt(PKCS8_PRIV_KEY_INFO* info, const SecretBytes& passphrase) {
  X509_ALGOR* scheme =
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, kScryptN, kScryptR, kScryptP);
  if (scheme == nullptr) {
    return nullptr;
  }
  Encrypted made(PKCS8_set0_pbe(passphrase.reveal_text().data(),
                                static_cast<int>(passphrase.size()), info, scheme));
  if (made == nullptr) {
    X509_ALGOR_free(scheme);
  }
  return made;
}

Result<SecretBytes> to_pem(const SecretBytes& seed, const SecretBytes& passphrase) {
  const Key key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.reveal().data(), seed.size()));
  const KeyInfo info(key == nullptr ? nullptr : EVP_PKEY2PKCS8(key.get()));
  const Bio out(BIO_new(BIO_s_secmem()));
  if (info == nullptr || out == nullptr) {
    return cannot_make();
  }
  bool good = false;
  if (passphrase.empty()) {
    good = PEM_write_bio_PKCS8_PRIV_KEY_INFO(out.get(), info.get()) == 1;
  } else {
    const Encrypted encrypted = encrypt(info.get(), passphrase);
    good = encrypted != nullptr && PEM_write_bio_PKCS8(out.get(), encrypted.get()) == 1;
  }
  char* text = nullptr;
  const long size = good ? BIO_get_mem_data(out.get(), &text) : 0;
  if (size <= 0) {
    return cannot_make();
  }
  return SecretBytes(ByteView(reinterpret_cast<const Byte*>(text), static_cast<std::size_t>(size)));
}

}  // namespace

Result<void> write_signing_key(const std::filesystem::path& file, const SecretBytes& seed,
                               const SecretBytes& passphrase, Random& random) {
  if (seed.size() != kSeedBytes) {
    return make_error(ErrorCode::kInternal, "an Ed25519 seed has 32 bytes");
  }
  FIELDGATE_TRY(const SecretBytes pem, to_pem(seed, passphrase));
  return write_new_file(file, "the key", pem.reveal_text(), random);
}

Result<SecretBytes> read_signing_key(const std::filesystem::path& file,
                                     const SecretBytes& passphrase) {
  SecretFile from;
  from.path = file;
  from.what = "key";
  from.least_bytes = 1;
  from.most_bytes = kMaxPemBytes;
  FIELDGATE_TRY(const SecretBytes pem, read_secret_file(from));
  const Bio in(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
  if (in == nullptr) {
    return cannot_make();
  }
  // The callback only reads it. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  auto* given = const_cast<SecretBytes*>(&passphrase);
  const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, &give_passphrase, given));
  ERR_clear_error();
  if (key == nullptr &&
      pem.reveal_text().find("BEGIN ENCRYPTED PRIVATE KEY") != std::string_view::npos) {
    return make_error(ErrorCode::kUnauthenticated,
                      passphrase.empty()
                          ? "the key " + quoted(file) + " is encrypted; give --passphrase-file"
                          : "the passphrase does not open the key " + quoted(file));
  }
  SecretBytes seed(kSeedBytes);
  std::size_t size = seed.size();
  const bool good =
      key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 &&
      EVP_PKEY_get_raw_private_key(key.get(), seed.reveal_mutable().data(), &size) == 1 &&
      size == kSeedBytes;
  ERR_clear_error();
  if (!good) {
    return make_error(ErrorCode::kInvalid, quoted(file) +
                                               " holds no Ed25519 private key in PEM; make one "
                                               "with `fieldgate policy keygen`");
  }
  return seed;
}

Result<SecretBytes> read_passphrase_file(const std::filesystem::path& file) {
  SecretFile from;
  from.path = file;
  from.what = "passphrase file";
  from.most_bytes = PEM_BUFSIZE;  // OpenSSL hands a key's passphrase over in a buffer of this size
  return read_secret_file(from);
}

}  // namespace fieldgate::crypto
