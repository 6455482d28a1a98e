/// The server itself allocates nothing per request once a connection is warm.
#include <cstdlib>
#include <new>

#include "support/test_server.hpp"

namespace {

thread_local bool is_counted = false;
std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Replaces the program's allocation functions to count; everything else is the default behaviour.
void* operator new(std::size_t size) {
  if (is_counted) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace toolrack::net {
namespace {

TEST(Allocations, AreNoneForAWarmConnection) {
  static const auto cached = std::make_shared<const std::string>(2000, 'x');
  TestServer server([](const Request& request, Exchange& exchange) {
    is_counted = true;  // This is the loop's thread; from here on each allocation of it counts.
    if (request.path == "/control") return exchange.respond(200, "text/plain", std::string(100, 'x'));
    exchange.respond(200, "text/plain", cached, {{"X-Own", "value"}});
  });
  auto client = server.connect();
  const auto exchange_some = [&](std::string_view path) {
    for (int i = 0; i < 100; ++i) {
      client.send(post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", path));
      if (!client.read_reply()) return false;
    }
    return true;
  };
  ASSERT_TRUE(exchange_some("/"));
  const auto before = allocations.load();
  ASSERT_TRUE(exchange_some("/"));
  EXPECT_EQ(allocations.load() - before, 0u);
  ASSERT_TRUE(exchange_some("/control"));
  EXPECT_GE(allocations.load() - before, 100u) << "the counter counts";
}

}  // namespace
}  // namespace toolrack::net
