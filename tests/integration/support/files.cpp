#include "tests/integration/support/files.h"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>

#include <fstream>
#include <sstream>

namespace fieldgate::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "fieldgate-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    ADD_FAILURE() << "no temporary folder";
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << "cannot read " << file;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

void write_file(const fs::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  EXPECT_TRUE(out) << "cannot write " << file;
}

void replace_in_file(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << file << " does not hold " << from;
  ASSERT_EQ(text.find(from, at + 1), std::string::npos) << file << " holds it twice: " << from;
  write_file(file, text.replace(at, from.size(), to));
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  return files;
}

namespace {

bool own_namespace() {
  static const bool own =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount("none", "/", nullptr, static_cast<unsigned long>(MS_REC) | MS_PRIVATE, nullptr) == 0;
  return own;
}

}  // namespace

bool Mount::memory(const fs::path& at, std::size_t bytes) {
  const std::string options = "size=" + std::to_string(bytes) + ",mode=0700";
  if (!own_namespace() ||
      ::mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return false;
  }
  at_ = at;
  return true;
}

bool Mount::read_only(const fs::path& at) {
  if (!own_namespace() || ::mount(at.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return false;
  }
  at_ = at;
  return ::mount(nullptr, at.c_str(), nullptr,
                 static_cast<unsigned long>(MS_REMOUNT) | MS_BIND | MS_RDONLY, nullptr) == 0;
}

Mount::~Mount() {
  if (!at_.empty()) {
    ::umount2(at_.c_str(), MNT_DETACH);
  }
}

}  // namespace fieldgate::test
