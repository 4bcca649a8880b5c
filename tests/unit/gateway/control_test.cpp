// The control socket: private, one JSON object a line, progress before the result.
#include "gateway/ops/control.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace fieldgate::ops {
namespace {

namespace fs = std::filesystem;
using boost::json::object;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string name = (fs::temp_directory_path() / "fieldgate-control-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ControlTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static Result<object> echo(const object& request, const ControlServer::Progress& progress) {
    progress(1);
    progress(2);
    if (request.contains("fail")) {
      return make_error(ErrorCode::kNotFound, "there is no such thing", "gone");
    }
    return object{{"was", request}};
  }
  // What the server says to these raw bytes, until it ends the stream.
  std::string raw(const std::string& bytes) const {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (folder_ / "control.sock").string();
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t now = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) {
        break;
      }
      sent += static_cast<std::size_t>(now);
    }
    ::shutdown(socket, SHUT_WR);
    std::string answer;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(socket, piece, sizeof piece, 0)) > 0;) {
      answer.append(piece, static_cast<std::size_t>(got));
    }
    ::close(socket);
    return answer;
  }
  fs::path folder_;
};

TEST_F(ControlTest, CarriesRequestsProgressAndResults) {
  const auto server = ControlServer::start(folder_, echo);
  ASSERT_TRUE(server.has_value());
  std::vector<std::uint64_t> progress;
  const auto answer = ask_running_gateway(folder_, {{"command", "x\ny"}, {"umlaut", "Köln"}},
                                          [&](std::uint64_t rows) { progress.push_back(rows); });
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_value()) << answer->error().message;
  EXPECT_EQ((*answer)->at("was"), (object{{"command", "x\ny"}, {"umlaut", "Köln"}}));
  EXPECT_EQ(progress, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(ControlTest, CarriesErrorsWhole) {
  const auto server = ControlServer::start(folder_, echo);
  ASSERT_TRUE(server.has_value());
  const auto answer = ask_running_gateway(folder_, {{"fail", true}}, [](std::uint64_t) {});
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_error());
  EXPECT_EQ(answer->error().code, ErrorCode::kNotFound);
  EXPECT_EQ(answer->error().message, "there is no such thing");
  EXPECT_EQ(answer->error().detail_code, "gone");
}

TEST_F(ControlTest, IsPrivateAndGoesWithItsServer) {
  const fs::path socket = folder_ / "control.sock";
  {
    const auto server = ControlServer::start(folder_, echo);
    ASSERT_TRUE(server.has_value());
    EXPECT_EQ(fs::status(socket).permissions(), fs::perms(0600));
    EXPECT_TRUE(fs::is_socket(socket));
  }
  EXPECT_FALSE(fs::exists(socket));
  EXPECT_FALSE(ask_running_gateway(folder_, {}, [](std::uint64_t) {}).has_value());
}

TEST_F(ControlTest, IsPrivateUnderEveryMaskAndLeavesItAlone) {
  const fs::path socket = folder_ / "control.sock";
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0000U, 0022U, 0777U}) {
    ::umask(mask);
    const auto server = ControlServer::start(folder_, echo);
    EXPECT_EQ(::umask(before), mask);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    EXPECT_EQ(fs::status(socket).permissions(), fs::perms(0600)) << mask;
    EXPECT_TRUE(ask_running_gateway(folder_, {}, [](std::uint64_t) {}).has_value());
  }
}

// Asks for the umask as the kernel tells it, without changing it.
std::string umask_of_process() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Umask:")) {
      return line;
    }
  }
  return {};
}

TEST_F(ControlTest, AFileMadeMeanwhileByAnotherThreadHasItsOwnMode) {
  const std::string before = umask_of_process();
  ASSERT_FALSE(before.empty());
  std::atomic<bool> over{false};
  std::atomic<std::size_t> looks{0};
  std::atomic<std::size_t> changed{0};
  std::thread other([&] {
    while (!over) {
      changed += umask_of_process() == before ? 0U : 1U;
      ++looks;
    }
  });
  while (looks < 5000) {
    ASSERT_TRUE(ControlServer::start(folder_, echo).has_value());
  }
  over = true;
  other.join();
  EXPECT_EQ(changed, 0U);
}

