/// Drives libcurl's multi interface from an event loop: sockets, timer, and the list of transfers that have ended.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "services/http/socket_watcher.hpp"

namespace toolrack::services::http {

/// Used by its loop's thread only. libcurl must not be called from its own callbacks: `is_inside` tells.
class CurlDriver {
 public:
  struct Limits {
    std::size_t max_connections_per_host;
    std::size_t max_connections;
  };
  CurlDriver(boost::asio::io_context& context, const Limits& limits);
  /// Every handle has been removed before.
  ~CurlDriver();
  CurlDriver(const CurlDriver&) = delete;
  CurlDriver& operator=(const CurlDriver&) = delete;

  /// From now on `on_turn` runs after each turn that libcurl had, outside of libcurl. `owner` owns this driver: nothing
  /// runs once it is gone.
  void start(std::weak_ptr<void> owner, std::function<void()> on_turn);

  void add(CURL* handle);
  /// Ends what the handle was doing; a connection in use is closed.
  void remove(CURL* handle);
  /// Lets a paused handle go on. libcurl may hand over data inside; a failure means that the transfer is over.
  CURLcode unpause(CURL* handle);
  /// A transfer that has ended, removed already; ask until there is none.
  std::optional<std::pair<CURL*, CURLcode>> next_ended();

  bool is_inside() const noexcept { return inside_; }
  SocketWatcher& sockets() noexcept { return sockets_; }

 private:
  struct Cleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  static int on_socket(CURL* handle, curl_socket_t socket, int what, void* self, void* ignored);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void wait_for_sockets();
  void wait_for_timer(long timeout_ms);
  void act(curl_socket_t socket, int events);

  SocketWatcher sockets_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<CURLM, Cleanup> multi_;  // Closes its sockets through sockets_.
  std::weak_ptr<void> owner_;
  std::function<void()> on_turn_;
  bool inside_ = false;
};

}  // namespace toolrack::services::http
