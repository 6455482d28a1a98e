#include "services/telemetry/tracer.hpp"

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "base/mutex.hpp"
#include "services/telemetry/otlp_json.hpp"

namespace toolrack::services::telemetry {
namespace {

constexpr std::uint64_t kRandomBits = (std::uint64_t{1} << 56) - 1;

/// Traces whose random part is at or above it are recorded: the same ones wherever that rule holds.
std::uint64_t threshold_of(const Sampling& sampling) noexcept {
  switch (sampling.root) {
    case Sampling::Root::kAlways:
      return 0;
    case Sampling::Root::kNever:
      return kRandomBits + 1;
    case Sampling::Root::kRatio:
      break;
  }
  const auto kept = std::clamp(sampling.ratio, 0.0, 1.0) * std::ldexp(1.0, 56);
  return kRandomBits + 1 - static_cast<std::uint64_t>(kept);
}

}  // namespace

struct Tracer::Buffer {
  base::json::Buffer text;  // Of the span that is being written; the loop's.
  base::json::Writer writer{text};

  base::Mutex mutex;  // Taken by the loop for each recorded span, by the exporter a few times a minute.
  std::string spans TR_GUARDED_BY(mutex);
  std::size_t count TR_GUARDED_BY(mutex) = 0;
  bool has_told TR_GUARDED_BY(mutex) = false;  // That it is half full.
};

Tracer::Tracer(std::size_t loops, const base::Clock& clock, base::Metrics& metrics)
    : clock_(clock),
      recorded_(metrics.counter("toolrack_telemetry_spans_total", "Spans of recorded traces.", {{"result", "kept"}})),
      dropped_(
          metrics.counter("toolrack_telemetry_spans_total", "Spans of recorded traces.", {{"result", "dropped"}})) {
  for (std::size_t i = 0; i < loops; ++i) buffers_.push_back(std::make_unique<Buffer>());
}

Tracer::~Tracer() = default;

void Tracer::apply(const Settings& settings) noexcept {
  threshold_.store(threshold_of(settings.sampling), std::memory_order_relaxed);
  follows_callers_.store(settings.sampling.follows_callers, std::memory_order_relaxed);
  const bool is_on = !settings.traces_url.empty();
  tells_providers_.store(is_on && settings.tells_providers, std::memory_order_relaxed);
  call_content_bytes_.store(is_on ? settings.call_content_bytes : 0, std::memory_order_relaxed);
  is_on_.store(is_on, std::memory_order_relaxed);
}

bool Tracer::is_in_ratio(const base::TraceId& trace) const noexcept {
  return (trace.low & kRandomBits) >= threshold_.load(std::memory_order_relaxed);
}

base::TraceContext Tracer::begin(const std::optional<base::TraceContext>& parent) const noexcept {
  auto context = parent ? parent->child() : base::TraceContext::make();
  const bool is_sampled =
      parent && follows_callers_.load(std::memory_order_relaxed) ? parent->is_sampled() : is_in_ratio(context.trace);
  context.flags &= static_cast<std::uint8_t>(~base::TraceContext::kSampled);
  if (is_sampled) context.flags |= base::TraceContext::kSampled;
  return context;
}

void Tracer::record(std::size_t loop, const Span& span) {
  auto& buffer = *buffers_[loop];
  const auto now_ns = clock_.monotonic_ns();
  const auto ended_unix_ns = clock_.unix_ns();
  buffer.text.Clear();
  buffer.writer.Reset(buffer.text);
  write_span(buffer.writer, span, ended_unix_ns - (now_ns - span.started_ns), ended_unix_ns);
  const auto text = base::json::view(buffer.text);
  bool is_kept = false, is_half_full = false;
  {
    const base::Lock lock(buffer.mutex);
    is_kept = buffer.count < kMaxSpans && buffer.spans.size() + text.size() < kMaxBytes;
    if (is_kept) {
      if (buffer.count++ != 0) buffer.spans += ',';
      buffer.spans += text;
    }
    is_half_full = buffer.count > kMaxSpans / 2 || buffer.spans.size() > kMaxBytes / 2;
    if (is_half_full && std::exchange(buffer.has_told, true)) is_half_full = false;
  }
  (is_kept ? recorded_ : dropped_).add();
  if (is_half_full && on_full_) on_full_();
}

std::vector<Tracer::Batch> Tracer::take() {
  std::vector<Batch> out;
  for (const auto& buffer : buffers_) {
    Batch batch;
    {
      const base::Lock lock(buffer->mutex);
      batch.spans.swap(buffer->spans);
      batch.count = std::exchange(buffer->count, 0);
      buffer->has_told = false;
    }
    if (batch.count != 0) out.push_back(std::move(batch));
  }
  return out;
}

}  // namespace toolrack::services::telemetry
