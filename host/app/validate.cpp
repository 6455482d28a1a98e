#include "app/validate.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "registry/manifest.hpp"
#include "sources/native/checked_file.hpp"

namespace toolrack::app {
namespace {

base::Result<std::string> read_manifest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("{} cannot be read", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

std::string describe(const registry::Tool& tool) {
  auto out = fmt::format("{} {}: {}\n", tool.id(), tool.version, tool.title);
  for (const auto& skill : tool.skills)
    out += fmt::format("  {} ({}), ${}\n", skill.name, skill.flat_name, skill.price.to_string());
  for (const auto& resource : tool.resources) out += fmt::format("  resource {}\n", resource.uri);
  for (const auto& prompt : tool.prompts) out += fmt::format("  prompt {} ({})\n", prompt.name, prompt.flat_name);
  return out;
}

}  // namespace

base::Result<std::string> validate_file(const std::string& path) {
  if (path.ends_with(".json")) {
    const auto manifest = TRY(read_manifest(path));
    const auto tool = TRY(registry::load_manifest(manifest));
    TRY(sources::declarative::compile_programs(*tool));
    return describe(*tool);
  }
  const auto checked = sources::native::check_file(path, false);
  if (!checked) {
    const auto& error = checked.error();
    return base::fail(base::ErrorCode::kInvalidManifest, fmt::format("{}: {}: {}", path, error.name(), error.message()),
                      std::string(error.remedy()));
  }
  const auto& elf = checked->elf;
  return describe(*checked->tool) +
         fmt::format(
             "build id {}, {} bytes{}\n", elf.build_id, elf.size,
             elf.has_thread_destructors ? ", stays in memory after unloading (thread_local with a destructor)" : "");
}

}  // namespace toolrack::app
