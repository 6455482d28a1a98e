/// W3C Trace Context: which trace a piece of work belongs to, and which span it is below.
///
/// Facts: www.w3.org/TR/trace-context. Parsing is strict, and what cannot be read counts as not given: a bad header
/// loses a trace its link, never a call. Threads: all functions from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::base {

/// 128 bits as they travel: `high` is written first. All zero: none.
struct TraceId {
  std::uint64_t high = 0, low = 0;
  explicit operator bool() const noexcept { return high != 0 || low != 0; }
  bool operator==(const TraceId&) const = default;
};

/// A span as others refer to it.
struct TraceContext {
  static constexpr std::uint8_t kSampled = 1;  ///< Whoever made the span keeps it.
  static constexpr std::uint8_t kRandom = 2;   ///< The low 56 bits of the trace's id are random.

  TraceId trace;
  std::uint64_t span = 0;
  std::uint8_t flags = 0;

  bool is_sampled() const noexcept { return (flags & kSampled) != 0; }
  /// Another span of the same trace, with an id of its own.
  TraceContext child() const noexcept;
  /// The first span of a new trace, not sampled.
  static TraceContext make() noexcept;
  bool operator==(const TraceContext&) const = default;
};

/// Of a `traceparent`, also of a later version than 00, of which the known part counts; nothing when it is not one.
/// Flags that nobody knows are dropped.
std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;

/// A `traceparent` of version 00.
class Traceparent {
 public:
  static constexpr std::size_t kSize = 55;
  explicit Traceparent(const TraceContext& context) noexcept;
  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, kSize> text_;
};

/// Lower-case hex, as OTLP's JSON has ids.
std::array<char, 16> span_id_hex(std::uint64_t span) noexcept;
std::array<char, 32> trace_id_hex(const TraceId& trace) noexcept;

/// A `tracestate` as it is passed on: its members in their order without blanks and empty ones between. Empty when it
/// is not one (a bad key or value, a key twice, more than 32 members). What is longer than 512 characters loses
/// members, those above 128 characters first, then the last ones.
std::string clean_tracestate(std::string_view text);

}  // namespace toolrack::base
