// What the tests of this module share: repeatable randomness, a folder of their own, vectors.
#pragma once

#include "tests/unit/seeded_random.h"

#include <fieldgate/base/permit.h>
#include <fieldgate/base/random.h>
#include <fieldgate/crypto/encoding.h>

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::policy {

// This test binary does not link the policy engine, so it may stand in for it.
class Engine {
 public:
  static Permit permit(const SubjectId& subject, std::initializer_list<FieldIndex> fields) {
    FieldSet set;
    for (const FieldIndex field : fields) {
      set.set(field);
    }
    return Permit(subject, set);
  }
};

}  // namespace fieldgate::policy

namespace fieldgate::crypto::testing {

using ::fieldgate::testing::SeededRandom;

/// Hands out the same bytes again and again.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<Byte> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = bytes_[i % bytes_.size()];
    }
  }

 private:
  Bytes bytes_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fieldgate-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_file(const std::filesystem::path& path, std::string_view text,
                       std::filesystem::perms mode = std::filesystem::perms::owner_read |
                                                     std::filesystem::perms::owner_write) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  std::filesystem::permissions(path, mode);
}

/// Longer runs on demand: `FIELDGATE_LONG=1`.
inline bool long_run() {
  const char* value = std::getenv("FIELDGATE_LONG");
  return value != nullptr && std::string_view(value) == "1";
}

inline std::filesystem::path vectors(std::string_view name) {
  return std::filesystem::path(FIELDGATE_SHARED_DIR) / "vectors" / name;
}

inline std::vector<boost::json::object> read_lines(const std::filesystem::path& path) {
  std::vector<boost::json::object> rows;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      rows.push_back(boost::json::parse(line).as_object());
    }
  }
  return rows;
}

inline std::string text_of(const boost::json::object& row, std::string_view name) {
  const boost::json::value* value = row.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

inline Bytes bytes_of(const boost::json::object& row, std::string_view name) {
  return hex_decode(text_of(row, name)).value();
}

template <class Array>
Array array_of(const boost::json::object& row, std::string_view name) {
  const Bytes bytes = bytes_of(row, name);
  Array array{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), array.size()), array.begin());
  return array;
}

}  // namespace fieldgate::crypto::testing

#define SKIP_WITHOUT(path)                        \
  if (!std::filesystem::exists(path)) {           \
    GTEST_SKIP() << "skipped: no shared vectors"; \
  }
