/// What a dry run answers: what would happen, with live state.
#include "base/json.hpp"
#include "call/execution.hpp"

namespace toolrack::call {

std::string Execution::explain() const {
  using base::json::key;
  using base::json::put;
  using base::json::raw;
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  key(writer, "would_run");
  writer.Bool(!skill_->confirm || request_.confirmed);
  key(writer, "backend");
  if (outcome_.backend.empty())
    writer.Null();
  else
    put(writer, outcome_.backend);
  if (!plan_.candidates.empty()) {
    key(writer, "backends");
    writer.StartArray();
    for (const auto& candidate : plan_.candidates) write_candidate(writer, candidate);
    writer.EndArray();
  }
  if (!plan_.left_out.empty()) {
    key(writer, "left_out");
    writer.StartArray();
    for (const auto& [provider, reason] : plan_.left_out) {
      writer.StartObject();
      key(writer, "provider");
      put(writer, provider);
      key(writer, "reason");
      put(writer, reason);
      writer.EndObject();
    }
    writer.EndArray();
  }
  key(writer, "worst_price");
  raw(writer, outcome_.cost.to_string(), rapidjson::kNumberType);
  key(writer, "raw_price");
  raw(writer, outcome_.raw_cost.to_string(), rapidjson::kNumberType);
  key(writer, "timeout_ms");
  writer.Int64(skill_->timeout.count());
  key(writer, "needs_confirmation");
  writer.Bool(skill_->confirm && !request_.confirmed);
  if (principal_->limits) {
    const auto limit = principal_->limits->state(path_.deps_.clock.monotonic_ns());
    key(writer, "limit");
    writer.StartObject();
    key(writer, "limit");
    writer.Uint(limit.limit);
    key(writer, "remaining");
    writer.Uint(limit.remaining);
    key(writer, "reset_seconds");
    writer.Int64(limit.reset_seconds);
    writer.EndObject();
  }
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

}  // namespace toolrack::call
