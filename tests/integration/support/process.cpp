#include "tests/integration/support/process.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

extern char** environ;

namespace fieldgate::test {

namespace {

std::vector<std::string> merged_environment(const Environment& own) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.substr(0, 10) != "FIELDGATE_" &&
        own.count(std::string(text.substr(0, text.find('=')))) == 0) {
      merged.emplace_back(text);
    }
  }
  for (const auto& [name, value] : own) {
    merged.push_back(name + '=' + value);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) {
    list.push_back(text.data());
  }
  list.push_back(nullptr);
  return list;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Environment& environment) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipes for a child process";
    return;
  }
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = merged_environment(environment);
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> variable_list = pointers(variables);
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execvpe(argument_list[0], argument_list.data(), variable_list.data());
    _exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_listener_ = std::thread([this, from = out[0]] { listen(from, out_); });
  err_listener_ = std::thread([this, from = err[0]] { listen(from, err_); });
}

Process::~Process() {
  if (child_ > 0 && status_ == -1) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, &status_, 0);
  }
  if (out_listener_.joinable()) {
    out_listener_.join();
    err_listener_.join();
  }
}

void Process::listen(int descriptor, std::string& into) {
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = ::read(descriptor, piece.data(), piece.size());
    const std::lock_guard lock(mutex_);
    if (got <= 0) {
      --streams_;
      heard_.notify_all();
      ::close(descriptor);
      return;
    }
    into.append(piece.data(), static_cast<std::size_t>(got));
    heard_.notify_all();
  }
}

bool Process::wait_for_output(const std::string& text) {
  std::unique_lock lock(mutex_);
  const auto in = [&](const std::string& stream) {
    const std::size_t at = stream.find(text);
    // A line may arrive in pieces: what follows `text` in it must have come too.
    return at != std::string::npos && stream.find('\n', at) != std::string::npos;
  };
  const auto there = [&] { return in(out_) || in(err_); };
  heard_.wait_for(lock, kPatience, [&] { return there() || streams_ == 0; });
  return there();
}

std::size_t Process::count_in_output(const std::string& text) {
  const std::lock_guard lock(mutex_);
  return count_of(out_, text) + count_of(err_, text);
}

bool Process::ended() {
  const std::lock_guard lock(mutex_);
  return streams_ == 0;
}

void Process::signal(int number) const {
  ASSERT_GT(child_, 0);
  ASSERT_EQ(::kill(child_, number), 0) << std::strerror(errno);
}

int Process::wait() {
  if (status_ == -1) {
    // Both streams end with the child: nothing else holds them.
    std::unique_lock lock(mutex_);
    if (!heard_.wait_for(lock, kPatience, [this] { return streams_ == 0; })) {
      ADD_FAILURE() << "a child process did not end; stderr: " << err_;
      ::kill(child_, SIGKILL);
    }
    lock.unlock();
    ::waitpid(child_, &status_, 0);
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string Process::out() {
  const std::lock_guard lock(mutex_);
  return out_;
}

std::string Process::err() {
  const std::lock_guard lock(mutex_);
  return err_;
}

Finished run_to_end(const std::vector<std::string>& command, const Environment& environment) {
  Process process(command, environment);
  Finished finished;
  finished.code = process.wait();
  finished.out = process.out();
  finished.err = process.err();
  return finished;
}

}  // namespace fieldgate::test
