/// Stage 2: from the name the caller used to one skill of one version. The call stays on that version.
#include <fmt/format.h>

#include "call/execution.hpp"

namespace toolrack::call {
namespace {

/// `seo_run@1`: what the usual version has by that flat name, in the version that is named. Null when nothing has it.
base::Result<const registry::Skill*> find_pinned_flat(const registry::Catalogue& catalogue, std::string_view name) {
  const auto at = name.rfind('@');
  const auto* usual = at == std::string_view::npos ? nullptr : catalogue.find_flat(name.substr(0, at));
  if (usual == nullptr) return nullptr;
  const auto* tool = TRY(catalogue.find_tool(fmt::format("{}{}", usual->tool->id(), name.substr(at))));
  return TRY(catalogue.find_skill(*tool, usual->name));
}

}  // namespace

base::Result<void> Execution::resolve(const registry::Catalogue& catalogue) {
  if (request_.kind != registry::Kind::kSkill) [[unlikely]]
    return resolve_offer(catalogue);
  const bool is_pinned = request_.tool.find('@') != std::string_view::npos;
  if (request_.tool.empty())
    return base::fail(base::ErrorCode::kInvalidRequest, "the request names no tool", "Give \"tool\" and \"skill\".");
  if (request_.skill.empty()) {
    skill_ = catalogue.find_flat(request_.tool);
    if (skill_ != nullptr) skill_ = &catalogue.shown_to(caller(), *skill_);
    if (skill_ == nullptr) skill_ = TRY(find_pinned_flat(catalogue, request_.tool));
    if (skill_ == nullptr) {
      const auto* tool = TRY(catalogue.find_tool(request_.tool));
      if (!is_pinned) tool = &catalogue.shown_to(caller(), *tool);
      if (tool->skills.size() != 1)
        return base::fail(
            base::ErrorCode::kInvalidRequest,
            fmt::format("tool \"{}\" has {} skills and the request names none", tool->slug, tool->skills.size()),
            "Give \"skill\"; GET /v1/tools/<tool> lists them.");
      skill_ = &tool->skills.front();
    }
  } else {
    const auto* usual = TRY(catalogue.find_tool(request_.tool));
    const auto* tool = is_pinned ? usual : &catalogue.shown_to(caller(), *usual);
    auto found = catalogue.find_skill(*tool, request_.skill);
    if (!found && tool != usual) found = catalogue.find_skill(*usual, request_.skill);  // The canary lacks it.
    skill_ = TRY(std::move(found));
  }
  outcome_.skill = skill_;
  return {};
}

}  // namespace toolrack::call
