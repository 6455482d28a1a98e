#include "transports/mcp/result_meta.hpp"

#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// Members of _meta that are ours or the protocol's to write.
bool is_reserved(std::string_view name) {
  return name.starts_with("dev.toolrack/") || name.starts_with("io.modelcontextprotocol/");
}

}  // namespace

void write_result_meta(json::Writer& writer, const CallFacts& facts, Revision revision) {
  json::key(writer, "_meta");
  writer.StartObject();
  if (!facts.request_id.empty()) {
    json::key(writer, "dev.toolrack/request_id");
    json::put(writer, facts.request_id);
  }
  if (!facts.cost_usd.empty()) {
    json::key(writer, "dev.toolrack/cost_usd");
    json::raw(writer, facts.cost_usd, rapidjson::kNumberType);
  }
  if (facts.truncated) {
    json::key(writer, "dev.toolrack/truncated");
    writer.Bool(true);
  }
  if (!facts.meta_json.empty()) {
    if (const auto members = json::parse(facts.meta_json); members && members->IsObject()) {
      for (const auto& member : members->GetObject()) {
        const auto name = json::view(member.name);
        if (is_reserved(name)) continue;
        json::key(writer, name);
        member.value.Accept(writer);
      }
    }
  }
  if (revision >= Revision::k20260728) {
    json::key(writer, kMetaServerInfo);
    json::raw(writer, server_info_json());
  }
  writer.EndObject();
}

void write_result_meta(json::Writer& writer, const call::CallOutcome* outcome, Revision revision) {
  if (outcome == nullptr) return write_result_meta(writer, CallFacts{}, revision);
  const auto cost = outcome->total_cost();
  const auto cost_text = cost.text();
  write_result_meta(writer,
                    {.request_id = outcome->request_id,
                     .cost_usd = cost > base::Money() ? cost_text.view() : std::string_view(),
                     .truncated = outcome->result.truncated,
                     .meta_json = outcome->result.meta_json},
                    revision);
}

}  // namespace toolrack::mcp
