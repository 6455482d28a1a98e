#include "lint/lint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "lint/child.hpp"
#include "lint/file_checks.hpp"
#include "lint/plugin_checks.hpp"
#include "lint/skill_checks.hpp"
#include "lint/subject.hpp"

namespace toolrack::lint {
namespace {

bool is_wanted(const Options& options, std::string_view check) {
  return options.only.empty() || std::ranges::find(options.only, check) != options.only.end();
}

base::Result<void> check_options(const Options& options) {
  const auto names = check_names();
  for (const auto& name : options.only)
    if (std::ranges::find(names, name) == names.end())
      return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("there is no check \"{}\"", name),
                        fmt::format("The checks: {}.", fmt::join(names, ", ")));
  const auto settings = base::json::parse(options.settings_json);
  if (!settings || !settings->IsObject())
    return base::fail(base::ErrorCode::kInvalidRequest, "the settings are no JSON object",
                      "Give them as the gateway's configuration has them: --settings '{\"key\": \"value\"}'.");
  return {};
}

std::string title_of(const registry::Tool& tool) {
  return fmt::format("{} {}, {} skill{}", tool.id(), tool.version, tool.skills.size(),
                     tool.skills.size() == 1 ? "" : "s");
}

/// Loads the library in the check's own process, and then does the check.
void add_native_checks(Subject& subject, const Options& options, std::vector<CheckResult>& results) {
  const ChildOptions child{.in_process = options.in_process};
  const auto seed = options.reproduce.value_or(1);
  const auto with_entry = [&](const auto& check) {
    return [&subject, &options, seed, check](Notes& notes) {
      notes.begin("while it is loaded", 0);
      const auto entry = subject.load();
      if (!entry)
        return notes.add(fmt::format("{}: {}", entry.error().name(), entry.error().message()),
                         std::string(entry.error().remedy()));
      check(Bench{subject, *entry, seed, options.reproduce ? 1 : options.runs}, notes);
    };
  };
  for (const auto& check : plugin_checks()) {
    if (!is_wanted(options, check.name)) continue;
    const auto work = with_entry([&check](const Bench& bench, Notes& notes) { check.run(bench, notes); });
    results.push_back(run_check(std::string(check.name), "", work, child));
  }
  for (const auto& skill : subject.tool().skills) {
    if (!subject.is_native(skill)) continue;
    for (const auto& check : skill_checks()) {
      if (!is_wanted(options, check.name)) continue;
      const auto work = with_entry([&](const Bench& bench, Notes& notes) { check.run(bench, skill, notes); });
      results.push_back(run_check(std::string(check.name), skill.name, work, child));
    }
  }
}

}  // namespace

std::vector<std::string> check_names() {
  std::vector<std::string> out{"file", "library", "against", "texts"};
  for (const auto& check : plugin_checks()) out.emplace_back(check.name);
  for (const auto& check : skill_checks()) out.emplace_back(check.name);
  return out;
}

namespace {

Report run_all(const Options& options) {
  Report report{.file = options.file};
  CheckResult of_file;
  auto checked = check_file(options.file, of_file);
  report.results.push_back(std::move(of_file));
  if (!checked) return report;
  const bool is_library = !options.file.ends_with(".json");
  Subject subject(options.file, *std::move(checked), options.settings_json);
  report.title = title_of(subject.tool());
  if (is_library && is_wanted(options, "library")) report.results.push_back(check_library(subject.elf()));
  if (!options.against.empty() && is_wanted(options, "against"))
    report.results.push_back(check_against(subject.tool(), options.against));
  if (is_wanted(options, "texts")) report.results.push_back(check_texts(subject.tool()));
  if (is_library && subject.has_native_skills()) add_native_checks(subject, options, report.results);
  return report;
}

}  // namespace

base::Result<Report> run(const Options& options) {
  TRY(check_options(options));
  auto report = run_all(options);
  if (options.only_failed)
    std::erase_if(report.results, [](const CheckResult& result) { return result.findings.empty(); });
  return report;
}

}  // namespace toolrack::lint
