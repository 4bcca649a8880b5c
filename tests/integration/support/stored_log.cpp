#include "tests/integration/support/stored_log.h"

#include "tests/integration/support/files.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>

namespace fieldgate::test {

namespace {

constexpr std::size_t kFrameHeader = 8;   // 'R', length, four bytes of the leaf hash
constexpr std::size_t kCommitHeader = 4;  // 'C', length

std::size_t number_at(const std::string& bytes, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::vector<std::filesystem::path> segments(const std::filesystem::path& log) {
  std::vector<std::filesystem::path> found;
  for (const auto& file : files_below(log)) {
    if (file.extension() == ".seg") {
      found.push_back(file);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Walks the frames and returns where they end.
template <class OnRecord>
std::size_t walk(const std::string& bytes, OnRecord on_record) {
  std::size_t at = number_at(bytes, 8, 4);
  while (at + kFrameHeader <= bytes.size() && bytes[at] != 0) {
    const std::size_t size = number_at(bytes, at + 1, 3);
    if (bytes[at] == 'R') {
      on_record(bytes.substr(at + kFrameHeader, size));
      at += kFrameHeader + size;
    } else {
      at += kCommitHeader + size;
    }
  }
  return at;
}

}  // namespace

std::vector<std::string> stored_records(const std::filesystem::path& log) {
  std::vector<std::string> records;
  for (const auto& file : segments(log)) {
    walk(read_file(file), [&](std::string record) { records.push_back(std::move(record)); });
  }
  return records;
}

std::string leaf_of(std::string_view record) {
  const Byte zero = 0;
  return crypto::base64_encode(crypto::sha256({ByteView(&zero, 1), as_bytes(record)}));
}

std::vector<UsedBytes> used_bytes(const std::filesystem::path& log) {
  std::vector<UsedBytes> used;
  for (const auto& file : segments(log)) {
    used.push_back({file, walk(read_file(file), [](const std::string&) {})});
  }
  return used;
}

}  // namespace fieldgate::test
