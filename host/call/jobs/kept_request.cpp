#include "call/jobs/kept_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"
#include "call/call_options.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;

/// Whatever a transport has let in.
constexpr json::Limits kKeptLimits{.max_bytes = 256 << 20, .max_depth = 1'000, .max_values = 10'000'000};

/// A request's transport is a constant.
std::string_view constant(std::string_view transport) {
  constexpr std::array<std::string_view, 4> kTransports{"rest", "mcp", "stdio", "local"};
  const auto found = std::ranges::find(kTransports, transport);
  return found == kTransports.end() ? kTransports.front() : *found;
}

void put_names(json::Writer& writer, std::string_view member, const std::vector<std::string>& names) {
  json::key(writer, member);
  writer.StartArray();
  for (const auto& name : names) json::put(writer, name);
  writer.EndArray();
}

void write_preference(json::Writer& writer, const BackendPreference& wish) {
  using Sort = BackendPreference::Sort;
  writer.StartObject();
  put_names(writer, "order", wish.order);
  put_names(writer, "only", wish.only);
  put_names(writer, "ignore", wish.ignore);
  if (wish.sort != Sort::kDefault) {
    json::key(writer, "sort");
    json::put(writer, wish.sort == Sort::kPrice ? "price" : wish.sort == Sort::kLatency ? "latency" : "throughput");
  }
  json::key(writer, "allow_fallbacks");
  writer.Bool(wish.allow_fallbacks);
  writer.EndObject();
}

/// As read_call_option takes them.
void write_options(json::Writer& writer, const CallRequest& request) {
  writer.StartObject();
  json::key(writer, "confirm");
  writer.Bool(request.confirmed);
  json::key(writer, "cache");
  json::put(writer, request.cache == CacheUse::kOn ? "on" : request.cache == CacheUse::kRefresh ? "refresh" : "off");
  if (request.max_price) {
    json::key(writer, "max_price");
    json::put(writer, request.max_price->text().view());
  }
  if (request.timeout_ms > 0) {
    json::key(writer, "timeout_ms");
    writer.Int64(request.timeout_ms);
  }
  if (request.backend != nullptr) {
    json::key(writer, "backend");
    write_preference(writer, *request.backend);
  }
  writer.EndObject();
}

}  // namespace

std::string to_kept(const CallRequest& request, const registry::Skill& skill) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto tool = fmt::format("{}@{}", skill.tool->id(), skill.tool->version);
  // Headers may hold any bytes; what was JSON is text already.
  const auto client = base::replace_invalid_utf8(request.client), locale = base::replace_invalid_utf8(request.locale),
             traceparent = base::replace_invalid_utf8(request.traceparent);
  const std::array<std::pair<std::string_view, std::string_view>, 9> texts{{{"client", client},
                                                                            {"input", request.input_json},
                                                                            {"key_id", (*request.principal)->key_id},
                                                                            {"locale", locale},
                                                                            {"meta", request.meta_json},
                                                                            {"skill", skill.name},
                                                                            {"tool", tool},
                                                                            {"traceparent", traceparent},
                                                                            {"transport", request.transport}}};
  writer.StartObject();
  for (const auto& [name, text] : texts) {
    json::key(writer, name);
    json::put(writer, text);
  }
  if (request.asking != nullptr) {
    json::key(writer, "can_ask");
    writer.Uint(request.asking->kinds);
    json::key(writer, "told_kinds");
    writer.Uint(request.asking->told_kinds);
  }
  json::key(writer, "options");
  write_options(writer, request);
  writer.EndObject();
  return std::string(json::view(buffer));
}

base::Result<KeptRequest> KeptRequest::read(std::string_view kept) {
  const auto broken = [] { return base::fail(base::ErrorCode::kStoreFailed, "the request of the job cannot be read"); };
  auto document = json::parse(kept, kKeptLimits);
  if (!document) return broken();
  const auto input = json::find_string(*document, "input");
  const auto* options = json::find(*document, "options");
  if (!input || options == nullptr || !options->IsObject()) return broken();
  auto parsed = json::parse(*input, kKeptLimits);
  if (!parsed) return broken();
  KeptRequest out(*std::move(document), *std::move(parsed));
  const auto bits = [&](std::string_view name) {
    return static_cast<std::uint32_t>(json::find_int(out.kept_, name).value_or(0));
  };
  out.asking_.kinds = bits("can_ask");
  out.asking_.told_kinds = bits("told_kinds");
  for (const auto& [name, value] : json::find(out.kept_, "options")->GetObject())
    TRY(read_call_option(json::view(name), value, out.options_));
  return out;
}

CallRequest KeptRequest::request() const {
  const auto text = [&](std::string_view name) { return json::find_string(kept_, name).value_or(""); };
  auto request = options_;
  request.tool = text("tool");
  request.skill = text("skill");
  request.input_json = text("input");
  request.input = &input_;
  request.transport = constant(text("transport"));
  request.client = text("client");
  request.locale = text("locale");
  request.traceparent = text("traceparent");
  request.meta_json = text("meta");
  if ((asking_.kinds | asking_.told_kinds) != 0) request.asking = &asking_;
  return request;
}

}  // namespace toolrack::call::jobs
