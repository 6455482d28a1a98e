#include "registry/manifest.hpp"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "base/embedded.hpp"
#include "base/json.hpp"
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

Result<void> require_none(const std::vector<Violation>& violations) {
  if (violations.empty()) return {};
  return tl::unexpected(to_error(violations, "manifest", ErrorCode::kInvalidManifest));
}

}  // namespace

Result<std::shared_ptr<Tool>> load_manifest(std::string_view text) {
  auto document = json::parse(text);
  if (!document) {
    return fail(ErrorCode::kInvalidManifest, "the manifest cannot be read: " + document.error().message());
  }
  TRY(check_version(*document));
  const auto& schema = manifest_schema();
  if (!schema) return tl::unexpected(schema.error());
  TRY(require_none((*schema)->check(*document)));

  const auto compacted = compact(text);
  ManifestReader reader(*document, compacted);
  auto tool = reader.read();
  TRY(require_none(reader.violations()));
  tool->manifest_json = text;
  return tool;
}

}  // namespace toolrack::registry
