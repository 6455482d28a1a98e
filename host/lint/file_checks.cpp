#include "lint/file_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "registry/compatibility.hpp"
#include "registry/manifest.hpp"
#include "sources/declarative/program.hpp"

namespace toolrack::lint {

namespace json = base::json;
namespace native = sources::native;

namespace {

/// A manifest that is not yet, or never will be, in a library.
base::Result<native::CheckedFile> read_manifest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("{} cannot be read", path));
  native::CheckedFile out;
  out.tool = TRY(registry::load_manifest(std::string{std::istreambuf_iterator<char>(file), {}}));
  out.programs = TRY(sources::declarative::compile_programs(*out.tool));
  return out;
}

/// Each place that is wrong is a finding of its own; an error without places is one.
std::vector<Finding> to_findings(const base::Error& error) {
  std::vector<Finding> out;
  const auto add = [&](std::string where, std::string message) {
    out.push_back({.check = "file",
                   .where = std::move(where),
                   .message = std::move(message),
                   .remedy = std::string(error.hint())});
  };
  const auto details = json::parse(error.details_json());
  if (!details || !details->IsArray() || details->Empty()) {
    add("", error.message());
    return out;
  }
  for (const auto& violation : details->GetArray())
    add(std::string(json::find_string(violation, "pointer").value_or("")),
        std::string(json::find_string(violation, "message").value_or(error.message())));
  return out;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// Collects findings on one manifest's texts.
class TextCheck {
 public:
  explicit TextCheck(CheckResult& result) : result_(result) {}

  /// `why`: what a text of another length costs.
  void length(std::string where, std::string_view text, std::size_t least, std::size_t most, std::string_view why) {
    ++result_.runs;
    const auto size = count_characters(text);
    if (size >= least && size <= most) return;
    const auto found = size == 0 ? std::string("there is none") : fmt::format("it has {} characters", size);
    result_.findings.push_back({.severity = Severity::kWarning,
                                .check = result_.check,
                                .where = std::move(where),
                                .message = fmt::format("{}; {} to {} are read", found, least, most),
                                .remedy = std::string(why)});
  }
  void missing(std::string where, std::string_view what, std::string_view why) {
    ++result_.runs;
    result_.findings.push_back({.severity = Severity::kWarning,
                                .check = result_.check,
                                .where = std::move(where),
                                .message = fmt::format("it has no {}", what),
                                .remedy = std::string(why)});
  }

 private:
  CheckResult& result_;
};

void check_parameters(TextCheck& check, const registry::Skill& skill, const std::string& where) {
  const auto schema = json::parse(skill.input_schema);
  const auto* properties = schema ? json::find(*schema, "properties") : nullptr;
  if (properties == nullptr || !properties->IsObject()) return;
  for (const auto& [name, property] : properties->GetObject()) {
    const auto text = json::find_string(property, "description").value_or("");
    check.length(fmt::format("{}/input/properties/{}", where, json::view(name)), text, 1, 150,
                 "Say what the parameter means, in a sentence.");
  }
}

constexpr std::array<std::string_view, 8> kEverywhere{"libc.so",       "libm.so",  "libstdc++.so", "libgcc_s.so",
                                                      "libpthread.so", "libdl.so", "librt.so",     "ld-linux"};

/// The newest symbol versions of Debian 12, which is what plugins are promised: glibc 2.36, gcc 12.
struct KnownVersion {
  std::string_view prefix;
  std::array<unsigned, 3> newest;
};
constexpr std::array<KnownVersion, 4> kDebian12{
    {{"GLIBC_", {2, 36, 0}}, {"GLIBCXX_", {3, 4, 30}}, {"CXXABI_", {1, 3, 13}}, {"GCC_", {12, 0, 0}}}};

/// "2.34", "3.4.30"; nothing for GLIBC_PRIVATE and others that are no number.
std::optional<std::array<unsigned, 3>> parse_version(std::string_view text) {
  std::array<unsigned, 3> out{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (auto& part : out) {
    const auto [rest, failed] = std::from_chars(at, end, part);
    if (failed != std::errc()) return std::nullopt;
    at = rest;
    if (at == end) return out;
    if (*at++ != '.') return std::nullopt;
  }
  return std::nullopt;
}

bool is_newer_than_debian_12(std::string_view version) {
  return std::ranges::any_of(kDebian12, [&](const KnownVersion& known) {
    if (!version.starts_with(known.prefix)) return false;
    const auto parsed = parse_version(version.substr(known.prefix.size()));
    return parsed && *parsed > known.newest;
  });
}

}  // namespace

std::optional<native::CheckedFile> check_file(const std::string& path, CheckResult& result) {
  result.check = "file";
  result.runs = 1;
  const auto refuse = [&](std::string message, std::string remedy) {
    result.findings.push_back(
        {.check = "file", .where = {}, .message = std::move(message), .remedy = std::move(remedy)});
    return std::nullopt;
  };
  if (path.ends_with(".json")) {
    auto read = read_manifest(path);
    if (read) return *std::move(read);
    result.findings = to_findings(read.error());
    return std::nullopt;
  }
  auto checked = native::check_file(path, false);
  if (!checked)
    return refuse(fmt::format("{}: {}", checked.error().name(), checked.error().message()),
                  std::string(checked.error().remedy()));
  return *std::move(checked);
}

CheckResult check_against(const registry::Tool& tool, const std::string& old_path) {
  CheckResult out{.check = "against", .runs = 1};
  CheckResult of_old;
  const auto old = check_file(old_path, of_old);
  if (!old) {
    out.findings = std::move(of_old.findings);
    for (auto& finding : out.findings) {
      finding.check = out.check;
      finding.where = finding.where.empty() ? old_path : fmt::format("{} at {}", old_path, finding.where);
    }
    return out;
  }
  if (old->tool->id() != tool.id()) {
    out.findings.push_back({.check = out.check,
                            .where = old_path,
                            .message = fmt::format("it is {}, another tool than {}", old->tool->id(), tool.id()),
                            .remedy = "Give an older version of the same owner and name."});
    return out;
  }
  const bool is_promised = registry::must_be_compatible(old->tool->version, tool.version);
  for (const auto& taken : registry::find_breaks(*old->tool, tool))
    out.findings.push_back({.severity = is_promised ? Severity::kError : Severity::kWarning,
                            .check = out.check,
                            .where = taken.pointer,
                            .message = taken.message,
                            .remedy = is_promised
                                          ? fmt::format("Keep it, or let {} be a new major version: callers of {} "
                                                        "are promised that nothing is taken away.",
                                                        tool.version, old->tool->version)
                                          : std::string()});
  return out;
}

CheckResult check_library(const native::ElfInfo& elf) {
  CheckResult out{.check = "library", .runs = 1};
  const auto warn = [&](std::string message, std::string remedy) {
    out.findings.push_back({.severity = Severity::kWarning,
                            .check = out.check,
                            .where = {},
                            .message = std::move(message),
                            .remedy = std::move(remedy)});
  };
  for (const auto& path : elf.run_paths)
    if (!path.empty() && !path.starts_with("$ORIGIN"))
      warn(fmt::format("it looks for libraries in {}, a path of the machine that built it", path),
           "Link without a run path, or with $ORIGIN: set CMAKE_SKIP_RPATH.");
  for (const auto& needed : elf.needed) {
    const auto is_known = [&](std::string_view known) { return needed.starts_with(known); };
    if (std::ranges::none_of(kEverywhere, is_known))
      warn(fmt::format("it needs {}, which not every machine has", needed),
           "Link it statically, or say so in its README.");
  }
  for (const auto& version : std::set<std::string>(elf.versions.begin(), elf.versions.end()))
    if (is_newer_than_debian_12(version))
      warn(fmt::format("it needs {}, which Debian 12 does not have: there it is not loaded", version),
           "Build it on Debian 12, or in a container of it.");
  if (elf.never_unloads || elf.has_thread_destructors)
    warn(elf.never_unloads ? "it is linked with -z nodelete" : "a thread_local with a destructor keeps it in memory",
         "A new version can be loaded, but the old one's memory is not given back.");
  for (const auto& symbol : elf.exported)
    if (!symbol.starts_with("toolrack_entry_v"))
      warn(fmt::format("it exports {}, which only the plugin itself needs", symbol),
           "Link with -fvisibility=hidden and plugin.map, as toolrack_add_plugin() does.");
  if (elf.build_id.empty())
    warn("it has no build id", "Link with --build-id, as toolrack_add_plugin() does: it tells versions apart.");
  return out;
}

CheckResult check_texts(const registry::Tool& tool) {
  CheckResult out{.check = "texts"};
  TextCheck check(out);
  if (!tool.title.empty()) check.length("/title", tool.title, 3, 50, "People choose from a list by it.");
  check.length("/description", tool.description, 10, 2'500, "Say what the tool is for, and when to use it.");
  for (const auto& skill : tool.skills) {
    const auto where = fmt::format("/skills/{}", skill.index);
    check.length(where + "/description", skill.description, 20, 300, "A model chooses the skill by it.");
    if (!skill.returns.empty()) check.length(where + "/returns", skill.returns, 10, 200, "Say what the answer holds.");
    check_parameters(check, skill, where);
    if (skill.examples.empty())
      check.missing(where, "examples", "One is worth a paragraph to a model, and these checks use them.");
    for (std::size_t i = 0; i < skill.examples.size(); ++i)
      check.length(fmt::format("{}/examples/{}/description", where, i), skill.examples[i].description, 5, 100,
                   "Say what the example is for.");
  }
  return out;
}

}  // namespace toolrack::lint
