#include "registry/tool.hpp"

#include <algorithm>

namespace toolrack::registry {

const Provider* Tool::find_provider(std::string_view wanted) const noexcept {
  const auto it = std::find_if(providers.begin(), providers.end(), [&](const Provider& p) { return p.slug == wanted; });
  return it == providers.end() ? nullptr : &*it;
}

const Credential* Tool::find_credential(std::string_view wanted) const noexcept {
  const auto it =
      std::find_if(credentials.begin(), credentials.end(), [&](const Credential& c) { return c.name == wanted; });
  return it == credentials.end() ? nullptr : &*it;
}

const PromptArgument* Prompt::find_argument(std::string_view wanted) const noexcept {
  const auto it = std::ranges::find(arguments, wanted, &PromptArgument::name);
  return it == arguments.end() ? nullptr : &*it;
}

const Skill* Tool::find_service(Kind kind) const noexcept {
  const auto it = std::ranges::find(services, kind, &Skill::kind);
  return it == services.end() ? nullptr : &*it;
}

}  // namespace toolrack::registry
