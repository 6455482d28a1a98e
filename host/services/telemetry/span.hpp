/// One span, whole, as it is handed over when the work has ended.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

#include "base/trace_context.hpp"

namespace toolrack::services::telemetry {

/// Numbers as in OTLP.
enum class SpanKind : std::uint8_t { kInternal = 1, kServer, kClient, kProducer, kConsumer };

/// An empty text is left out.
struct Attribute {
  std::string_view key;  ///< As the semantic conventions have it.
  std::variant<std::string_view, std::int64_t> value;
};

/// Everything is borrowed until `Tracer::record` has returned.
struct Span {
  base::TraceContext context;
  std::uint64_t parent = 0;     ///< A span of the same trace; 0: none.
  std::string_view tracestate;  ///< Clean (base/trace_context.hpp), or empty.
  std::string_view name;
  SpanKind kind = SpanKind::kInternal;
  std::int64_t started_ns = 0;  ///< Monotonic.
  bool is_error = false;
  std::span<const Attribute> attributes;
  std::span<const base::TraceContext> links;
};

}  // namespace toolrack::services::telemetry
