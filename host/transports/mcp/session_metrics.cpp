#include "transports/mcp/session_metrics.hpp"

#include <string>

namespace toolrack::mcp {
namespace {

base::Counter& sessions_total(base::Metrics& metrics, std::string event) {
  return metrics.counter("toolrack_mcp_sessions_total", "MCP sessions that clients opened, and that they ended.",
                         {{"event", std::move(event)}});
}

}  // namespace

SessionMetrics::SessionMetrics(base::Metrics& metrics)
    : metrics_(metrics), opened_(sessions_total(metrics, "opened")), ended_(sessions_total(metrics, "ended")) {}

void SessionMetrics::ended(Revision revision, bool is_pipe, std::int64_t lasted_s) {
  ended_.add();
  base::Labels labels{{"mcp.protocol.version", std::string(to_string(revision))},
                      {"network.transport", is_pipe ? "pipe" : "tcp"}};
  if (!is_pipe) labels.emplace_back("network.protocol.name", "http");
  metrics_
      .histogram("mcp.server.session.duration", "MCP sessions, from initialize until their client ended them.",
                 std::move(labels), base::Buckets::kConventional)
      .observe_ns(lasted_s * 1'000'000'000);
}

}  // namespace toolrack::mcp
