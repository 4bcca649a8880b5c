#include "gateway/server/readiness.h"

#include "gateway/server/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

namespace fieldgate::server {

namespace {

/// Connections served before the loop's other work gets its turn.
constexpr std::size_t kServedAtOnce = 64;

int new_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  return set;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& context, std::function<void(std::size_t)> on_turn)
    : set_(context, new_set()), on_turn_(std::move(on_turn)) {}

void Readiness::start() {
  set_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& ec) {
    if (ec) {
      return;
    }
    // Whatever is thrown, the loop goes on to be told.
    try {
      serve();
    } catch (...) {
      start();
      throw;
    }
    start();
  });
}

bool Readiness::watch(int descriptor, Connection& connection) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &connection;
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return false;
  }
  intrusive_ptr_add_ref(&connection);
  return true;
}

void Readiness::forget(Connection& connection) {
  intrusive_ptr_release(&connection);
}

void Readiness::serve() {
  std::array<epoll_event, kServedAtOnce> events;  // NOLINT(*-member-init): the kernel fills it
  const int ready =
      ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  const std::span told(events.data(), ready > 0 ? static_cast<std::size_t>(ready) : 0);
  // Serving one connection may end others of this round: all are held until it is over.
  std::array<ConnectionRef, kServedAtOnce> held;
  std::transform(told.begin(), told.end(), held.begin(), [](const epoll_event& event) {
    return ConnectionRef(static_cast<Connection*>(event.data.ptr));
  });
  for (std::size_t i = 0; i < told.size(); ++i) {
    constexpr unsigned kGone = EPOLLERR | EPOLLHUP;
    held[i]->on_ready({(told[i].events & (EPOLLIN | EPOLLRDHUP | kGone)) != 0,
                       (told[i].events & (EPOLLOUT | kGone)) != 0,
                       (told[i].events & (EPOLLRDHUP | kGone)) != 0});
  }
  on_turn_(told.size());
}

}  // namespace fieldgate::server
