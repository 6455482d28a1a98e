#include "cli/new_tool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

#include "base/embedded.hpp"

namespace toolrack::embedded {
std::span<const File> tool_templates();
}

namespace toolrack::cli {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kTemplates = "sdk/template/";
constexpr std::string_view kSchema = "manifest.schema.json";
constexpr std::size_t kMaxName = 40;

/// As the manifest's schema has it: "^[a-z0-9](-?[a-z0-9])*$".
bool is_slug(std::string_view text) {
  const auto is_inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kMaxName && is_inner(text.front()) && is_inner(text.back()) &&
         text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [&](char c) { return is_inner(c) || c == '-'; });
}

base::Result<void> check_slug(std::string_view what, std::string_view text) {
  if (is_slug(text)) return {};
  return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no {}", text, what),
              fmt::format("Use a-z, 0-9 and single hyphens in between, at most {} characters: my-tool.", kMaxName));
}

std::string capital(std::string_view word) {
  std::string out(word);
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// What stands for the places of a template: first in files, then in their names.
class Names {
 public:
  explicit Names(const NewTool& wanted) {
    std::string snake = wanted.name, type, title;
    std::ranges::replace(snake, '-', '_');
    for (std::size_t begin = 0; begin < wanted.name.size();) {
      const auto end = std::min(wanted.name.find('-', begin), wanted.name.size());
      const auto word = std::string_view(wanted.name).substr(begin, end - begin);
      type += capital(word);
      title += title.empty() ? capital(word) : fmt::format(" {}", word);
      begin = end + 1;
    }
    if (std::isdigit(static_cast<unsigned char>(type.front())) != 0) type.insert(0, "Tool");
    in_files_ = {
        {"@TOOL@", wanted.name}, {"@SNAKE@", snake}, {"@CLASS@", type}, {"@TITLE@", title}, {"@OWNER@", wanted.owner}};
    in_names_ = {{"__tool__", wanted.name}, {"__snake__", snake}};
  }

  std::string fill(std::string_view text) const { return fill(text, in_files_); }
  std::string fill_name(std::string_view path) const { return fill(path, in_names_); }

 private:
  using Places = std::vector<std::pair<std::string_view, std::string>>;
  static std::string fill(std::string_view text, const Places& places) {
    std::string out(text);
    for (const auto& [place, value] : places) replace_all(out, place, value);
    return out;
  }
  Places in_files_, in_names_;
};

base::Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (file) return {};
  return fail(ErrorCode::kInvalidRequest, fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
              "Choose a folder that you may write to.");
}

}  // namespace

std::vector<std::string> new_tool_languages() {
  std::set<std::string> languages;
  for (const auto& file : embedded::tool_templates()) {
    if (!file.path.starts_with(kTemplates)) continue;
    const auto rest = file.path.substr(kTemplates.size());
    languages.emplace(rest.substr(0, rest.find('/')));
  }
  return {languages.begin(), languages.end()};
}

base::Result<std::vector<std::string>> make_new_tool(const NewTool& wanted) {
  TRY(check_slug("name of a tool", wanted.name));
  TRY(check_slug("name of an owner", wanted.owner));
  const auto folder = wanted.folder.empty() ? std::filesystem::path(wanted.name) : wanted.folder;
  std::error_code failed;
  if (std::filesystem::exists(folder, failed) && !std::filesystem::is_empty(folder, failed))
    return fail(ErrorCode::kConflict, fmt::format("{} is there already", folder.string()),
                "Choose another name, or another folder with --folder.");

  const Names names(wanted);
  const auto prefix = fmt::format("{}{}/", kTemplates, wanted.language);
  std::vector<std::string> written;
  for (const auto& file : embedded::tool_templates()) {
    const bool is_schema = file.path.ends_with(kSchema);  // As it is: to complete manifests by.
    if (!is_schema && !file.path.starts_with(prefix)) continue;
    auto name = is_schema ? std::string(kSchema) : names.fill_name(file.path.substr(prefix.size()));
    TRY(write_file(folder / name, is_schema ? std::string(file.bytes) : names.fill(file.bytes)));
    written.push_back(std::move(name));
  }
  std::ranges::sort(written);
  return written;
}

}  // namespace toolrack::cli
