#include "crypto/keys/keyring_file.h"

#include "crypto/keys/new_file.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <system_error>

namespace fieldgate::crypto {

namespace {

namespace json = boost::json;

constexpr std::string_view kFormatName = "fieldgate-keyring";
constexpr std::uint64_t kFormatVersion = 1;
constexpr std::array<std::string_view, kTenantKeyCount> kKeyNames = {
    "enc", "idx", "psn", "audit", "profiles-db", "keys-db", "log-signing"};

std::string quoted(const std::filesystem::path& path) {
  return '`' + path.string() + '`';
}

Error damaged(const std::filesystem::path& path, std::string_view what) {
  return make_error(ErrorCode::kCorrupt,
                    "keyring " + quoted(path) + " is damaged (" + std::string(what) +
                        "); restore it from a backup of the keys, it cannot be made again",
                    "keyring-damaged");
}

// Reads the members of one object and keeps the first thing that is wrong with it.
class Members {
 public:
  Members(const json::value& value, std::initializer_list<std::string_view> known)
      : object_(value.if_object()) {
    if (object_ == nullptr || object_->size() != known.size() ||
        !std::all_of(known.begin(), known.end(),
                     [this](std::string_view name) { return object_->contains(name); })) {
      wrong_ = "unexpected members";
      object_ = nullptr;
    }
  }

  [[nodiscard]] const json::value* get(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  std::string_view text(std::string_view name) {
    const json::value* value = get(name);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? fail<std::string_view>(name) : std::string_view(*text);
  }
  std::uint64_t number(std::string_view name, std::uint64_t most) {
    const json::value* value = get(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 1 ||
        static_cast<std::uint64_t>(value->get_int64()) > most) {
      return fail<std::uint64_t>(name);
    }
    return static_cast<std::uint64_t>(value->get_int64());
  }
  KeyVersion version(std::string_view name) {
    return KeyVersion{
        static_cast<std::uint32_t>(number(name, std::numeric_limits<std::uint32_t>::max()))};
  }
  template <std::size_t N>
  std::array<Byte, N> hex(std::string_view name) {
    const auto bytes = hex_decode(text(name));
    std::array<Byte, N> out{};
    if (!bytes || bytes->size() != N) {
      return fail<std::array<Byte, N>>(name);
    }
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
  }
  /// What is wrong, or empty.
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  template <class T>
  T fail(std::string_view name) {
    if (wrong_.empty()) {
      wrong_ = "member `" + std::string(name) + "`";
    }
    return T{};
  }
  const json::object* object_ = nullptr;
  std::string wrong_;
};

std::size_t position(TenantKey key) {
  return static_cast<std::size_t>(key) - 1;
}

std::string render(const KeyringFile& file) {
  // Written by hand for one member per line: an operator compares two of these by eye.
  std::string text = "{\n";
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += "  \"" + std::string(name) + "\": " + value + ",\n";
  };
  const auto text_of = [](std::string_view value) { return '"' + std::string(value) + '"'; };
  line("format", text_of(kFormatName));
  line("version", std::to_string(kFormatVersion));
  line("tenant", text_of(hex_encode(file.tenant.bytes)));
  line("root",
       "{\"version\": " + std::to_string(file.root_version.value) +
           ", \"kdf\": \"argon2id\", \"memory_bytes\": " + std::to_string(file.costs.memory_bytes) +
           ", \"passes\": " + std::to_string(file.costs.passes) +
           ", \"salt\": " + text_of(hex_encode(file.salt)) + "}");
  text += "  \"keys\": [\n";
  for (std::size_t i = 0; i < kTenantKeyCount; ++i) {
    text += "    {\"name\": " + text_of(kKeyNames[i]) +
            ", \"version\": " + std::to_string(file.keys[i].version.value) +
            ", \"wrapped\": " + text_of(base64_encode(file.keys[i].wrapped)) + "}";
    text += i + 1 < kTenantKeyCount ? ",\n" : "\n";
  }
  text += "  ],\n";
  line("verifier", text_of(hex_encode(file.verifier)));
  text +=
      "  \"checksum\": " + text_of(hex_encode(sha256({keyring_checksum(file), file.verifier}))) +
      "\n}\n";
  return text;
}

Result<KeyringFile> parse(std::string_view text, const std::filesystem::path& path) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value document = json::parse(text, error, {}, options);
  if (error) {
    return damaged(path, "not JSON");
  }
  Members top(document, {"format", "version", "tenant", "root", "keys", "verifier", "checksum"});
  if (top.wrong().empty() && top.text("format") != kFormatName) {
    return damaged(path, "not a keyring");
  }
  if (top.wrong().empty() && top.number("version", kFormatVersion) != kFormatVersion) {
    return damaged(path, "unknown version");
  }
  KeyringFile file;
  file.tenant.bytes = top.hex<16>("tenant");
  file.verifier = top.hex<32>("verifier");
  const Hash32 checksum = top.hex<32>("checksum");
  const json::value* keys = top.get("keys");
  if (!top.wrong().empty()) {
    return damaged(path, top.wrong());
  }

