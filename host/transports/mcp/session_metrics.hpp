/// `mcp.server.session.duration`, and how many sessions were opened and ended.
///
/// A session without memory has no end that is seen unless its client ends it (DELETE): one that is left lying until it
/// expires is counted as opened only.
#pragma once

#include <cstdint>

#include "base/metrics.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Threads: any.
class SessionMetrics {
 public:
  /// `metrics` outlives it.
  explicit SessionMetrics(base::Metrics& metrics);

  void opened() noexcept { opened_.add(); }
  void ended(Revision revision, bool is_pipe, std::int64_t lasted_s);

 private:
  base::Metrics& metrics_;
  base::Counter& opened_;
  base::Counter& ended_;
};

}  // namespace toolrack::mcp
