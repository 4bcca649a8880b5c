#include "tests/integration/support/policy_people.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

namespace fieldgate::test {

namespace fs = std::filesystem;

void replace_setting(const fs::path& config, const std::string& name, const std::string& lines) {
  std::string text = read_file(config);
  const std::size_t at = text.find(name + ':');
  ASSERT_NE(at, std::string::npos) << name;
  text.replace(at, text.find('\n', at) - at, lines);
  write_file(config, text);
}

bool keys_can_be_locked() {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#else
  constexpr rlim_t kEnough = 1024 * 1024;
  rlimit limit{};
  return ::geteuid() == 0 ||
         (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= kEnough);
#endif
}

PolicyPeople::PolicyPeople(const Bookshop& shop)
    : shop_(shop), folder_(shop.home() / "policy"), bundle_(shop.home() / "policy.bundle") {
  fs::copy(FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy", folder_,
           fs::copy_options::recursive);
  const std::string ada = make_key("ada");
  const std::string grace = make_key("grace");
  replace_setting(shop.home() / "fieldgate.yaml", "policy_directory",
                  std::string(keys_can_be_locked() ? "production: true\n" : "") +
                      "policy_bundle: policy.bundle\npolicy_signers:\n"
                      "  - {name: Ada Brandt, key: \"" +
                      ada + "\", roles: [author]}\n  - {name: Grace Okafor, key: \"" + grace +
                      "\", roles: [approver]}");
}

std::string PolicyPeople::make_key(const std::string& person) const {
  const Finished made = shop_.cli(
      {"policy", "keygen", "--out", (shop_.home() / (person + ".key")).string(), "--json"});
  EXPECT_EQ(made.code, 0) << made.err;
  return std::string(boost::json::parse(made.out).at("key").as_string());
}

void PolicyPeople::sign(const fs::path& out, unsigned sequence) const {
  const Finished done = shop_.cli(
      {"policy", "sign", folder_.string(), "--out", out.string(), "--author", "Ada Brandt", "--key",
       (shop_.home() / "ada.key").string(), "--sequence", std::to_string(sequence)});
  EXPECT_EQ(done.code, 0) << done.err;
}

void PolicyPeople::approve(const fs::path& file) const {
  const Finished done = shop_.cli({"policy", "approve", file.string(), "--approver", "Grace Okafor",
                                   "--key", (shop_.home() / "grace.key").string()});
  EXPECT_EQ(done.code, 0) << done.err;
}

void PolicyPeople::publish(unsigned sequence) const {
  const fs::path next = shop_.home() / "next.bundle";
  sign(next, sequence);
  approve(next);
  fs::rename(next, bundle_);
}

void PolicyPeople::set_version(const std::string& from, const std::string& to) const {
  replace_in_file(folder_ / "policy.yaml", "policy: \"" + from + '"', "policy: \"" + to + '"');
}

}  // namespace fieldgate::test