  Members root(*top.get("root"), {"version", "kdf", "memory_bytes", "passes", "salt"});
  file.root_version = root.version("version");
  file.costs.memory_bytes = root.number("memory_bytes", std::numeric_limits<std::int64_t>::max());
  file.costs.passes =
      static_cast<std::uint32_t>(root.number("passes", std::numeric_limits<std::uint32_t>::max()));
  file.salt = root.hex<kSaltBytes>("salt");
  if (root.wrong().empty() && root.text("kdf") != "argon2id") {
    return damaged(path, "unknown key derivation");
  }
  if (!root.wrong().empty()) {
    return damaged(path, root.wrong());
  }

  if (!keys->is_array() || keys->get_array().size() != kTenantKeyCount) {
    return damaged(path, "member `keys`");
  }
  for (std::size_t i = 0; i < kTenantKeyCount; ++i) {
    Members entry(keys->get_array()[i], {"name", "version", "wrapped"});
    file.keys[i].version = entry.version("version");
    auto wrapped = base64_decode(entry.text("wrapped"));
    if (!entry.wrong().empty() || entry.text("name") != kKeyNames[i] || !wrapped) {
      return damaged(path, "key `" + std::string(kKeyNames[i]) + "`");
    }
    file.keys[i].wrapped = std::move(*wrapped);
  }
  if (sha256({keyring_checksum(file), file.verifier}) != checksum) {
    return damaged(path, "checksum");
  }
  return file;
}

Error system_error(std::string_view what, const std::filesystem::path& path) {
  return make_error(ErrorCode::kUnavailable, std::string(what) + " " + quoted(path) + ": " +
                                                 std::generic_category().message(errno));
}

}  // namespace

std::string_view tenant_key_name(TenantKey key) {
  return kKeyNames.at(position(key));
}

Hash32 keyring_checksum(const KeyringFile& file) {
  Bytes bytes;
  append_be<8>(bytes, kFormatVersion);
  bytes.insert(bytes.end(), file.tenant.bytes.begin(), file.tenant.bytes.end());
  append_be<4>(bytes, file.root_version.value);
  append_be<8>(bytes, file.costs.memory_bytes);
  append_be<4>(bytes, file.costs.passes);
  bytes.insert(bytes.end(), file.salt.begin(), file.salt.end());
  for (const WrappedTenantKey& key : file.keys) {
    append_be<4>(bytes, key.version.value);
    append_be<4>(bytes, key.wrapped.size());
    bytes.insert(bytes.end(), key.wrapped.begin(), key.wrapped.end());
  }
  return sha256(bytes);
}

Result<KeyringFile> read_keyring_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) {
      return make_error(ErrorCode::kNotFound, "there is no keyring " + quoted(path));
    }
    return system_error("cannot open keyring", path);
  }
  std::string text(kMaxKeyringFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      Error error = system_error("cannot read keyring", path);
      ::close(fd);
      return error;
    }
    if (got == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  ::close(fd);
  if (size > kMaxKeyringFileBytes) {
    return damaged(path, "too large");
  }
  text.resize(size);
  return parse(text, path);
}

Result<void> write_keyring_file(const std::filesystem::path& path, const KeyringFile& file,
                                Random& random) {
  return write_new_file(path, "keyring", render(file), random);
}

}  // namespace fieldgate::crypto
