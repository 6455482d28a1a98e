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

void write_result_meta(json::Writer& writer, const call::CallOutcome* outcome, Revision revision) {
  json::key(writer, "_meta");
  writer.StartObject();
  if (outcome != nullptr) {
    json::key(writer, "dev.toolrack/request_id");
    json::put(writer, outcome->request_id);
    if (const auto cost = outcome->total_cost(); cost > base::Money()) {
      json::key(writer, "dev.toolrack/cost_usd");
      json::raw(writer, cost.text().view(), rapidjson::kNumberType);
    }
    if (const auto& skill_meta = outcome->result.meta_json; !skill_meta.empty()) {
      if (const auto members = json::parse(skill_meta); members && members->IsObject()) {
        for (const auto& member : members->GetObject()) {
          const auto name = json::view(member.name);
          if (is_reserved(name)) continue;
          json::key(writer, name);
          member.value.Accept(writer);
        }
      }
    }
  }
  if (revision >= Revision::k20260728) {
    json::key(writer, kMetaServerInfo);
    json::raw(writer, server_info_json());
  }
  writer.EndObject();
}

}  // namespace toolrack::mcp
