/// One MCP request as operators see it: how long it took and how it ended. In the metrics always; as a span where
/// traces are recorded. docs/observability.md names what is told.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/trace_context.hpp"
#include "call/call.hpp"
#include "call/call_attributes.hpp"
#include "services/telemetry/tracer.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/operation_metrics.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

class Observations;

/// Moves with the Answer that it is about (answer.hpp), which ends it. Used on the request's loop only.
class Observation {
 public:
  struct GiveBack {
    void operator()(Observation* observation) const noexcept;
  };
  /// Null: nobody looks. One that goes without having ended is forgotten.
  using Ref = std::unique_ptr<Observation, GiveBack>;

  explicit Observation(Observations& owner) : owner_(owner) {}

  /// The era has taken the request.
  void note_era(Revision revision, std::string_view session);
  /// `name` is one that a manifest or we have given, never what a client has made up.
  void note_target(TargetKind kind, std::string_view name);
  void note_resource(std::string_view uri);
  void note_tool_error() noexcept { end_.is_tool_error = true; }
  /// Of the call of a skill that the request makes, before it starts.
  void note_input(std::string_view input_json);
  void note_outcome(const call::CallOutcome& outcome);

  /// What the work below is told: the span of this request, or what the client has given. Good as long as the request's
  /// texts are.
  std::string_view traceparent() const noexcept { return traceparent_; }

  /// `message`: what is answered, as rpc.hpp writes it; empty: nothing is.
  void end(std::string_view message);

 private:
  friend class Observations;
  void begin(const net::Request& request, const Message& message, std::string_view method);
  void begin_span(const net::Request& request, const Message& message);
  void record() const;

  Observations& owner_;
  std::string_view method_;
  OperationMetrics::Series* series_ = nullptr;  ///< Once its target is known.
  OperationEnd end_;
  std::int64_t started_ns_ = 0;
  std::size_t id_size_ = 0;       ///< Of the raw JSON of the request's id.
  std::string_view traceparent_;  ///< Into the request, or `own_`.

  // Only where traces are recorded. Capacity is kept.
  bool is_recorded_ = false;
  base::TraceContext context_;
  std::optional<base::Traceparent> own_;
  std::uint64_t parent_ = 0;
  std::optional<base::TraceContext> link_;
  std::string tracestate_, id_, session_, uri_, peer_, request_id_;
  std::uint16_t peer_port_ = 0;
  call::CallAttributes about_;
};

/// Those of one loop, used by that loop only.
class Observations {
 public:
  /// When the loops have stopped, answers may still lie where they were to be given: the last one takes this along.
  struct Retire {
    void operator()(Observations* observations) const noexcept;
  };
  using Owner = std::unique_ptr<Observations, Retire>;

  /// All outlive it. `tracer`: null, where no spans are recorded.
  Observations(base::Loop& loop, const base::Clock& clock, base::Metrics& metrics, services::telemetry::Tracer* tracer);
  ~Observations();
  Observations(const Observations&) = delete;
  Observations& operator=(const Observations&) = delete;

  /// `method` is the request's as one of our tables has it, or "other".
  Observation::Ref begin(const net::Request& request, const Message& message, std::string_view method);

 private:
  friend class Observation;
  base::Loop& loop_;
  const base::Clock& clock_;
  services::telemetry::Tracer* const tracer_;
  OperationMetrics metrics_;
  std::vector<std::unique_ptr<Observation>> all_;
  std::vector<Observation*> free_;
  bool is_retired_ = false;
};

}  // namespace toolrack::mcp
