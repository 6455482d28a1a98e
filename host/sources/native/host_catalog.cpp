/// toolrack.catalog/1: a plugin says that its lists or resources are not what they were.
#include <fmt/format.h>

#include <new>
#include <optional>
#include <string>

#include "registry/announcements.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"

namespace toolrack::sources::native {
namespace {

using registry::DynamicList;

/// URIs of manifests are no longer either.
constexpr std::size_t kLongestUri = 2'000;

std::optional<DynamicList> list_of(std::uint32_t kind) noexcept {
  switch (kind) {
    case TR_LIST_SKILLS:
      return DynamicList::kSkills;
    case TR_LIST_RESOURCES:
      return DynamicList::kResources;
    case TR_LIST_TEMPLATES:
      return DynamicList::kTemplates;
    case TR_LIST_PROMPTS:
      return DynamicList::kPrompts;
    default:
      return std::nullopt;
  }
}

/// The account of that call; empty for call 0, and for one that has ended, whose news is everybody's then.
std::string account_of(Instance& instance, tr_call behalf) {
  const auto pin = instance.runtime().calls.pin(behalf);
  const bool is_ours = pin && (*pin)->instance() == &instance && (*pin)->is_open();
  return is_ours ? std::string((*pin)->invocation().account) : std::string();
}

void changed(const tr_host* host, tr_call behalf, std::uint32_t kind) noexcept {
  auto& instance = Instance::of(host);
  const auto list = list_of(kind);
  auto& module = instance.module();
  if (!list) return module.note_misuse("changed", "a kind that is no list");
  const auto& tool = module.leased_tool();
  // Everybody has the same skills.
  if (*list == DynamicList::kSkills && tool.lists_skills) return module.skills_changed();
  auto* announcements = instance.runtime().environment().announcements;
  if (announcements == nullptr) return;
  try {
    announcements->list_changed(*list, fmt::format("{}@{}", module.id(), tool.version), account_of(instance, behalf));
  } catch (const std::bad_alloc&) {
    return;  // Memory that runs out here costs the news, not the plugin.
  }
}

void resource_updated(const tr_host* host, tr_call behalf, tr_str uri) noexcept {
  auto& instance = Instance::of(host);
  if (!is_text(uri) || uri.size == 0 || uri.size > kLongestUri)
    return instance.module().note_misuse("resource_updated", "a URI that is empty, too long or not UTF-8");
  if (auto* announcements = instance.runtime().environment().announcements)
    announcements->resource_updated(view(uri), account_of(instance, behalf));
}

}  // namespace

const tr_catalog_api& catalog_service() noexcept {
  static constexpr tr_catalog_api kTable{sizeof(tr_catalog_api), changed, resource_updated};
  return kTable;
}

}  // namespace toolrack::sources::native
