#include "app/tool_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "app/child_program.hpp"
#include "sources/native/directory.hpp"

namespace toolrack::app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using sources::native::kManifestSuffix;

/// Of toolrack_add_plugin() and toolrack_add_declarative_tool(): everything that a gateway serves, and no tests.
constexpr const char* kPluginsTarget = "toolrack-plugins";
/// What CMake says at the end; there is no other way to learn what a preset means by its folder.
constexpr std::string_view kWrittenTo = "-- Build files have been written to: ";
constexpr std::string_view kDocumentsEnd = ".knowledge";

bool has_manifest(const fs::path& folder) {
  std::error_code failed;
  return std::ranges::any_of(fs::directory_iterator(folder, failed), [](const fs::directory_entry& entry) {
    return entry.path().native().ends_with(kManifestSuffix);
  });
}

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

/// Under another name first: whoever looks sees the old file or the new one.
base::Result<bool> put(const fs::path& from, const fs::path& to) {
  const auto bytes = read(from);
  if (!bytes) return fail(ErrorCode::kToolError, fmt::format("{} cannot be read", from.string()));
  if (read(to) == bytes) return false;
  const auto aside = to.parent_path() / ("." + to.filename().string());
  std::error_code failed;
  {
    std::ofstream out(aside, std::ios::binary | std::ios::trunc);
    out << *bytes;
    out.close();
    if (!out) failed = std::make_error_code(std::errc::io_error);
  }
  if (!failed) fs::rename(aside, to, failed);
  if (!failed) return true;
  return fail(ErrorCode::kUnavailable, fmt::format("{} cannot be written: {}", to.string(), failed.message()));
}

/// The files of a build that a gateway serves, relative to their folder: plugins, manifests and their documents.
std::set<fs::path> served_files(const fs::path& folder) {
  std::set<fs::path> out;
  for (const auto& candidate : sources::native::list_candidates({{.path = folder}})) {
    if (candidate.failure) continue;
    const fs::path path(candidate.path);
    out.insert(path.filename());
    if (!path.native().ends_with(kManifestSuffix)) continue;
    auto documents = path.string();
    documents.replace(documents.size() - kManifestSuffix.size(), kManifestSuffix.size(), kDocumentsEnd);
    std::error_code none;
    for (const auto& document : fs::directory_iterator(documents, none))
      out.insert(document.path().lexically_relative(folder));
  }
  return out;
}

}  // namespace

base::Result<ToolFolder> ToolFolder::open(const fs::path& folder, std::string preset) {
  std::error_code failed;
  auto path = fs::canonical(folder, failed);
  if (failed || !fs::is_directory(path))
    return fail(ErrorCode::kInvalidRequest, fmt::format("there is no folder {}", folder.string()),
                "`toolrack new my-tool` makes one with a tool in it.");
  if (fs::exists(path / "CMakeLists.txt")) {
    if (!fs::exists(path / "CMakePresets.json")) preset.clear();
    return ToolFolder(std::move(path), std::move(preset), true);
  }
  if (has_manifest(path)) return ToolFolder(std::move(path), "", false);
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("there is no tool in {}: neither CMakeLists.txt nor a manifest *.tool.json", path.string()),
              "Name the folder of a tool; `toolrack new my-tool` makes one.");
}

std::vector<base::FolderEvents::Folder> ToolFolder::watched(const fs::path& left_out) const {
  std::vector<base::FolderEvents::Folder> out{{path_.string()}};
  std::error_code failed;
  for (auto at = fs::recursive_directory_iterator(path_, fs::directory_options::skip_permission_denied, failed);
       !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    std::error_code unknown;
    if (!at->is_directory(unknown) || at->is_symlink(unknown)) continue;
    // A folder with a cache of CMake is one that things are built in, whoever does it.
    if (at->path().filename().native().starts_with('.') || fs::exists(at->path() / "CMakeCache.txt", unknown) ||
        fs::equivalent(at->path(), left_out, unknown))
      at.disable_recursion_pending();
    else
      out.push_back({at->path().string()});
  }
  return out;
}

bool ToolFolder::is_source(std::string_view name) noexcept {
  return !name.starts_with('.') && !name.starts_with('#') && !name.ends_with('~') && !name.ends_with(".tmp") &&
         !name.ends_with(".swp");
}

base::Result<void> ToolFolder::configure(int stop) {
  std::vector<std::string> words{"cmake", "-S", path_.string()};
  if (preset_.empty())
    words.insert(words.end(), {"-B", (path_ / "build").string()});
  else
    words.insert(words.end(), {"--preset", preset_});
  std::string said;
  const auto status = TRY(run_program(std::move(words), stop, [&](std::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), stderr);
    said += piece;
  }));
  if (status != 0)
    return fail(ErrorCode::kToolError, fmt::format("cmake ended with {}: the tool cannot be configured", status),
                "See what it says above. An SDK that is not installed for the whole system is found by the environment "
                "variable CMAKE_PREFIX_PATH.");
  const auto at = said.rfind(kWrittenTo);
  const auto end = said.find('\n', at);
  if (at == std::string::npos || end == std::string::npos)
    return fail(ErrorCode::kToolError, "cmake does not say where it builds",
                "Build by hand, and serve with `toolrack serve --plugins DIR`.");
  built_ = said.substr(at + kWrittenTo.size(), end - at - kWrittenTo.size());
  return {};
}

base::Result<void> ToolFolder::build(int stop) {
  if (built_.empty() || !fs::exists(built_ / "CMakeCache.txt")) TRY(configure(stop));
  const auto status = TRY(run_program({"cmake", "--build", built_.string(), "--target", kPluginsTarget}, stop));
  if (status == 0) return {};
  return fail(ErrorCode::kToolError, fmt::format("cmake --build ended with {}", status),
              "See what it says above; the next save builds again.");
}

base::Result<bool> ToolFolder::publish(const fs::path& to) const {
  const auto from = built_ / "plugins";
  const auto files = served_files(from);
  if (files.empty())
    return fail(ErrorCode::kToolError, fmt::format("the build has left nothing to serve in {}", from.string()),
                "Let toolrack_add_plugin() or toolrack_add_declarative_tool() put it there: without OUTPUT_DIRECTORY.");
  bool is_changed = false;
  for (const auto& file : files) {  // In this order the documents come before the manifest that they belong to.
    std::error_code failed;
    fs::create_directories((to / file).parent_path(), failed);
    is_changed = TRY(put(from / file, to / file)) || is_changed;
  }
  for (const auto& old : served_files(to)) {
    std::error_code ignored;
    if (!files.contains(old)) is_changed = fs::remove(to / old, ignored) || is_changed;
  }
  return is_changed;
}

}  // namespace toolrack::app
