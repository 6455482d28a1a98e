/// A call that is answered at once allocates nothing: `echo` over REST and MCP, with a key, limits, validation of input
/// and output, and a record. Counted in a whole gateway, on the thread of its loop, malloc and operator new alike.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "app/gateway.hpp"
#include "base/json.hpp"
#include "support/raw_client.hpp"
#include "support/temp_directory.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOOLRACK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOOLRACK_SANITIZED 1
#endif
#endif

#ifndef TOOLRACK_SANITIZED

namespace {

/// The thread whose allocations count; 0: nobody's.
std::atomic<int> counted_thread{0};
std::atomic<std::uint64_t> allocations{0};
thread_local int own_id = 0;

void count() noexcept {
  if (counted_thread.load(std::memory_order_relaxed) == 0) return;
  if (own_id == 0) own_id = ::gettid();
  if (own_id == counted_thread.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// In front of the C library's own, which stay what they are; operator new comes here too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  count();
  return __libc_realloc(memory, size);
}
}

namespace toolrack::app {
namespace {

int thread_named(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string comm;
    std::getline(file, comm);
    if (comm == name) return std::stoi(entry.path().filename());
  }
  return 0;
}

class Allocations : public ::testing::Test {
 protected:
  void SetUp() override {
    Config config;
    config.mode = call::Mode::kHosted;
    config.require_signature = false;  // The tests' plugins are signed by nobody.
    config.isolation.otherwise = sources::isolated::Isolation::kInProcess;
    config.listen.port = 0;
    config.metrics_listen.reset();
    config.threads = 1;
    config.data = directory_.path();
    config.plugins = {std::filesystem::path(TOOLRACK_BINARY_DIR) / "examples"};
    config.limits = accounts::LimitSettings{
        .per_minute = accounts::kMaxWindowCalls, .per_hour = accounts::kMaxWindowCalls, .concurrent = 100};
    auto owned = store::DataDirectory::acquire(directory_.path());
    ASSERT_TRUE(owned.has_value()) << owned.error().message();
    auto started = Gateway::start(config, table_, std::move(std::get<store::DataDirectory>(*owned)), {});
    ASSERT_TRUE(started.has_value()) << started.error().message();
    gateway_ = std::move(*started);
    client_.emplace(net::RawClient::tcp(gateway_->endpoint().port));
    key_ = make_key();
  }

  std::string make_key() {
    auto owner = net::RawClient::local(gateway_->socket_path());
    owner.send(post("/v1/keys", R"({"name":"count"})", ""));
    const auto reply = owner.read_reply();
    const auto made = base::json::parse(reply ? reply->body : "");
    return std::string(made ? base::json::find_string(*made, "api_key").value_or("") : "");
  }

  static std::string post(std::string_view path, std::string_view body, std::string_view key) {
    auto text = "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                "Accept: application/json, text/event-stream\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
    if (!key.empty()) text += "Authorization: Bearer " + std::string(key) + "\r\n";
    return text + "\r\n" + std::string(body);
  }

  /// Allocations of the loop during so many calls.
  std::uint64_t count(const std::string& request, int calls) {
    const auto before = allocations.load();
    counted_thread = thread_named("loop-0");
    for (int i = 0; i < calls; ++i) {
      client_->send(request);
      const auto reply = client_->read_reply();
      EXPECT_EQ(reply ? reply->status : 0, 200);
      if (::testing::Test::HasFailure()) break;
    }
    counted_thread = 0;
    return allocations.load() - before;
  }

  void expect_none(const std::string& request) {
    count(request, 2'000);  // Buffers grow to their size.
    constexpr int kCalls = 2'000;
    const auto began = std::chrono::steady_clock::now();
    const auto counted = count(request, kCalls);
    const auto time = std::chrono::steady_clock::now() - began;
    RecordProperty("allocations", static_cast<int>(counted));
    // Records leave in batches, some hundred calls or 200 ms each, and a batch takes a handful.
    const auto batches = 5 + static_cast<std::uint64_t>(time / std::chrono::milliseconds(200));
    EXPECT_LT(counted, 20 * batches) << "of " << kCalls << " calls";
  }

  testing::TempDirectory directory_;
  const operations::Table table_;
  std::unique_ptr<Gateway> gateway_;
  std::optional<net::RawClient> client_;
  std::string key_;
};

TEST_F(Allocations, AreNoneForACallOverRest) {
  expect_none(post("/v1/tools/call",
                   R"({"tool":"echo","skill":"echo","input":{"message":"A message of ordinary length."}})", key_));
}

TEST_F(Allocations, AreNoneForACallOverMcp) {
  expect_none(post(
      "/mcp",
      R"({"jsonrpc":"2.0","id":12345,"method":"tools/call","params":{"name":"echo","arguments":{"message":"A message of ordinary length."}}})",
      key_));
}

TEST_F(Allocations, AreCounted) {
  const auto counted = count(post("/v1/tools/echo", "", key_).replace(0, 4, "GET"), 50);
  EXPECT_GT(counted, 50u);
}

}  // namespace
}  // namespace toolrack::app

#endif