TEST_F(ControlTest, TakesThePlaceOfASocketThatADeadProcessLeft) {
  std::ofstream(folder_ / "control.sock") << "left over";
  EXPECT_FALSE(ask_running_gateway(folder_, {}, [](std::uint64_t) {}).has_value());
  const auto server = ControlServer::start(folder_, echo);
  ASSERT_TRUE(server.has_value());
  EXPECT_TRUE(ask_running_gateway(folder_, {}, [](std::uint64_t) {}).has_value());
}

TEST_F(ControlTest, APathLongerThanASocketAddressWorks) {
  const fs::path deep = folder_ / std::string(120, 'd');
  fs::create_directory(deep);
  const auto server = ControlServer::start(deep, echo);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto answer = ask_running_gateway(deep, {{"a", 1}}, [](std::uint64_t) {});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->has_value());
}

TEST_F(ControlTest, WhatIsNoRequestIsRefusedAndTheNextOneIsServed) {
  const auto server = ControlServer::start(folder_, echo);
  ASSERT_TRUE(server.has_value());
  for (const char* line : {"\n", "x\n", "[]\n", "{\"a\":1,\"a\":2}\n", "{}{}\n"}) {
    EXPECT_NE(raw(line).find("the request is not a JSON object"), std::string::npos) << line;
  }
  EXPECT_EQ(raw(""), "") << "ended before its line did";
  EXPECT_EQ(raw("{\"cut\":"), "");
  EXPECT_EQ(raw(std::string(kMaxControlLineBytes + 4096 + 1, ' ')), "") << "an endless line";
  EXPECT_NE(raw("{\"a\":1}\n").find("\"result\""), std::string::npos);
}

TEST_F(ControlTest, ALongRequestHoldsUpNoOtherUpToTheBound) {
  std::promise<void> opened;
  const std::shared_future<void> gate = opened.get_future().share();
  std::atomic<std::size_t> inside{0};
  const auto server = ControlServer::start(
      folder_, [&](const object& request, const ControlServer::Progress&) -> Result<object> {
        ++inside;
        if (request.contains("long")) {
          gate.wait();
        }
        return object{};
      });
  ASSERT_TRUE(server.has_value());
  const auto ask = [this](const object& request) {
    const auto answer = ask_running_gateway(folder_, request, [](std::uint64_t) {});
    return answer.has_value() && answer->has_value();
  };
  std::vector<std::thread> threads;
  std::atomic<std::size_t> answered{0};
  for (std::size_t i = 0; i + 1 < kMaxControlRequests; ++i) {
    threads.emplace_back([&] { answered += ask({{"long", true}}) ? 1U : 0U; });
  }
  while (inside < kMaxControlRequests - 1) {
    std::this_thread::yield();
  }
  // One place is left, and it is given back: a request is gone once its stream has ended.
  EXPECT_NE(raw("{\"short\":true}\n").find("\"result\""), std::string::npos);
  threads.emplace_back([&] { answered += ask({{"long", true}}) ? 1U : 0U; });
  while (inside < kMaxControlRequests + 1) {
    std::this_thread::yield();
  }
  EXPECT_NE(raw("{\"short\":true}\n").find("too many commands at once"), std::string::npos);
  opened.set_value();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(answered, kMaxControlRequests);
}

TEST_F(ControlTest, AGatewayThatGoesAwayBeforeItAnswersIsAnErrorNotASilence) {
  // A listener that takes the request and hangs up.
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder_ / "control.sock").string();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  std::thread dying([listener] {
    const int connection = ::accept(listener, nullptr, nullptr);
    char byte = 0;
    EXPECT_EQ(::recv(connection, &byte, 1, 0), 1);
    ::close(connection);
  });
  const auto answer = ask_running_gateway(folder_, {{"a", 1}}, [](std::uint64_t) {});
  dying.join();
  ::close(listener);
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_error());
  EXPECT_EQ(answer->error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fieldgate::ops
