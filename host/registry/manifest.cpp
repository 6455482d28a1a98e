#include "registry/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "registry/hidden_text.hpp"
#include "registry/json_text.hpp"
#include "registry/manifest_reader.hpp"

namespace toolrack::embedded {
std::span<const File> registry_schemas();
}

namespace toolrack::registry {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

/// Compiled on first use, kept for ever.
const Result<std::shared_ptr<const InputValidator>>& manifest_schema() {
  static const auto compiled = compile_schema(embedded::registry_schemas().front().bytes);
  return compiled;
}

/// Before anything else: a newer manifest may hold members that this host's schema does not know, and the reader should
/// hear that, not a list of unknown members.
Result<void> check_version(const json::Value& document) {
  if (!document.IsObject()) return fail(ErrorCode::kInvalidManifest, "a manifest is a JSON object");
  const auto version = json::find_string(document, "manifest");
  if (!version)
    return fail(ErrorCode::kInvalidManifest,
                "manifest at /manifest: the version of the format is missing, such as \"1.0\"");
  int major = 0, minor = 0;
  const auto* end = version->data() + version->size();
  const auto read = std::from_chars(version->data(), end, major);
  const bool has_dot = read.ec == std::errc() && read.ptr != end && *read.ptr == '.';
  const auto rest = has_dot ? std::from_chars(read.ptr + 1, end, minor) : read;
  if (!has_dot || rest.ec != std::errc() || rest.ptr != end || major < 0 || minor < 0) {
    return fail(
        ErrorCode::kInvalidManifest,
        fmt::format("manifest at /manifest: {} is no version of the format, such as \"1.0\"", json::quote(*version)));
  }
  if (major == kManifestMajor && minor <= kManifestMinor) return {};
  return fail(ErrorCode::kInvalidManifest,
              fmt::format("the manifest has version {}.{}, and this host understands {}.0 to {}.{}", major, minor,
                          kManifestMajor, kManifestMajor, kManifestMinor),
              major > kManifestMajor || minor > kManifestMinor
                  ? "Update Toolrack, or write the manifest for the older version."
                  : "Write the manifest for a version this host understands.");
}

/// Reads every text of a manifest, but for values that are data and not words about the tool.
class HiddenText {
 public:
  std::vector<Violation> found;

  void read(const json::Value& value, const std::string& pointer) {
    if (value.IsString()) return check(json::view(value), pointer);
    if (value.IsArray()) {
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i) read(value[i], fmt::format("{}/{}", pointer, i));
    } else if (value.IsObject()) {
      for (const auto& [name, member] : value.GetObject()) {
        const auto key = json::view(name);
        check(key, pointer);
        if (!is_data(pointer, key)) read(member, fmt::format("{}/{}", pointer, escape_pointer(key)));
      }
    }
  }

 private:
  static bool is_data(std::string_view pointer, std::string_view key) noexcept {
    // Their places are fixed by the manifest's schema, so a property of that name in a skill's schema is not meant.
    const auto depth = std::count(pointer.begin(), pointer.end(), '/');
    if (key.starts_with("x-")) return depth == 0 || !pointer.starts_with("/skills/") || depth == 2;
    if (depth == 4 && pointer.starts_with("/skills/") && pointer.find("/examples/") != std::string_view::npos)
      return key == "input" || key == "output";
    return key == "options" && ((depth == 2 && pointer.starts_with("/providers/")) ||
                                (depth == 4 && pointer.find("/providers/") != std::string_view::npos));
  }
  static std::string escape_pointer(std::string_view key) {
    std::string out;
    for (const char c : key) {
      if (c == '~' || c == '/')
        out += c == '~' ? "~0" : "~1";
      else
        out += c;
    }
    return out;
  }

  void check(std::string_view text, const std::string& pointer) {
    if (const auto c = find_hidden(text))
      found.push_back({pointer, "", fmt::format("holds U+{:04X}, which people do not see", static_cast<unsigned>(*c))});
  }
};

