#include "services/http/request_span.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.hpp"
#include "services/http/url.hpp"

namespace toolrack::services::http {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",  "PUT",  "PATCH",
                                                   "DELETE", "OPTIONS", "TRACE", "QUERY"};

constexpr std::string_view kHeader = "traceparent";

bool is_known(std::string_view method) { return std::ranges::find(kMethods, method) != kMethods.end(); }

/// "https://api.example.com/REDACTED".
std::string without_particulars(const Url& url) {
  return fmt::format("{}://{}/REDACTED", url.text().substr(0, url.text().find("://")), url.authority());
}

}  // namespace

std::unique_ptr<RequestSpan> RequestSpan::begin(const telemetry::Tracer& tracer, Request& request) {
  auto span = std::make_unique<RequestSpan>();
  span->context_ = request.trace->child();
  span->parent_ = request.trace->span;
  span->started_ns_ = base::system_clock().monotonic_ns();
  span->method_ = request.method;
  span->url_ = request.url;
  const auto is_traceparent = [](const Header& header) { return strcasecmp(header.name.c_str(), kHeader.data()) == 0; };
  if (tracer.tells_providers() && std::ranges::none_of(request.headers, is_traceparent))
    request.headers.push_back({std::string(kHeader), std::string(base::Traceparent(span->context_).view())});
  return span;
}

void RequestSpan::end(telemetry::Tracer& tracer, const base::Loop& loop, const Outcome& outcome) const {
  using telemetry::Attribute;
  const auto url = Url::parse(url_);
  const auto shown = url ? without_particulars(*url) : std::string();
  const bool is_method_known = is_known(method_);
  std::array<Attribute, 8> attributes;
  std::size_t count = 0;
  const auto add = [&](std::string_view key, auto value) { attributes[count++] = {.key = key, .value = value}; };
  add("http.request.method", is_method_known ? std::string_view(method_) : "_OTHER");
  if (url) {
    add("server.address", std::string_view(url->host()));
    std::int64_t port = 0;
    std::from_chars(url->port().data(), url->port().data() + url->port().size(), port);
    add("server.port", port);
    add("url.full", std::string_view(shown));
  }
  std::string status;
  bool is_error = false;
  if (outcome) {
    add("http.response.status_code", static_cast<std::int64_t>(outcome->status));
    is_error = outcome->status >= 400;
    if (is_error) add("error.type", std::string_view(status = fmt::format_int(outcome->status).str()));
  } else {
    is_error = true;
    add("error.type", std::string_view(base::info(outcome.error().error.code()).name));
  }
  tracer.record(loop.index(), {.context = context_,
                               .parent = parent_,
                               .tracestate = {},
                               .name = is_method_known ? std::string_view(method_) : "HTTP",
                               .kind = telemetry::SpanKind::kClient,
                               .started_ns = started_ns_,
                               .is_error = is_error,
                               .attributes = std::span(attributes).first(count),
                               .links = {}});
}

}  // namespace toolrack::services::http
