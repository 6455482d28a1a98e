#include "registry/tool_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/shown_text.hpp"
#include "registry/hidden_text.hpp"

namespace toolrack::registry {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// As manifests have them.
constexpr std::size_t kMaxName = 64, kMaxTitle = 100, kMaxDescription = 2'000;

Result<void> check_name(std::string_view name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  if (name.empty() || name.size() > kMaxName || !is_plain)
    return fail(ErrorCode::kInvalidRequest, fmt::format("rename: {} is no name for a tool", base::shown(name)),
                "A name has 1 to 64 letters, digits, underscores and hyphens.");
  if (name.find("__") != std::string_view::npos)
    return fail(ErrorCode::kInvalidRequest, fmt::format("rename: {} holds a double underscore", base::shown(name)),
                "Only the tools of connections have one; write a single underscore.");
  return {};
}

Result<void> check_text(std::string_view what, std::string_view text, std::size_t most) {
  if (text.empty() || text.size() > most)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("rename: a {} has 1 to {} bytes, this one {}", what, most, text.size()),
                "Leave it out to keep the manifest's.");
  if (const auto hidden = find_hidden(text))
    return fail(ErrorCode::kInvalidRequest, fmt::format("rename: the {} {} holds U+{:04X}, which people do not see",
                                                        what, base::shown(text), static_cast<std::uint32_t>(*hidden)));
  return {};
}

Result<ToolSet::Rename> read_rename(const json::Value& value) {
  const auto text = [&](const char* name) -> Result<std::string> {
    const auto* member = json::find(value, name);
    if (member == nullptr) return std::string();
    if (!member->IsString()) return fail(ErrorCode::kInvalidRequest, fmt::format("rename: {} is no string", name));
    return std::string(json::view(*member));
  };
  if (!value.IsObject())
    return fail(ErrorCode::kInvalidRequest, "rename: an entry is no object",
                R"(Write {"skill": "seo.analyze_page", "name": "check_page"}.)");
  ToolSet::Rename out;
  out.skill_text = TRY(text("skill"));
  out.skill = TRY(ToolPattern::parse(out.skill_text));
  const auto& skill = out.skill;
  const bool is_one = !skill.is_exclusion && skill.version.empty() && !skill.skill.empty() &&
                      out.skill_text.find('*') == std::string::npos;
  if (!is_one)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("rename: {} does not name one skill", base::shown(out.skill_text)),
                "Write [owner/]tool.skill, without an asterisk and a version.");
  out.name = TRY(text("name"));
  out.title = TRY(text("title"));
  out.description = TRY(text("description"));
  if (json::find(value, "name") != nullptr) TRY(check_name(out.name));
  if (json::find(value, "title") != nullptr) TRY(check_text("title", out.title, kMaxTitle));
  if (json::find(value, "description") != nullptr) TRY(check_text("description", out.description, kMaxDescription));
  if (out.name.empty() && out.title.empty() && out.description.empty())
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("rename: {} gets no other name, title or description", base::shown(out.skill_text)),
                "Give at least one of them.");
  return out;
}

Result<ToolSet::Layer> read_layer(const json::Value* patterns, const json::Value* renames) {
  ToolSet::Layer out;
  const auto count_is_good = [](const json::Value* list, std::size_t most) {
    return list == nullptr || (list->IsArray() && list->Size() <= most);
  };
  if (!count_is_good(patterns, ToolSet::kMaxPatterns))
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("tools: give a list of at most {} patterns", ToolSet::kMaxPatterns));
  if (!count_is_good(renames, ToolSet::kMaxRenames))
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("rename: give a list of at most {} entries", ToolSet::kMaxRenames));
  if (patterns != nullptr) {
    for (const auto& one : patterns->GetArray()) {
      if (!one.IsString()) return fail(ErrorCode::kInvalidRequest, "tools: a pattern is no string");
      out.pattern_texts.emplace_back(json::view(one));
      out.patterns.push_back(TRY(ToolPattern::parse(out.pattern_texts.back())));
    }
  }
  if (renames == nullptr) return out;
  for (const auto& one : renames->GetArray()) {
    auto rename = TRY(read_rename(one));
    for (const auto& other : out.renames) {
      if (other.skill_text == rename.skill_text)
        return fail(ErrorCode::kInvalidRequest,
                    fmt::format("rename: {} stands there twice", base::shown(rename.skill_text)));
      if (!rename.name.empty() && other.name == rename.name)
        return fail(ErrorCode::kInvalidRequest,
                    fmt::format("rename: {} and {} both get the name {}", base::shown(other.skill_text),
                                base::shown(rename.skill_text), base::shown(rename.name)));
    }
    out.renames.push_back(std::move(rename));
  }
  return out;
}

}  // namespace

ToolSet::ToolSet(std::vector<Layer> layers) : layers_(std::move(layers)), digest_(base::sha256(to_json())) {}

Result<ToolSetRef> ToolSet::create(const json::Value* patterns, const json::Value* renames, const ToolSetRef& within) {
  std::vector<Layer> layers;
  if (auto own = TRY(read_layer(patterns, renames)); !own.is_empty()) layers.push_back(std::move(own));
  if (layers.empty()) return within;
  if (within != nullptr) layers.insert(layers.end(), within->layers_.begin(), within->layers_.end());
  if (layers.size() > kMaxLayers)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the key would be the {}th in a row of keys that narrow each other's tools", layers.size()),
                "Make it with a key that is nearer to the first.");
  return ToolSetRef(new ToolSet(std::move(layers)));
}

Result<ToolSetRef> ToolSet::from_json(const json::Value& layers) {
  if (!layers.IsArray() || layers.Empty() || layers.Size() > kMaxLayers)
    return fail(ErrorCode::kInvalidRequest, "a tool set is no list of layers");
  std::vector<Layer> out;
  for (const auto& layer : layers.GetArray()) {
    if (!layer.IsObject()) return fail(ErrorCode::kInvalidRequest, "a layer of a tool set is no object");
    out.push_back(TRY(read_layer(json::find(layer, "tools"), json::find(layer, "rename"))));
  }
  return ToolSetRef(new ToolSet(std::move(out)));
}

void write_members(json::Writer& writer, const ToolSet::Layer& layer) {
  json::key(writer, "rename");
  writer.StartArray();
  for (const auto& one : layer.renames) {
    writer.StartObject();
    const auto put_given = [&](std::string_view name, std::string_view text) {
      if (!text.empty()) json::put_member(writer, name, text);
    };
    put_given("description", one.description);
    put_given("name", one.name);
    put_given("skill", one.skill_text);
    put_given("title", one.title);
    writer.EndObject();
  }
  writer.EndArray();
  json::key(writer, "tools");
  writer.StartArray();
  for (const auto& pattern : layer.pattern_texts) json::put(writer, pattern);
  writer.EndArray();
}

std::string ToolSet::to_json() const {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto& layer : layers_) {
    writer.StartObject();
    write_members(writer, layer);
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::registry
