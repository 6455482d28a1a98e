#include "transports/mcp/session_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace toolrack::mcp {
namespace {

constexpr std::int64_t kLifetime = 86'400, kStart = 1'800'000'000;
constexpr SessionKind kHttp{Revision::k20250618, false}, kPipe{Revision::k20251125, true};

/// What a process has counted.
struct Process {
  base::Metrics metrics;
  SessionMetrics sessions{metrics, kLifetime};

  std::string of(const SessionKind& kind, const std::string& what) const {
    const auto name = "mcp_server_session_duration_seconds_" + what + R"({mcp_protocol_version=")" +
                      std::string(to_string(kind.revision)) + R"(",network_transport=")" +
                      (kind.is_pipe ? R"(pipe"} )" : R"(tcp",network_protocol_name="http"} )");
    const auto text = metrics.render();
    const auto at = text.find(name);
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::string events(const std::string& event) const {
    const auto text = metrics.render();
    const auto name = R"(toolrack_mcp_sessions_total{event=")" + event + R"("} )";
    const auto begin = text.find(name) + name.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  }
};

TEST(SessionMetrics, ASessionThatItsClientEndsCountsOnce) {
  Process process;
  process.sessions.opened(kHttp, kStart);
  process.sessions.ended(kHttp, kStart, kStart + 40);
  process.sessions.sweep(kStart + 2 * kLifetime);
  process.sessions.stop(kStart + 2 * kLifetime);
  EXPECT_EQ(process.of(kHttp, "count"), "1");
  EXPECT_EQ(process.of(kHttp, "sum"), "40");
  EXPECT_EQ(process.events("ended"), "1");
  EXPECT_EQ(process.events("expired"), "0");
}

TEST(SessionMetrics, OneThatExpiresCountsWithItsLifetime) {
  Process process;
  process.sessions.opened(kHttp, kStart);
  process.sessions.opened(kPipe, kStart);
  process.sessions.opened(kHttp, kStart + 10);
  process.sessions.sweep(kStart + kLifetime);
  EXPECT_EQ(process.of(kHttp, "count"), "none") << "it is good in its last second";
  process.sessions.sweep(kStart + kLifetime + 1);
  process.sessions.sweep(kStart + kLifetime + 1);
  EXPECT_EQ(process.of(kHttp, "count"), "1");
  EXPECT_EQ(process.of(kHttp, "sum"), "86400");
  EXPECT_EQ(process.of(kPipe, "count"), "1");
  EXPECT_EQ(process.events("expired"), "2");
  EXPECT_EQ(process.events("ended"), "0");
}

TEST(SessionMetrics, WhatIsOpenWhenTheProcessStopsCountsWithWhatWasSeenOfIt) {
  Process process;
  process.sessions.opened(kHttp, kStart);
  process.sessions.opened(kHttp, kStart);
  process.sessions.opened(kHttp, kStart + 50);
  process.sessions.ended(kHttp, kStart, kStart + 10);
  process.sessions.stop(kStart + 100);
  process.sessions.stop(kStart + 200);
  EXPECT_EQ(process.of(kHttp, "count"), "3");
  EXPECT_EQ(process.of(kHttp, "sum"), "160");
  process.sessions.ended(kHttp, kStart, kStart + 300);
  EXPECT_EQ(process.of(kHttp, "count"), "3") << "it has been counted";
}

TEST(SessionMetrics, WhatGoesOnAfterARestartIsNotCountedAgain) {
  Process before, after;
  before.sessions.opened(kHttp, kStart);
  before.sessions.stop(kStart + 30);
  after.sessions.opened(kHttp, kStart + 31);
  after.sessions.ended(kHttp, kStart, kStart + 60);
  EXPECT_EQ(before.of(kHttp, "count"), "1");
  EXPECT_EQ(after.of(kHttp, "count"), "none");
  EXPECT_EQ(after.events("ended"), "1") << "that it was ended is told all the same";
  after.sessions.stop(kStart + 61);
  EXPECT_EQ(after.of(kHttp, "count"), "1");
}

TEST(SessionMetrics, AClockThatIsSetBackGivesNoNegativeTime) {
  Process process;
  process.sessions.opened(kHttp, kStart);
  process.sessions.stop(kStart - 100);
  EXPECT_EQ(process.of(kHttp, "count"), "1");
  EXPECT_EQ(process.of(kHttp, "sum"), "0");
}

}  // namespace
}  // namespace toolrack::mcp
