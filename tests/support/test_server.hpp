/// A server on a free port with loops of its own, and handlers made of functions.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"
#include "transports/net/server.hpp"

namespace toolrack::net {

class FunctionHandler final : public Handler {
 public:
  using Function = std::function<void(const Request&, Exchange&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  void handle(const Request& request, Exchange& exchange) override { function_(request, exchange); }
  base::Result<std::size_t> body_limit(const Request& head, std::size_t default_limit) override {
    return limit ? limit(head) : default_limit;
  }
  base::Result<std::shared_ptr<BodySink>> stream_body(const Request& head, BodySource& source) override {
    if (!stream) return nullptr;
    return stream(head, source);
  }
  std::function<base::Result<std::size_t>(const Request&)> limit;
  std::function<base::Result<std::shared_ptr<BodySink>>(const Request&, BodySource&)> stream;

 private:
  Function function_;
};

/// Something that happens once, for which another thread waits.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, toolrack::test::kPatience, [&] { return is_set_; });
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    is_set_ = false;
  }
  bool is_set() {
    const std::lock_guard lock(mutex_);
    return is_set_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

/// Limits whose times pass while a test runs.
inline Limits short_limits() {
  Limits limits;
  limits.tick = std::chrono::milliseconds(5);
  limits.linger = std::chrono::milliseconds(100);
  return limits;
}

class TestServer {
 public:
  /// With a clock of its own the test says when deadlines pass; they are looked at every tick of the limits, which are
  /// the system's.
  explicit TestServer(FunctionHandler::Function function, Limits limits = short_limits(), std::size_t loops = 1,
                      const base::Clock& clock = base::system_clock())
      : handler(std::move(function)), loops(loops), server(this->loops, metrics, limits, clock) {
    auto bound = server.listen_tcp("127.0.0.1", 0, handler);
    EXPECT_TRUE(bound) << bound.error().message();
    port = bound.value_or(0);
    this->loops.start();
  }
  ~TestServer() { loops.stop(); }

  RawClient connect(int receive_buffer = 0) { return RawClient::tcp(port, receive_buffer); }
  /// Waits until no connection is open.
  [[nodiscard]] bool wait_until_idle() { return wait_for_connections(0); }
  /// Waits until so many connections are open, and every loop is done with what it had begun.
  [[nodiscard]] bool wait_for_connections(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    while (server.connections() != count) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    for (std::size_t i = 0; i < loops.size(); ++i) {
      Event turned;
      boost::asio::post(loops[i].context(), [&] { turned.set(); });
      if (!turned.wait()) return false;
    }
    return true;
  }
  std::uint64_t refused(std::string reason) {
    return metrics.counter("toolrack_http_server_refused_total", "", {{"reason", std::move(reason)}}).value();
  }

  base::Metrics metrics;
  FunctionHandler handler;
  base::Loops loops;
  Server server;
  std::uint16_t port = 0;
};

/// Answers 200 with "<method> <path> <body>".
inline void echo(const Request& request, Exchange& exchange) {
  std::string text(request.method_text);
  text.append(" ").append(request.path).append(" ").append(request.body);
  exchange.respond(200, "text/plain", std::move(text));
}

inline std::string get(std::string_view path = "/") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}
inline std::string post(std::string_view body, std::string_view path = "/") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace toolrack::net
