#include "app/plugins_json.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"

namespace toolrack::app {

std::string plugins_json(std::span<const sources::native::PluginFile> files) {
  using base::json::key;
  using base::json::put;
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  const auto text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(writer, name);
    put(writer, value);
  };
  writer.StartArray();
  for (const auto& file : files) {
    writer.StartObject();
    text("path", file.path);
    text("state", to_string(file.state));
    text("tool", file.tool);
    text("version", file.version);
    text("build_id", file.build_id);
    key(writer, "bundled");
    writer.Bool(file.bundled);
    key(writer, "size");
    writer.Uint64(file.size);
    key(writer, "calls");
    writer.Uint64(file.calls);
    key(writer, "misuses");
    writer.Uint64(file.misuses);
    key(writer, "loaded_at");
    if (file.loaded_at == 0)
      writer.Null();
    else
      put(writer, base::to_rfc3339(file.loaded_at).text);
    key(writer, "demoted_skills");
    writer.StartArray();
    for (const auto& skill : file.demoted_skills) put(writer, skill);
    writer.EndArray();
    text("code", file.code);
    text("message", file.message);
    text("remedy", file.remedy);
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(base::json::view(buffer));
}

}  // namespace toolrack::app
