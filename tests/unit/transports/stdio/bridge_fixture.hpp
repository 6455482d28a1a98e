/// A bridge between pipes, with its client's ends in the test's hands.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "support/patience.hpp"
#include "transports/net/unique_fd.hpp"
#include "transports/stdio/bridge.hpp"

namespace toolrack::stdio {

/// A process that speaks on a pipe, as far as its client can tell. No wait goes on for ever.
class PipedBridge {
 public:
  /// `farewell`: as Bridge has it; tests of what comes after the end of the input have no hurry.
  explicit PipedBridge(Endpoint endpoint, Bridge::Elect elect = nullptr,
                       std::chrono::milliseconds farewell = Bridge::kFarewell) {
    int to[2], from[2];
    EXPECT_EQ(::pipe2(to, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(from, O_CLOEXEC), 0);
    bridge_in_ = net::UniqueFd(to[0]);
    in_ = net::UniqueFd(to[1]);
    out_ = net::UniqueFd(from[0]);
    bridge_out_ = net::UniqueFd(from[1]);
    thread_ = std::thread([this, endpoint = std::move(endpoint), elect = std::move(elect), farewell]() mutable {
      Bridge bridge(bridge_in_.get(), bridge_out_.get(), std::move(endpoint), std::move(elect), farewell);
      status_ = bridge.run();
      bridge_out_ = net::UniqueFd();  // As a process that has ended.
    });
  }
  ~PipedBridge() {
    close_input();
    close_output();
    if (thread_.joinable()) thread_.join();
  }

  void send(std::string line) {
    line += '\n';
    send_raw(line);
  }
  void send_raw(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto written = ::write(in_.get(), bytes.data(), bytes.size());
      ASSERT_GT(written, 0);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  /// The next line, or nothing at the end of the output.
  std::optional<std::string> line() {
    for (;;) {
      if (const auto end = received_.find('\n'); end != std::string::npos) {
        auto text = received_.substr(0, end);
        received_.erase(0, end + 1);
        return text;
      }
      pollfd ready{.fd = out_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(toolrack::test::kPatience).count())) <= 0) {
        ADD_FAILURE() << "no line came";
        return std::nullopt;
      }
      char piece[65536];
      const auto got = ::read(out_.get(), piece, sizeof piece);
      if (got <= 0) return std::nullopt;
      received_.append(piece, static_cast<std::size_t>(got));
    }
  }
  /// The next line as JSON.
  base::json::Document message() {
    const auto text = line();
    auto document = base::json::parse(text.value_or("null"));
    EXPECT_TRUE(document) << text.value_or("nothing");
    return document ? *std::move(document) : base::json::Document();
  }
  /// Did the bridge write nothing more up to its end? Closes its input.
  bool ends_silently() {
    close_input();
    return !line();
  }
  void close_input() { in_ = net::UniqueFd(); }
  void close_output() { out_ = net::UniqueFd(); }
  /// The exit status, once it has ended.
  int wait() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  net::UniqueFd bridge_in_, in_, out_, bridge_out_;
  std::string received_;
  int status_ = -1;
  std::thread thread_;
};

inline std::string text_at(const base::json::Value& root, std::string_view pointer) {
  const auto* value = base::json::at(root, pointer);
  return value == nullptr    ? "(absent)"
         : value->IsString() ? std::string(base::json::view(*value))
                             : base::json::dump(*value);
}

inline std::string result(std::string_view id, std::string_view value = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"result":)" + std::string(value) + "}";
}

/// A request of 2026-07-28; `params` are members before `_meta`, with a comma at their end.
inline std::string modern(std::string_view id, std::string_view method, std::string_view params = "") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) + R"(","params":{)" +
         std::string(params) +
         R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})";
}

inline std::string legacy(std::string_view id, std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) + R"(","params":)" +
         std::string(params) + "}";
}

inline const std::string kInitialize = legacy(
    "0", "initialize", R"({"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}})");
inline const std::string kInitialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

}  // namespace toolrack::stdio
