#include "services/telemetry/exporter.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "services/log/log.hpp"
#include "services/telemetry/otlp_json.hpp"

namespace toolrack::services::telemetry {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{1'000}, kLongestPause{30'000};
constexpr int kMostTries = 6;

base::Counter& spans_total(base::Metrics& metrics, std::string_view result) {
  return metrics.counter("toolrack_telemetry_spans_total", "Spans of recorded traces.",
                         {{"result", std::string(result)}});
}

base::Counter& exports_total(base::Metrics& metrics, std::string_view outcome) {
  return metrics.counter("toolrack_telemetry_exports_total", "Requests to the collector.",
                         {{"outcome", std::string(outcome)}});
}

/// A URL may carry a token in its query.
std::string_view shown(std::string_view url) { return url.substr(0, url.find('?')); }

}  // namespace

Exporter::Exporter(Tracer& tracer, base::Metrics& metrics, const base::Clock& clock, std::string_view version)
    : tracer_(tracer),
      metrics_(metrics),
      clock_(clock),
      version_(version),
      instance_(base::Id::make().str()),
      started_unix_ns_(clock.unix_ns()),
      sent_(spans_total(metrics, "sent")),
      lost_(spans_total(metrics, "lost")),
      exports_ok_(exports_total(metrics, "ok")),
      exports_failed_(exports_total(metrics, "error")),
      sender_(fmt::format("toolrack/{} (OTLP exporter)", version_)) {
  tracer_.on_full([this] { wake(); });
}

Exporter::~Exporter() {
  stop(milliseconds(0));
  tracer_.on_full(nullptr);
}

void Exporter::apply(const Settings& settings) {
  tracer_.apply(settings);
  {
    const base::Lock lock(mutex_);
    settings_ = settings;
    is_changed_ = true;
    const bool sends = !settings.traces_url.empty() || !settings.metrics_url.empty();
    if (sends && !thread_.joinable() && !is_stopping_) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_one();
}

void Exporter::wake() {
  {
    const base::Lock lock(mutex_);
    is_full_ = true;
  }
  changed_.notify_one();
}

void Exporter::stop(milliseconds patience) {
  std::thread thread;
  {
    const base::Lock lock(mutex_);
    is_stopping_ = true;
    thread.swap(thread_);
  }
  if (!thread.joinable()) return;
  sender_.end_at(Steady::now() + patience);
  changed_.notify_one();
  thread.join();
}

void Exporter::run() {
  pthread_setname_np(pthread_self(), "telemetry");
  Settings settings;
  for (bool is_last = false; !is_last;) {
    bool is_full = false;
    {
      base::Lock lock(mutex_);
      while (!is_stopping_ && !is_changed_ && !(is_full_ && traces_.failures == 0)) {
        const auto due = std::min(traces_.due, points_.due);
        if (due <= Steady::now()) break;
        lock.wait_for(changed_, due - Steady::now());
      }
      is_last = is_stopping_;
      is_full = std::exchange(is_full_, false);
      if (std::exchange(is_changed_, false)) {
        settings = settings_;
        resource_ = resource_json(settings, version_, instance_);
        traces_.due = Steady::now() + settings.traces_every;
        points_.due = Steady::now() + settings.metrics_every;
      }
    }
    const auto now = Steady::now();
    if (is_last || traces_.due <= now || (is_full && traces_.failures == 0)) send_traces(settings, is_last);
    if (is_last || points_.due <= now) send_metrics(settings);
  }
}

void Exporter::send_traces(const Settings& settings, bool is_last) {
  traces_.due = Steady::now() + settings.traces_every;
  // While a request is tried again the loops' buffers are what holds the rest, so that nothing grows without bounds.
  if (traces_.pending.empty() || is_last)
    for (auto& batch : tracer_.take())
      traces_.pending.push_back({.body = traces_request(resource_, version_, batch.spans), .spans = batch.count});
  while (!traces_.pending.empty()) {
    auto& request = traces_.pending.front();
    if (settings.traces_url.empty()) {  // Nobody wants them any more.
      lost_.add(request.spans);
      traces_.pending.pop_front();
      continue;
    }
    const auto delivery = deliver(traces_, settings.traces_url, settings, request.body);
    if (delivery.is_taken) {
      const auto rejected = std::min<std::uint64_t>(delivery.rejected, request.spans);
      sent_.add(request.spans - rejected);
      lost_.add(rejected);
    } else if (delivery.may_retry && ++request.tries < kMostTries && !is_last) {
      traces_.due = Steady::now() + wait_after(traces_, delivery);
      return;
    } else {
      lost_.add(request.spans);
    }
    traces_.pending.pop_front();
  }
}

void Exporter::send_metrics(const Settings& settings) {
  points_.due = Steady::now() + settings.metrics_every;
  if (settings.metrics_url.empty()) return;
  const auto delivery = deliver(points_, settings.metrics_url, settings,
                                metrics_request(resource_, version_, metrics_, started_unix_ns_, clock_.unix_ns()));
  if (delivery.may_retry) points_.due = std::min(points_.due, Steady::now() + wait_after(points_, delivery));
}

Delivery Exporter::deliver(Signal& signal, const std::string& url, const Settings& settings, const std::string& body) {
  auto delivery = sender_.post(url, settings, body);
  (delivery.is_taken ? exports_ok_ : exports_failed_).add();
  note(signal, url, delivery);
  return delivery;
}

/// Twice as long each time, and a random part of it, so that many gateways do not come back at once.
milliseconds Exporter::wait_after(const Signal& signal, const Delivery& delivery) {
  if (delivery.retry_after) return *delivery.retry_after;
  const auto doubled = kFirstPause * (1LL << std::clamp(signal.failures - 1, 0, 5));
  const auto longest = std::min<milliseconds>(doubled, kLongestPause);
  return longest / 2 + milliseconds(std::uniform_int_distribution<std::int64_t>(0, longest.count() / 2)(jitter_));
}

/// One line a change, however often it goes on.
void Exporter::note(Signal& signal, const std::string& url, const Delivery& delivery) {
  const std::string_view what = signal.kind == Kind::kTraces ? "traces" : "metrics";
  if (delivery.is_taken) {
    if (std::exchange(signal.failures, 0) != 0)
      log::write(log::Level::kNotice, "the collector takes what it is sent again", {{"signal", what}});
    return;
  }
  if (signal.failures++ == 0)
    log::write(log::Level::kWarning, "the collector does not take what it is sent: calls go on, spans are lost",
               {{"signal", what}, {"url", shown(url)}, {"reason", std::string_view(delivery.reason)}});
}

}  // namespace toolrack::services::telemetry
