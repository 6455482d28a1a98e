#include "transports/mcp/tool_list.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "registry/tool_json.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

void write_meta_tool(json::Writer& writer, const operations::Operation& operation) {
  writer.StartObject();
  json::key(writer, "name");
  json::put(writer, operation.name);
  json::key(writer, "title");
  json::put(writer, operation.title);
  json::key(writer, "description");
  json::put(writer, operation.description);
  json::key(writer, "inputSchema");
  json::parse(operation.input_schema)->Accept(writer);  // Without the line breaks of the source.
  json::key(writer, "annotations");
  json::raw(writer, operation.annotations);
  writer.EndObject();
}

}  // namespace

base::Result<std::string> ToolLists::make(const registry::Catalogue& catalogue, const registry::Exposure& exposure,
                                          Revision revision) const {
  const bool legacy = revision < Revision::k20260728;
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "tools");
  writer.StartArray();
  if (exposure.kind == registry::Exposure::Kind::kMeta) {
    for (const auto& entry : table_.entries())
      if (entry.operation.meta_tool) write_meta_tool(writer, entry.operation);
  }
  const auto skills = TRY(exposure.skills(catalogue));
  for (const auto* skill : skills) registry::write_mcp_tool(writer, *skill, legacy);
  writer.EndArray();
  if (!legacy) write_modern_members(writer, 30'000);
  writer.EndObject();
  return std::string(json::view(buffer));
}

base::Result<std::shared_ptr<const std::string>> ToolLists::result(const registry::Catalogue& catalogue,
                                                                   const registry::Exposure& exposure,
                                                                   Revision revision) {
  if (generation_ != catalogue.generation()) {
    lists_.clear();
    generation_ = catalogue.generation();
  }
  const bool legacy = revision < Revision::k20260728;
  auto key = exposure.cache_key() + (legacy ? "|legacy" : "|modern");
  if (const auto found = lists_.find(key); found != lists_.end()) return found->second;
  auto made = std::make_shared<const std::string>(TRY(make(catalogue, exposure, revision)));
  if (lists_.size() < kMaxLists) lists_.emplace(std::move(key), made);
  return made;
}

}  // namespace toolrack::mcp
