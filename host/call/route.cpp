/// Stage 5: which backend serves the call. The manifest's first provider is taken; skills without providers need none.
#include "call/execution.hpp"

namespace toolrack::call {

void Execution::route() {
  invocation_ = {};
  if (skill_->providers.empty()) return;
  const auto* provider = skill_->tool->find_provider(skill_->providers.front());
  backend_ = {.provider = provider->slug,
              .base_url = provider->base_url,
              .credential = provider->credential,
              .options_json = provider->options_json,
              .byok = false,
              .last = true};
  invocation_.backend = &backend_;
  outcome_.backend = provider->slug;
}

}  // namespace toolrack::call