/// What an author can use of a list that may have a place for every value of the manifest.
constexpr std::size_t kMaxViolations = 32;

/// Skills from the one with number `own` on come from the plugin, and are named by their places in its list.
Result<void> require_none(std::vector<Violation> violations, std::size_t own) {
  if (violations.empty()) return {};
  constexpr std::string_view kSkillsPointer = "/skills/";
  for (auto& one : violations) {
    if (!one.pointer.starts_with(kSkillsPointer)) continue;
    std::size_t place = 0;
    const auto* const begin = one.pointer.data() + kSkillsPointer.size();
    const auto [end, error] = std::from_chars(begin, one.pointer.data() + one.pointer.size(), place);
    if (error == std::errc() && place >= own) one.pointer = fmt::format("/items/{}{}", place - own, end);
  }
  if (const auto count = violations.size(); count > kMaxViolations) {
    violations.resize(kMaxViolations - 1);
    violations.push_back({"", "", fmt::format("{} more places are wrong", count - violations.size())});
  }
  return tl::unexpected(
      to_error(violations, own == SIZE_MAX ? "manifest" : "list of skills", ErrorCode::kInvalidManifest));
}

Result<std::shared_ptr<Tool>> load(std::string_view text, std::size_t own_skills) {
  auto document = json::parse(text);
  if (!document) {
    return fail(ErrorCode::kInvalidManifest, "the manifest cannot be read: " + document.error().message());
  }
  TRY(check_version(*document));
  const auto& schema = manifest_schema();
  if (!schema) return tl::unexpected(schema.error());
  TRY(require_none((*schema)->check(*document), own_skills));
  HiddenText hidden;
  hidden.read(*document, "");
  TRY(require_none(std::move(hidden.found), own_skills));

  const auto compacted = compact(text);
  ManifestReader reader(*document, compacted);
  auto tool = reader.read();
  const auto& skills = (*document)["skills"];
  for (auto place = static_cast<rapidjson::SizeType>(std::min<std::size_t>(own_skills, skills.Size()));
       place < skills.Size(); ++place)
    if (json::find(skills[place], "request") != nullptr)
      reader.violations().push_back({fmt::format("/skills/{}/request", place), "",
                                     "requests that the host sends stand in manifests; what a plugin lists, it runs"});
  TRY(require_none(std::move(reader.violations()), own_skills));
  return tool;
}

}  // namespace

Result<std::shared_ptr<Tool>> load_manifest(std::string_view text) {
  auto tool = TRY(load(text, SIZE_MAX));
  tool->manifest_json = text;
  return tool;
}

Result<std::shared_ptr<Tool>> with_listed_skills(const Tool& manifest, std::string_view items) {
  auto text = compact(manifest.manifest_json);
  const auto skills = member_text(text, "skills");
  const auto own = manifest.skills.size();
  if (!items.empty()) {
    const auto end = static_cast<std::size_t>(skills.data() - text.data()) + skills.size() - 1;  // The bracket's place.
    text.insert(end, fmt::format("{}{}", own == 0 ? "" : ",", items));
  }
  auto tool = TRY(load(text, own));
  for (std::size_t i = 0; i < own; ++i) tool->skills[i].handler = manifest.skills[i].handler;
  for (std::size_t i = 0; i < manifest.services.size(); ++i) {
    tool->services[i].index = manifest.services[i].index;
    tool->services[i].handler = manifest.services[i].handler;
  }
  for (auto i = own; i < tool->skills.size(); ++i) {
    tool->skills[i].index = static_cast<std::uint32_t>(own + manifest.services.size());
    tool->skills[i].is_listed = true;
  }
  tool->manifest_json = manifest.manifest_json;
  tool->source = manifest.source;
  tool->build_id = manifest.build_id;
  tool->bundled = manifest.bundled;
  tool->knowledge = manifest.knowledge;  // With that of its files.
  return tool;
}

}  // namespace toolrack::registry
