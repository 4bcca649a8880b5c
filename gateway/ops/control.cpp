#include "gateway/ops/control.h"

#include "gateway/http/json.h"

#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace fieldgate::ops {

namespace {

using boost::json::object;

constexpr int kRequestTimeoutMs = 5'000;

std::filesystem::path socket_path(const std::filesystem::path& data_directory) {
  return data_directory / "control.sock";
}

// A path too long for sun_path is reached through its directory's descriptor in /proc.
class Address {
 public:
  explicit Address(const std::filesystem::path& path) {
    address_.sun_family = AF_UNIX;
    std::string text = path.string();
    if (text.size() >= sizeof address_.sun_path) {
      directory_ = ::open(path.parent_path().c_str(), kOpenDirectory);
      text = "/proc/self/fd/" + std::to_string(directory_) + "/" + path.filename().string();
    }
    std::memcpy(address_.sun_path, text.c_str(), text.size() + 1);
  }
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;
  ~Address() {
    if (directory_ >= 0) {
      ::close(directory_);
    }
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] socklen_t size() const { return sizeof address_; }

 private:
  static constexpr int kOpenDirectory = O_PATH | O_DIRECTORY | O_CLOEXEC;
  sockaddr_un address_{};
  int directory_ = -1;
};

bool send_line(int connection, const object& message) {
  const std::string line = boost::json::serialize(message) + '\n';
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t now = ::send(connection, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) {
      return false;
    }
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

// The next line, without its end; nothing at the end of the stream, a timeout, or an overlong line.
std::optional<std::string> read_line(int connection, std::string& buffer, std::size_t limit,
                                     int timeout_ms) {
  while (true) {
    if (const std::size_t end = buffer.find('\n'); end != std::string::npos) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      return line;
    }
    pollfd waiting{connection, POLLIN, 0};
    std::array<char, 4096> piece{};
    if (buffer.size() > limit || ::poll(&waiting, 1, timeout_ms) <= 0) {
      return std::nullopt;
    }
    const ssize_t got = ::recv(connection, piece.data(), piece.size(), 0);
    if (got <= 0) {
      return std::nullopt;
    }
    buffer.append(piece.data(), static_cast<std::size_t>(got));
  }
}

object describe(const Error& error) {
  return {{"code", static_cast<std::int64_t>(error.code)},
          {"message", error.message},
          {"detail", error.detail_code}};
}

Error error_from(const object& described) {
  return make_error(static_cast<ErrorCode>(described.at("code").as_int64()),
                    std::string(described.at("message").as_string()),
                    std::string(described.at("detail").as_string()));
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::start(
    const std::filesystem::path& data_directory, Handler handler) {
  const std::filesystem::path path = socket_path(data_directory);
  const auto failed = [&](int listener) {
    const std::string reason = std::generic_category().message(errno);
    if (listener >= 0) {
      ::close(listener);
    }
    return make_error(ErrorCode::kUnavailable,
                      "cannot open the control socket `" + path.string() + "`: " + reason);
  };
  ::unlink(path.c_str());  // left by a process that died; the directory's lock is ours
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) {
    return failed(listener);
  }
  const Address address(path);
  // The socket is born with this mode. Where a system does not do so, nobody can connect before
  // `listen`, and by then the file has it. The umask is the whole process's and stays as it is.
  if (::fchmod(listener, 0600) != 0 || ::bind(listener, address.get(), address.size()) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener, 8) != 0) {
    return failed(listener);
  }
  const int stop_event = ::eventfd(0, EFD_CLOEXEC);
  if (stop_event < 0) {
    return failed(listener);
  }
  return std::unique_ptr<ControlServer>(
      new ControlServer(path, listener, stop_event, std::move(handler)));
}

ControlServer::ControlServer(std::filesystem::path path, int listener, int stop_event,
                             Handler handler)
    : path_(std::move(path)),
      listener_(listener),
      stop_event_(stop_event),
      handler_(std::move(handler)),
      thread_([this] { serve(); }) {}

ControlServer::~ControlServer() {
  const std::uint64_t one = 1;
  if (::write(stop_event_, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) {
    thread_.join();
  }
  for (Request& request : requests_) {
    request.thread.join();
  }
  ::close(listener_);
  ::close(stop_event_);
  ::unlink(path_.c_str());
}

void ControlServer::serve() {
  while (true) {
    std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {stop_event_, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if ((waiting[1].revents & POLLIN) != 0) {
      return;
    }
    if ((waiting[0].revents & POLLIN) == 0) {
      continue;
    }
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) {
      take(connection);
    }
  }
}

void ControlServer::take(int connection) {
  requests_.remove_if([](Request& request) {
    if (!request.done) {
      return false;
    }
    request.thread.join();
    return true;
  });
  if (requests_.size() >= kMaxControlRequests) {
    send_line(
        connection,
        {{"error", describe(make_error(ErrorCode::kUnavailable, "too many commands at once"))}});
    ::close(connection);
    return;
  }
  Request& request = requests_.emplace_back();
  request.thread = std::thread([this, &request, connection] {
    answer(connection);
    // Before the stream ends, so that whoever sees its end finds the place free.
    request.done = true;
    ::close(connection);
  });
}

void ControlServer::answer(int connection) {
  std::string buffer;
  const auto line = read_line(connection, buffer, kMaxControlLineBytes, kRequestTimeoutMs);
  if (!line) {
    return;
  }
  const auto request = http::parse_json(*line);
  Result<object> outcome = make_error(ErrorCode::kInvalid, "the request is not a JSON object");
  if (request.has_value() && request->is_object()) {
    outcome = handler_(request->get_object(), [connection](std::uint64_t rows) {
      send_line(connection, {{"progress", rows}});
    });
  }
  send_line(connection, outcome.has_value() ? object{{"result", std::move(*outcome)}}
                                            : object{{"error", describe(outcome.error())}});
}

std::optional<Result<object>> ask_running_gateway(const std::filesystem::path& data_directory,
                                                  const object& request,
                                                  const ControlServer::Progress& progress) {
  const std::filesystem::path path = socket_path(data_directory);
  struct Connection {
    explicit Connection(int opened) : descriptor(opened) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(descriptor); }
    int descriptor;
  };
  const Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address address(path);
  if (connection.descriptor < 0 ||
      ::connect(connection.descriptor, address.get(), address.size()) != 0) {
    return std::nullopt;
  }
  Result<object> lost =
      make_error(ErrorCode::kUnavailable, "the running gateway went away before it answered");
  if (!send_line(connection.descriptor, request)) {
    return lost;
  }
  std::string buffer;
  constexpr std::size_t kMaxAnswerBytes = 256ULL * 1024 * 1024;
  while (true) {
    // No timeout: a long import reports its progress, and a gateway that dies ends the stream.
    const auto line = read_line(connection.descriptor, buffer, kMaxAnswerBytes, -1);
    if (!line) {
      return lost;
    }
    auto message = http::parse_json(*line);
    if (message.has_error() || !message->is_object()) {
      return lost;
    }
    object& answer = message->get_object();
    if (const auto* rows = answer.if_contains("progress")) {
      progress(rows->to_number<std::uint64_t>());
    } else if (const auto* error = answer.if_contains("error")) {
      return Result<object>(error_from(error->as_object()));
    } else {
      return Result<object>(std::move(answer["result"].as_object()));
    }
  }
}

}  // namespace fieldgate::ops
