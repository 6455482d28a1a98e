#include "transports/mcp/observation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "services/telemetry/attribute_list.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/session.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using net::HeaderName;

/// Of what a client chooses, a span has no more.
constexpr std::size_t kMostIdBytes = 128, kMostUriBytes = 512;

std::string_view meta_member(const Message& message, std::string_view name) {
  if (message.meta == nullptr) return {};
  return json::find_string(*message.meta, name).value_or(std::string_view());
}

std::string_view bounded(std::string_view text, std::size_t most) {
  return base::is_utf8(text) ? base::truncate_utf8(text, most) : std::string_view();
}

}  // namespace

void Observation::GiveBack::operator()(Observation* observation) const noexcept {
  auto& owner = observation->owner_;
  owner.free_.push_back(observation);
  if (owner.is_retired_) [[unlikely]]
    Observations::Retire()(&owner);
}

void Observations::Retire::operator()(Observations* observations) const noexcept {
  observations->is_retired_ = true;
  if (observations->free_.size() == observations->all_.size()) delete observations;
}

void Observation::begin(const net::Request& request, const Message& message, std::string_view method) {
  method_ = method;
  series_ = nullptr;
  end_ = {.is_pipe = request.is_local_socket, .is_http10 = request.version == 10};
  started_ns_ = request.received_ns != 0 ? request.received_ns : owner_.clock_.monotonic_ns();
  id_size_ = message.id.size();
  is_recorded_ = false;
  // The context of the message itself comes first: one HTTP request may carry several.
  const auto in_meta = meta_member(message, "traceparent");
  traceparent_ = in_meta.empty() ? request.headers.get(HeaderName::kTraceparent) : in_meta;
  if (owner_.tracer_ != nullptr && owner_.tracer_->is_on()) [[unlikely]]
    begin_span(request, message);
}

void Observation::begin_span(const net::Request& request, const Message& message) {
  const auto of_message = base::parse_traceparent(meta_member(message, "traceparent"));
  const auto of_request = base::parse_traceparent(request.headers.get(HeaderName::kTraceparent));
  const auto& parent = of_message ? of_message : of_request;
  context_ = owner_.tracer_->begin(parent);
  is_recorded_ = context_.is_sampled();
  if (!is_recorded_ && !parent) {  // Nobody hears of a trace that nobody records.
    traceparent_ = {};
    return;
  }
  if (!is_recorded_) context_.span = parent->span;
  traceparent_ = own_.emplace(context_).view();
  if (!is_recorded_) return;
  parent_ = parent ? parent->span : 0;
  link_ = of_message ? of_request : std::nullopt;
  tracestate_ = of_message   ? base::clean_tracestate(meta_member(message, "tracestate"))
                : of_request ? base::clean_tracestate(request.headers.get(HeaderName::kTracestate))
                             : std::string();
  const auto* id = json::find(message.document, "id");
  id_.assign(id == nullptr    ? std::string_view()
             : id->IsString() ? bounded(json::view(*id), kMostIdBytes)
                              : bounded(message.id, kMostIdBytes));
  peer_.assign(request.is_local_socket ? std::string_view() : request.peer);
  request_id_.assign(request.request_id);
  peer_port_ = request.peer_port;
  for (auto* text : {&session_, &uri_}) text->clear();
  about_.clear();
}

void Observation::note_era(Revision revision, std::string_view session) {
  end_.revision = revision;
  end_.has_revision = true;
  if (is_recorded_) session_.assign(Sessions::key_of(session));
}

void Observation::note_target(TargetKind kind, std::string_view name) {
  series_ = &owner_.metrics_.series(method_, kind, name);
}

void Observation::note_resource(std::string_view uri) {
  if (is_recorded_) uri_.assign(bounded(uri, kMostUriBytes));
}

void Observation::note_input(std::string_view input_json) {
  if (is_recorded_) about_.note_input(*owner_.tracer_, input_json);
}

void Observation::note_outcome(const call::CallOutcome& outcome) {
  if (outcome.suspended == nullptr && !outcome.ok()) end_.is_tool_error = true;
  if (is_recorded_) about_.note(*owner_.tracer_, outcome);
}

void Observation::end(std::string_view message) {
  end_.code = error_code_of(message, id_size_);
  if (end_.code != 0) end_.is_tool_error = false;
  if (series_ == nullptr) series_ = &owner_.metrics_.series(method_);
  owner_.metrics_.observe(*series_, end_, owner_.clock_.monotonic_ns() - started_ns_);
  if (is_recorded_) record();
}

void Observation::record() const {
  const auto& target = series_->target();
  const bool is_prompt = series_->kind() == TargetKind::kPrompt;
  const auto name = target.empty() ? std::string(method_) : fmt::format("{} {}", method_, target);
  const auto code = end_.code == 0 ? std::string() : fmt::format_int(end_.code).str();
  const bool is_tcp = !end_.is_pipe;
  services::telemetry::AttributeList attributes;
  attributes.add("mcp.method.name", method_);
  attributes.add("gen_ai.operation.name", method_ == "tools/call" ? "execute_tool" : "");
  attributes.add(is_prompt ? "gen_ai.prompt.name" : "gen_ai.tool.name", target);
  attributes.add("jsonrpc.request.id", id_);
  attributes.add("mcp.protocol.version", end_.has_revision ? to_string(end_.revision) : std::string_view());
  attributes.add("mcp.session.id", session_);
  attributes.add("mcp.resource.uri", uri_);
  attributes.add("error.type", end_.is_tool_error ? std::string_view("tool_error") : std::string_view(code));
  attributes.add("rpc.response.status_code", code);
  attributes.add("network.transport", is_tcp ? "tcp" : "pipe");
  attributes.add("network.protocol.name", is_tcp ? "http" : "");
  attributes.add("network.protocol.version", !is_tcp ? "" : end_.is_http10 ? "1.0" : "1.1");
  attributes.add("client.address", peer_);
  if (peer_port_ != 0) attributes.add("client.port", std::int64_t{peer_port_});
  about_.add_to(attributes, request_id_);
  owner_.tracer_->record(owner_.loop_.index(), {.context = context_,
                                                .parent = parent_,
                                                .tracestate = tracestate_,
                                                .name = name,
                                                .kind = services::telemetry::SpanKind::kServer,
                                                .started_ns = started_ns_,
                                                .is_error = end_.is_tool_error || end_.code != 0,
                                                .attributes = attributes.view(),
                                                .links = link_ ? std::span<const base::TraceContext>(&*link_, 1)
                                                               : std::span<const base::TraceContext>()});
}

Observations::Observations(base::Loop& loop, const base::Clock& clock, base::Metrics& metrics,
                           services::telemetry::Tracer* tracer)
    : loop_(loop), clock_(clock), tracer_(tracer), metrics_(metrics) {}

Observations::~Observations() = default;

Observation::Ref Observations::begin(const net::Request& request, const Message& message, std::string_view method) {
  if (free_.empty()) {
    free_.push_back(all_.emplace_back(std::make_unique<Observation>(*this)).get());
    free_.reserve(all_.size());  // Giving one back must not fail.
  }
  auto* observation = free_.back();
  free_.pop_back();
  observation->begin(request, message, method);
  return Observation::Ref(observation);
}

}  // namespace toolrack::mcp
