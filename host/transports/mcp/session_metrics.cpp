#include "transports/mcp/session_metrics.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace toolrack::mcp {
namespace {

base::Counter& sessions_total(base::Metrics& metrics, std::string event) {
  return metrics.counter("toolrack_mcp_sessions_total",
                         "MCP sessions that clients opened, that they ended, and that expired.",
                         {{"event", std::move(event)}});
}

}  // namespace

SessionMetrics::SessionMetrics(base::Metrics& metrics, std::int64_t lifetime_s)
    : metrics_(metrics),
      lifetime_s_(lifetime_s),
      opened_(sessions_total(metrics, "opened")),
      ended_(sessions_total(metrics, "ended")),
      expired_(sessions_total(metrics, "expired")) {}

std::size_t SessionMetrics::place_of(const SessionKind& kind) noexcept {
  return 2 * static_cast<std::size_t>(kind.revision) + (kind.is_pipe ? 1 : 0);
}

void SessionMetrics::opened(const SessionKind& kind, std::int64_t opened_s) {
  opened_.add();
  const base::Lock lock(mutex_);
  ++open_[opened_s][place_of(kind)];
}

void SessionMetrics::ended(const SessionKind& kind, std::int64_t opened_s, std::int64_t now_s) {
  ended_.add();
  const auto place = place_of(kind);
  {
    const base::Lock lock(mutex_);
    const auto found = open_.find(opened_s);
    if (found == open_.end() || found->second[place] == 0) return;  // Another process has opened it, and counts it.
    --found->second[place];
  }
  count(place, 1, now_s - opened_s);
}

void SessionMetrics::sweep(std::int64_t now_s) {
  std::map<std::int64_t, Opened> over;
  {
    const base::Lock lock(mutex_);
    while (!open_.empty() && open_.begin()->first + lifetime_s_ < now_s) over.insert(open_.extract(open_.begin()));
  }
  for (const auto& [opened_s, sessions] : over) {
    for (std::size_t place = 0; place < sessions.size(); ++place) {
      expired_.add(sessions[place]);
      count(place, sessions[place], lifetime_s_);
    }
  }
}

void SessionMetrics::stop(std::int64_t now_s) {
  sweep(now_s);
  std::map<std::int64_t, Opened> left;
  {
    const base::Lock lock(mutex_);
    left.swap(open_);
  }
  for (const auto& [opened_s, sessions] : left)
    for (std::size_t place = 0; place < sessions.size(); ++place) count(place, sessions[place], now_s - opened_s);
}

void SessionMetrics::count(std::size_t place, std::uint32_t sessions, std::int64_t lasted_s) {
  if (sessions == 0) return;
  const bool is_pipe = place % 2 == 1;
  base::Labels labels{{"mcp.protocol.version", std::string(kRevisionNames[place / 2])},
                      {"network.transport", is_pipe ? "pipe" : "tcp"}};
  if (!is_pipe) labels.emplace_back("network.protocol.name", "http");
  auto& durations = metrics_.histogram("mcp.server.session.duration",
                                       "MCP sessions, from initialize until their client ended them, they expired, or "
                                       "the process that opened them stopped.",
                                       std::move(labels), base::Buckets::kConventional);
  const auto lasted_ns = std::max<std::int64_t>(0, lasted_s) * 1'000'000'000;
  while (sessions-- != 0) durations.observe_ns(lasted_ns);
}

}  // namespace toolrack::mcp
