#include "transports/mcp/tool_list.hpp"

#include <fmt/format.h>

#include <utility>

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

/// The meta-tools are the same for everybody.
bool differs_by_key(const registry::Catalogue& catalogue, const registry::Exposure& exposure) {
  return catalogue.whole() != nullptr && exposure.kind != registry::Exposure::Kind::kMeta;
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
  if (!legacy) write_modern_members(writer, 30'000, !differs_by_key(catalogue, exposure));
  writer.EndObject();
  return std::string(json::view(buffer));
}

RecentLists::Bytes RecentLists::find(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->second;
}

void RecentLists::put(std::string key, Bytes list) {
  if (list->size() > most_bytes_ || by_key_.contains(key)) return;
  while (entries_.size() >= most_lists_ || (!entries_.empty() && bytes_ + list->size() > most_bytes_)) {
    bytes_ -= entries_.back().second->size();
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
  bytes_ += list->size();
  entries_.emplace_front(std::move(key), std::move(list));
  by_key_.emplace(entries_.front().first, entries_.begin());
}

void RecentLists::clear() noexcept {
  by_key_.clear();
  entries_.clear();
  bytes_ = 0;
}

base::Result<std::shared_ptr<const std::string>> ToolLists::result(const registry::Catalogue& catalogue,
                                                                   const registry::Exposure& exposure,
                                                                   Revision revision) {
  if (generation_ != catalogue.generation()) {
    for (auto* lists : {&common_, &of_keys_, &of_urls_}) lists->clear();
    generation_ = catalogue.generation();
  }
  const bool legacy = revision < Revision::k20260728;
  const bool is_of_key = differs_by_key(catalogue, exposure);
  const bool is_of_url = !exposure.tools.empty() && exposure.kind != registry::Exposure::Kind::kMeta;
  auto key = fmt::format("{}{}{}", legacy ? 'l' : 'm', is_of_key ? catalogue.set_digest() : std::string_view(),
                         is_of_url ? exposure.cache_key() : std::string());
  if (exposure.kind == registry::Exposure::Kind::kMeta) key += "meta";
  auto& lists = is_of_url ? of_urls_ : is_of_key ? of_keys_ : common_;
  if (auto found = lists.find(key)) return found;
  auto made = std::make_shared<const std::string>(TRY(make(catalogue, exposure, revision)));
  lists.put(std::move(key), made);
  return made;
}

}  // namespace toolrack::mcp
