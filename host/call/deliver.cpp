/// Stage 7: what the skill gave against what it promised.
///
/// Files named by `*_path` become assets when the asset service exists; until then they are plain text to the caller.
#include <fmt/format.h>

#include "call/execution.hpp"
#include "call/loop_state.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::call {

void Execution::deliver() {
  auto& result = outcome_.result;
  if (!outcome_.ok() || skill_->output_validator == nullptr) return;
  const auto refuse = [&](std::string message, std::string details) {
    result.error = base::Error(base::ErrorCode::kInvalidOutput, std::move(message)).with_details(std::move(details));
    result.output_json.reset();
    result.parts.clear();
  };
  auto parsed = base::json::parse(result.output_json.view(), {.max_bytes = 64 << 20, .max_values = 10'000'000}, {},
                                  &path_.loops_[loop_.index()]->output);
  if (!parsed)
    return refuse(
        fmt::format("{}.{} did not answer with JSON: {}", skill_->tool->slug, skill_->name, parsed.error().message()),
        {});
  const auto violations = skill_->output_validator->check(*parsed);
  if (violations.empty()) return;
  const auto error =
      registry::to_error(violations, fmt::format("the output of {}.{}", skill_->tool->slug, skill_->name));
  refuse(error.message(), error.details_json());
}

}  // namespace toolrack::call
