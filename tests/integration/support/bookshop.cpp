#include "tests/integration/support/bookshop.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

namespace fieldgate::test {

namespace {

std::uint16_t port_of(const std::string& url) {
  return port_after(url, "http://127.0.0.1:");
}

}  // namespace

std::uint16_t port_after(const std::string& said, const std::string& text) {
  const std::size_t at = said.find(text);
  std::uint16_t port = 0;
  if (at != std::string::npos) {
    std::from_chars(said.data() + at + text.size(), said.data() + said.size(), port);
  }
  return port;
}

Bookshop::Bookshop(std::filesystem::path home) : home_(std::move(home)) {
  if (home_.empty()) {
    folder_ = std::make_unique<TemporaryFolder>();
    home_ = folder_->path();
  }
}

Environment Bookshop::environment() const {
  return {{"FIELDGATE_HOME", home_.string()}, {"FIELDGATE_PORT", "0"}};
}

bool Bookshop::start_demo() {
  process_ = std::make_unique<Process>(
      std::vector<std::string>{FIELDGATE_BINARY, "demo", "--example",
                               FIELDGATE_SOURCE_DIR "/docs/examples/bookshop"},
      environment());
  if (!process_->wait_for_output("serving; stop with Ctrl-C")) {
    ADD_FAILURE() << "the demo does not serve: " << process_->out() << process_->err();
    return false;
  }
  port_ = port_of(variable("FIELDGATE_URL"));
  operations_port_ = port_of(variable("FIELDGATE_OPS_URL"));
  return port_ != 0 && operations_port_ != 0;
}

bool Bookshop::start_serve(const std::string& more_settings) {
  const std::filesystem::path config = home_ / "serve.yaml";
  write_file(config, read_file(home_ / "fieldgate.yaml") + more_settings);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{FIELDGATE_BINARY, "serve", "--config", config.string()},
      environment());
  if (!process_->wait_for_output("operations on port ")) {
    ADD_FAILURE() << "the gateway does not serve: " << process_->out() << process_->err();
    return false;
  }
  port_ = port_after(process_->err(), "apps on port ");
  operations_port_ = port_after(process_->err(), "operations on port ");
  return port_ != 0 && operations_port_ != 0;
}

void Bookshop::ended() {
  said_ += process_->out() + process_->err();
  process_.reset();
}

int Bookshop::stop() {
  process_->signal(SIGTERM);
  const int code = process_->wait();
  ended();
  return code;
}

void Bookshop::kill() {
  process_->signal(SIGKILL);
  EXPECT_EQ(process_->wait(), 128 + SIGKILL);
  ended();
}

std::string Bookshop::variable(const std::string& name) const {
  std::istringstream lines(read_file(home_ / "demo.env"));
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, name.size() + 1, name + '=') == 0) {
      return line.substr(name.size() + 1);
    }
  }
  ADD_FAILURE() << "demo.env has no " << name;
  return {};
}

std::string Bookshop::key(const std::string& app) const {
  std::string name = app;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return variable(name + "_KEY");
}

Finished Bookshop::cli(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{FIELDGATE_BINARY};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_to_end(command, environment());
}

void Bookshop::expect_log_verifies() const {
  const Finished verified = cli({"audit", "verify", data().string(), "--json"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  boost::system::error_code failure;
  const auto report = boost::json::parse(verified.out, failure);
  ASSERT_FALSE(failure) << verified.out;
  EXPECT_TRUE(report.at("ok").as_bool()) << verified.out;
  EXPECT_TRUE(report.at("first_break").is_null()) << verified.out;
}

}  // namespace fieldgate::test
