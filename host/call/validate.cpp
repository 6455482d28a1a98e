/// Stage 3: the input against the skill's schema; every violation is told at once.
#include <fmt/format.h>

#include "call/execution.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::call {

base::Result<void> Execution::validate() {
  if (offer_ != nullptr) [[unlikely]]
    return validate_offer();
  static const base::json::Value empty_object(rapidjson::kObjectType);
  if (request_.input_json.empty()) {
    request_.input_json = "{}";
    request_.input = &empty_object;
  }
  const auto violations = skill_->input_validator->check(*request_.input);
  outcome_.timings.validate_ns = path_.deps_.clock.monotonic_ns() - started_ns_;
  if (violations.empty()) return {};
  return tl::unexpected(
      registry::to_error(violations, fmt::format("the input of {}.{}", skill_->tool->slug, skill_->name)));
}

}  // namespace toolrack::call
