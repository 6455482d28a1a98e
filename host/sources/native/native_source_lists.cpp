/// NativeSource: the skills that plugins list themselves, from the question to what catalogues are given.
#include <fmt/format.h>

#include <algorithm>
#include <latch>
#include <set>
#include <string_view>
#include <utility>

#include "sources/native/listed_skills.hpp"
#include "sources/native/module.hpp"
#include "sources/native/native_source.hpp"

namespace toolrack::sources::native {

/// Waits until those of them that list skills themselves have been asked, at once. One that has to wait for the plugin
/// before it to go, which it does once this one is published, is asked when it is up.
void NativeSource::ask_for_skills(const std::vector<std::shared_ptr<Served>>& made,
                                  const std::vector<std::shared_ptr<Served>>& failed) {
  std::vector<Module*> askable;
  for (const auto& one : made) {
    auto* module = dynamic_cast<Module*>(one.get());
    if (module == nullptr || module->listed() == nullptr || module->waits_for_old()) continue;
    if (std::ranges::find(failed, one) == failed.end()) askable.push_back(module);
  }
  if (askable.empty()) return;
  const auto known = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(askable.size()));
  for (auto* module : askable) module->list_soon([known] { known->count_down(); });
  known->wait();
}

void NativeSource::on_lists(std::function<void()> heard) {
  base::Lock lock(mutex_);
  lists_heard_ = std::move(heard);
}

std::optional<std::vector<std::shared_ptr<const registry::Tool>>> NativeSource::take_lists() {
  const std::lock_guard one_at_a_time(scan_mutex_);
  std::vector<std::shared_ptr<Served>> in_order;
  {
    base::Lock lock(mutex_);
    in_order = in_order_;
  }
  if (!settle_lists(in_order)) return std::nullopt;
  std::vector<std::shared_ptr<const registry::Tool>> out;
  for (const auto& module : in_order) out.push_back(offer_of(module)->tool());
  return out;
}

/// Who comes first has a name; what manifests say was there before any list. True: somebody's skills are others now.
bool NativeSource::settle_lists(const std::vector<std::shared_ptr<Served>>& in_order) {
  const auto find_clash = [&](const registry::Tool& tool) -> std::string {
    std::set<std::string_view> names;
    for (const auto& skill : tool.skills)
      if (skill.is_listed) names.insert(skill.flat_name);
    for (const auto& module : in_order) {
      const auto other = module->tool();
      if (other == nullptr || other->id() == tool.id()) continue;
      for (const auto& skill : other->skills)
        if (names.contains(skill.flat_name))
          return fmt::format("{} and {} both offer \"{}\"", tool.id(), other->id(), skill.flat_name);
    }
    return {};
  };
  bool has_new = false;
  for (const auto& module : in_order) {
    const auto* plugin = dynamic_cast<Module*>(module.get());
    auto* listed = plugin == nullptr ? nullptr : plugin->listed();
    if (listed != nullptr && listed->settle(find_clash)) has_new = true;
  }
  return has_new;
}

}  // namespace toolrack::sources::native
