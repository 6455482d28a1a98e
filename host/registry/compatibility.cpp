#include "registry/compatibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.hpp"
#include "registry/semver.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

constexpr std::size_t kMostBreaks = 32;

void compare_inputs(const Skill& before, const Skill& after, std::vector<Break>& out) {
  if (before.input_schema == after.input_schema) return;
  const auto pointer = [](const Skill& skill) { return fmt::format("/skills/{}/input", skill.index); };
  const auto was = json::parse(before.input_schema.empty() ? "{}" : before.input_schema);
  const auto is = json::parse(after.input_schema.empty() ? "{}" : after.input_schema);
  if (!was || !is) return out.push_back({pointer(after), false, "cannot be read"});  // Loaded manifests can.
  std::ranges::move(SchemaNarrowing(*was, pointer(before), *is, pointer(after)).find(), std::back_inserter(out));
}

template <class T>
bool is_kept(const std::string& name, const std::vector<T>& all, std::string T::*member) {
  return std::ranges::find(all, name, member) != all.end();
}

}  // namespace

std::vector<Break> find_breaks(const Tool& before, const Tool& after) {
  std::vector<Break> out;
  for (std::size_t i = 0; i < before.aliases.size(); ++i) {
    const auto& alias = before.aliases[i];
    if (alias != after.slug && std::ranges::find(after.aliases, alias) == after.aliases.end())
      out.push_back({fmt::format("/aliases/{}", i), true, fmt::format("\"{}\" is gone", alias)});
  }
  for (const auto& was : before.skills) {
    if (was.is_listed) continue;  // They come and go in one version, too.
    const auto is = std::ranges::find(after.skills, was.name, &Skill::name);
    const auto place = fmt::format("/skills/{}", was.index);
    if (is == after.skills.end()) {
      out.push_back({place, true, fmt::format("the skill \"{}\" is gone", was.name)});
      continue;
    }
    if (std::ranges::find(after.skills, was.flat_name, &Skill::flat_name) == after.skills.end())
      out.push_back({place + "/name", true, fmt::format("the flat name \"{}\" is gone", was.flat_name)});
    compare_inputs(was, *is, out);
  }
  for (std::size_t i = 0; i < before.resources.size(); ++i)
    if (!is_kept(before.resources[i].uri, after.resources, &Resource::uri))
      out.push_back({fmt::format("/resources/{}", i), true, fmt::format("\"{}\" is gone", before.resources[i].uri)});
  for (std::size_t i = 0; i < before.prompts.size(); ++i)
    if (!is_kept(before.prompts[i].flat_name, after.prompts, &Prompt::flat_name))
      out.push_back(
          {fmt::format("/prompts/{}", i), true, fmt::format("the prompt \"{}\" is gone", before.prompts[i].flat_name)});
  if (out.size() > kMostBreaks) out.resize(kMostBreaks);
  return out;
}

std::string to_text(const std::vector<Break>& breaks) {
  constexpr std::size_t kMostNamed = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(breaks.size(), kMostNamed); ++i)
    out += fmt::format("{}at {}{}: {}", i == 0 ? "" : "; ", breaks[i].pointer,
                       breaks[i].is_gone ? " of the one before" : "", breaks[i].message);
  if (breaks.size() > kMostNamed) out += fmt::format("; and {} more", breaks.size() - kMostNamed);
  return out;
}

bool must_be_compatible(std::string_view before, std::string_view after) {
  const auto was = Semver::parse(before), is = Semver::parse(after);
  if (!was || !is || !was->is_stable() || !is->is_stable() || *is <= *was || was->major != is->major) return false;
  return was->major != 0 || was->minor == is->minor;
}

}  // namespace toolrack::registry
