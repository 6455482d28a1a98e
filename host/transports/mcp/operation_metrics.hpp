/// `mcp.server.operation.duration`: how long requests took, by method, tool and how they ended, with the names of
/// OpenTelemetry's conventions for MCP.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/metrics.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// What a request was about, when it is one of ours.
enum class TargetKind : std::uint8_t { kNone, kTool, kPrompt };

/// How a request ended, and over what it came.
struct OperationEnd {
  int code = 0;                ///< Of a JSON-RPC error; 0: none.
  bool is_tool_error = false;  ///< A result that is an error.
  bool has_revision = false;   ///< False: it was refused before that was known.
  Revision revision = Revision::k20260728;
  bool is_pipe = false;  ///< Over stdio.
  bool is_http10 = false;
};

/// Those of one loop, used by that loop only. A request that has an equal one before it costs a few comparisons and two
/// additions. Labels are from tables of ours: methods that are served, tools and prompts that are offered.
class OperationMetrics {
 public:
  /// Requests with one method and target.
  class Series {
   public:
    std::string_view method() const noexcept { return method_; }
    TargetKind kind() const noexcept { return kind_; }
    const std::string& target() const noexcept { return target_; }

   private:
    friend class OperationMetrics;
    struct Cell {
      std::uint64_t end;  ///< An OperationEnd in one word.
      base::Histogram* histogram;
    };
    std::string_view method_;
    TargetKind kind_ = TargetKind::kNone;
    std::string target_;
    std::vector<Cell> cells_;
  };

  /// More targets than that count as "other": names may come and go with plugins, and a series stays.
  static constexpr std::size_t kMostSeries = 4'096;

  /// `metrics` outlives it.
  explicit OperationMetrics(base::Metrics& metrics) : metrics_(metrics) {}

  /// `method` lives for ever; `target` is compared, not kept. The series lives as long as this.
  Series& series(std::string_view method, TargetKind kind = TargetKind::kNone, std::string_view target = {});

  void observe(Series& series, const OperationEnd& end, std::int64_t duration_ns);

 private:
  Series& make(std::string_view method, TargetKind kind, std::string_view target);
  base::Histogram& make_histogram(const Series& series, const OperationEnd& end);

  base::Metrics& metrics_;
  std::array<Series*, 256> recent_{};  ///< By where the texts lie, which is the same for the same tool.
  std::map<std::tuple<std::string_view, TargetKind, std::string>, Series> all_;
};

}  // namespace toolrack::mcp
