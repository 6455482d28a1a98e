#include "transports/mcp/server_info.hpp"

#include <fmt/format.h>

#include "base/version.hpp"

namespace toolrack::mcp {
namespace {

/// What a plugin that comes at any moment may bring is offered always: a list without entries is a true answer, and
/// clients do not ask again for capabilities.
constexpr std::string_view kCapabilities =
    R"({"completions":{},"logging":{},"prompts":{"listChanged":true},)"
    R"("resources":{"listChanged":true,"subscribe":true},"tools":{"listChanged":true}})";

/// What to do with the tools that are listed there.
std::string_view instructions(registry::Exposure::Kind kind) noexcept {
  if (kind == registry::Exposure::Kind::kFlat)
    return "Each tool is one skill, which its name and description tell; call it with what its input schema asks for. "
           "An error says what to change.";
  return "Toolrack offers tools through a few meta-tools. Find a tool with discover, which shows its skills, the "
         "schemas of their inputs and their prices; then run a skill with use_tool. An error says what to change.";
}

}  // namespace

std::string_view server_info_json() {
  static const auto json = fmt::format(R"({{"name":"toolrack","title":"Toolrack","version":"{}"}})", base::kVersion);
  return json;
}

void write_cache_hints(base::json::Writer& writer, std::int64_t ttl_ms, bool is_public) {
  using base::json::key;
  key(writer, "resultType");
  base::json::put(writer, "complete");
  key(writer, "ttlMs");
  writer.Int64(ttl_ms);
  key(writer, "cacheScope");
  base::json::put(writer, is_public ? "public" : "private");
}

void write_modern_members(base::json::Writer& writer, int ttl_ms, bool is_public) {
  using base::json::key;
  write_cache_hints(writer, ttl_ms, is_public);
  static const auto meta_json = fmt::format(R"({{"{}":{}}})", kMetaServerInfo, server_info_json());
  key(writer, "_meta");
  base::json::raw(writer, meta_json);
}

std::string discover_result(registry::Exposure::Kind kind, bool has_tasks) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "supportedVersions");
  base::json::raw(writer, fmt::format(R"(["{}"])", kModernName), rapidjson::kArrayType);
  base::json::key(writer, "capabilities");
  const auto extensions = has_tasks ? fmt::format(R"({{"extensions":{{"{}":{{}}}},)", kTasksExtension) : "{";
  base::json::raw(writer, extensions + std::string(kCapabilities.substr(1)));
  base::json::key(writer, "instructions");
  base::json::put(writer, instructions(kind));
  write_modern_members(writer, 30'000);
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

std::string initialize_result(registry::Exposure::Kind kind, Revision revision) {
  return fmt::format(R"({{"protocolVersion":"{}","capabilities":{},"serverInfo":{},"instructions":{}}})",
                     to_string(revision), kCapabilities, server_info_json(), base::json::quote(instructions(kind)));
}

}  // namespace toolrack::mcp
