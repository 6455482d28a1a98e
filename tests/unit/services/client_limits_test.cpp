#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

std::chrono::milliseconds cpu_of_this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto ms = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  return std::chrono::milliseconds(ms(usage.ru_utime) + ms(usage.ru_stime));
}

/// None of these servers would have come to an end within ten seconds.
TEST(ClientTime, EndsWithinTheTotalTimeWhateverTheServerDoes) {
  for (const auto& reply : {Reply::held(Reply::text("late")), Reply::slow_head(), Reply::held_between({"a", "b"}),
                            Reply::dripping(std::vector<std::string>(1000, "x"), 10ms), Reply::endless("x")}) {
    ScriptedHttpServer server;
    server.on("/", reply);
    HttpFixture http;
    for (auto timeout = 150ms; timeout < 8s; timeout *= 2) {
      const auto begin = steady_clock::now();
      const auto outcome = http.send({.url = server.url(), .timeout = timeout, .max_bytes = 1ull << 40});
      const auto took = steady_clock::now() - begin;
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().error.code(), ErrorCode::kTimeout);
      EXPECT_THAT(outcome.error().error.message(), HasSubstr("within " + std::to_string(timeout.count()) + " ms"));
      EXPECT_GE(took, timeout);
      EXPECT_LT(took, 10s);
      if (outcome.error().sent == Sent::kMaybe) break;  // A busy machine may not get to the server in that time.
      EXPECT_LT(timeout * 2, 8s) << "it was never sent";
    }
    EXPECT_TRUE(server.wait_for_open(0)) << "the socket must be closed, not left to run";
  }
}

TEST(ClientTime, CountsTheWaitForAConnection) {
  ScriptedHttpServer server;
  server.on("/", Reply::held(Reply::text("late")));
  HttpFixture http({.allow_loopback = true}, {.max_connections_per_host = 1});
  http.client->send({.url = server.url()}, nullptr, [](Outcome) {});
  ASSERT_TRUE(http.run_until([&] { return !server.requests().empty(); }));
  const auto outcome = http.send({.url = server.url(), .timeout = 100ms});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kTimeout);
  EXPECT_EQ(outcome.error().sent, Sent::kNo);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(ClientCancel, ClosesTheSocketAtOnce) {
  for (const auto& reply : {Reply::held(Reply::text("late")), Reply::slow_head(), Reply::held_between({"a", "b"})}) {
    ScriptedHttpServer server;
    server.on("/", reply);
    HttpFixture http;
    std::optional<Outcome> outcome;
    const auto id =
        http.client->send({.url = server.url()}, nullptr, [&](Outcome result) { outcome = std::move(result); });
    ASSERT_TRUE(http.run_until([&] { return !server.requests().empty(); }));
    http.client->cancel(id);
    EXPECT_FALSE(outcome) << "done ran inside cancel";
    ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
    EXPECT_TRUE(server.wait_for_open(0)) << "seen by the far end, which does not close by itself";
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().error.code(), ErrorCode::kCancelled);
    EXPECT_EQ(outcome->error().sent, Sent::kMaybe);
    http.client->cancel(id);  // Unknown by now.
    http.client->resume(id);
    EXPECT_EQ(http.metric("toolrack_http_requests_total{outcome=\"cancelled\"}"), "1");
  }
}

TEST(ClientCancel, BeforeAnythingIsSentSaysSo) {
  ScriptedHttpServer server;
  HttpFixture http;
  std::optional<Outcome> outcome;
  const auto id =
      http.client->send({.url = server.url()}, nullptr, [&](Outcome result) { outcome = std::move(result); });
  http.client->cancel(id);
  ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().sent, Sent::kNo);
  EXPECT_TRUE(server.requests().empty());
}

TEST(ClientSize, CutsTheBodyAtMaxBytes) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("0123456789"));
  HttpFixture http;
  const auto cut = http.send({.url = server.url(), .max_bytes = 4});
  ASSERT_TRUE(cut) << cut.error().error.message();
  EXPECT_EQ(cut->body, "0123");
  EXPECT_TRUE(cut->cut);
  const auto whole = http.send({.url = server.url(), .max_bytes = 10});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body, "0123456789");
  EXPECT_FALSE(whole->cut);
}

TEST(ClientSize, EndsAnEndlessBody) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless(std::string(1000, 'x')));
  HttpFixture http;
  const auto outcome = http.send({.url = server.url(), .max_bytes = 1 << 20});
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body.size(), 1u << 20);
  EXPECT_TRUE(outcome->cut);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(ClientSize, CutsACompressionBombForLittle) {
  ScriptedHttpServer server;
  server.on("/small", Reply::gzip_bomb(3'000'000));
  server.on("/whole", Reply::gzip_bomb(16 << 20));
  server.on("/bomb", Reply::gzip_bomb(10ull << 30));
  HttpFixture http;
  const auto control = http.get(server.url("/small"));
  ASSERT_TRUE(control) << control.error().error.message();
  EXPECT_TRUE(control->body == std::string(3'000'000, '\0')) << "the bomb is valid gzip";

  // The cheapest of three: what neighbours of the machine take is counted as ours.
  const auto cheapest = [&](const char* path) {
    auto least = std::chrono::milliseconds::max();
    for (int i = 0; i < 3; ++i) {
      const auto before = cpu_of_this_thread();
      const auto outcome = http.get(server.url(path));
      least = std::min(least, cpu_of_this_thread() - before);
      EXPECT_TRUE(outcome);
      if (!outcome) break;
      EXPECT_EQ(outcome->cut, std::string_view(path) == "/bomb");
      EXPECT_EQ(outcome->body.size(), 16u << 20);
      EXPECT_LT(outcome->bytes_received, 1 << 20);
    }
    return least;
  };
  const auto whole = cheapest("/whole");
  EXPECT_LT(cheapest("/bomb"), 4 * whole + 20ms) << "not much more than what is taken of it, which is a 640th";
}

TEST(ClientSize, RefusesHeadersBeyondTheirLimit) {
  ScriptedHttpServer server;
  server.on("/one", Reply::text("ok").header("X-Big", std::string(80 << 10, 'x')));
  auto many = Reply::text("ok");
  for (int i = 0; i < 2000; ++i) many.header("X-" + std::to_string(i), std::string(40, 'x'));
  server.on("/many", many);
  server.on("/fits", Reply::text("ok").header("X-Big", std::string(60 << 10, 'x')));
  HttpFixture http;
  for (const auto* path : {"/one", "/many"}) {
    const auto outcome = http.get(server.url(path));
    ASSERT_FALSE(outcome) << path;
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderError);
    EXPECT_THAT(outcome.error().error.message(), HasSubstr("65536 bytes of headers"));
  }
  EXPECT_TRUE(http.get(server.url("/fits")));
}

}  // namespace
}  // namespace toolrack::test
