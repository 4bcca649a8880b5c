// The sockets of one loop's connections, and which of them have become ready.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstddef>
#include <functional>

namespace fieldgate::server {

class Connection;

/// An epoll set (epoll(7)) of the loop's own, which Asio waits for as one descriptor. A socket is
/// added once, edge-triggered, and then needs no call to the kernel to be waited for again; a wait
/// that Asio makes for a socket takes one each time, which is one for every read. Used on the
/// loop's thread only.
class Readiness {
 public:
  /// `on_turn` is told how many connections a wake-up has served. Throws std::system_error when the
  /// system has no epoll set left.
  Readiness(boost::asio::io_context& context, std::function<void(std::size_t)> on_turn);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  void start();

  /// From now on `connection` is told when its socket becomes readable or writable, once for each
  /// time, until it closes that. The set refers to the connection until `forget`. False when the
  /// kernel refuses.
  [[nodiscard]] bool watch(int descriptor, Connection& connection);
  /// `connection` has closed its socket. The caller refers to it, or must not touch it after.
  static void forget(Connection& connection);

 private:
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  void serve();

  Descriptor set_;
  std::function<void(std::size_t)> on_turn_;
};

}  // namespace fieldgate::server
