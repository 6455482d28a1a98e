#include "transports/mcp/client_capabilities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/shown_text.hpp"
#include "registry/questions.hpp"
#include "transports/mcp/refusals.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

bool has(const json::Value& object, std::string_view name) {
  const auto* member = json::find(object, name);
  return member != nullptr && member->IsObject();
}

/// A capability whose members of those names are objects; without names: all of its members are.
struct Shape {
  std::string_view name;
  std::array<std::string_view, 2> members;
  bool holds_any = false;
};
constexpr std::array<Shape, 5> kShapes{{{"elicitation", {"form", "url"}},
                                        {"sampling", {"context", "tools"}},
                                        {"roots", {}},
                                        {"extensions", {}, true},
                                        {"experimental", {}, true}}};

}  // namespace

std::optional<std::string> wrong_capabilities(const json::Value& capabilities, std::string_view where) {
  if (!capabilities.IsObject()) return wrong_type(where, &capabilities, "an object");
  if (capabilities.ObjectEmpty()) return std::nullopt;
  for (const auto& shape : kShapes) {
    const auto* capability = json::find(capabilities, shape.name);
    if (capability == nullptr) continue;
    if (!capability->IsObject()) return wrong_type(fmt::format("{}.{}", where, shape.name), capability, "an object");
    for (const auto& [key, value] : capability->GetObject()) {
      const auto name = json::view(key);
      const bool is_known =
          shape.holds_any || (!name.empty() && std::ranges::find(shape.members, name) != shape.members.end());
      if (is_known && !value.IsObject())
        return wrong_type(fmt::format("{}.{}[{}]", where, shape.name, base::shown(name)), &value, "an object");
    }
  }
  return std::nullopt;
}

std::uint32_t can_ask(const json::Value& capabilities, Revision revision) {
  if (!capabilities.IsObject() || capabilities.ObjectEmpty()) return 0;
  std::uint32_t kinds = 0;
  const auto* elicitation = json::find(capabilities, "elicitation");
  if (elicitation != nullptr && elicitation->IsObject() && revision >= Revision::k20250618) {
    const bool has_url = has(*elicitation, "url");
    // Before there were modes there were forms, and who names none means those.
    if (has(*elicitation, "form") || !has_url) kinds |= registry::kCanAskForm;
    if (has_url && revision >= Revision::k20251125) kinds |= registry::kCanAskUrl;
  }
  if (has(capabilities, "sampling")) {
    kinds |= registry::kCanSample;
    if (has(*json::find(capabilities, "sampling"), "tools") && revision >= Revision::k20251125)
      kinds |= registry::kCanSampleWithTools;
  }
  if (has(capabilities, "roots")) kinds |= registry::kCanListRoots;
  return kinds;
}

bool knows_tasks(const json::Value& capabilities) {
  const auto* extensions = json::find(capabilities, "extensions");
  return extensions != nullptr && has(*extensions, kTasksExtension);
}

RpcError needs_tasks() {
  return {.code = kMissingCapability,
          .http_status = 400,
          .message = fmt::format("the client has to declare the extension {}", kTasksExtension),
          .data_json = fmt::format(R"({{"requiredCapabilities":{{"extensions":{{"{}":{{}}}}}}}})", kTasksExtension)};
}

std::string required_capabilities(std::uint32_t kinds) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto empty = [&](std::string_view name) {
    json::key(writer, name);
    writer.StartObject();
    writer.EndObject();
  };
  writer.StartObject();
  if ((kinds & (registry::kCanAskForm | registry::kCanAskUrl)) != 0) {
    json::key(writer, "elicitation");
    writer.StartObject();
    if ((kinds & registry::kCanAskForm) != 0) empty("form");
    if ((kinds & registry::kCanAskUrl) != 0) empty("url");
    writer.EndObject();
  }
  if ((kinds & (registry::kCanSample | registry::kCanSampleWithTools)) != 0) {
    json::key(writer, "sampling");
    writer.StartObject();
    if ((kinds & registry::kCanSampleWithTools) != 0) empty("tools");
    writer.EndObject();
  }
  if ((kinds & registry::kCanListRoots) != 0) empty("roots");
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::mcp
