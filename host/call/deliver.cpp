/// Stage 7: what the skill gave against what it promised, and its files into assets.
///
/// Only a skill whose schema names files, or whose attempt asked for a directory, pays for the second part.
#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "call/execution.hpp"
#include "call/file_outputs.hpp"
#include "call/loop_state.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::call {

bool Execution::deliver() {
  if (offer_ != nullptr) [[unlikely]]
    deliver_offer();
  auto& result = outcome_.result;
  const auto refuse = [&](std::string message, std::string details) {
    result.error = base::Error(base::ErrorCode::kInvalidOutput, std::move(message)).with_details(std::move(details));
    result.output_json.reset();
    result.parts.clear();
    result.files.reset();
  };
  const auto check = [&] {
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
  };
  if (outcome_.ok() && skill_->output_validator != nullptr) check();
  if (skill_->has_file_output || result.files != nullptr) [[unlikely]]
    return deliver_files();
  return true;
}

bool Execution::deliver_files() {
  auto& result = outcome_.result;
  if (path_.deps_.file_outputs == nullptr || result.output_json.empty()) return true;
  pin();
  state_ = State::kDelivering;
  struct Job {
    std::unique_ptr<registry::CallFiles> files;
    std::string output, account;
  };
  // Shared, because std::function wants copyable captures.
  auto job =
      std::make_shared<Job>(Job{std::move(result.files), std::string(result.output_json.view()), principal_->account});
  const auto& to = *path_.deps_.file_outputs;
  const auto posted = to.pool.post([this, job, &to, content = request_.content, ticket = ticket_] {
    auto stored = std::make_shared<base::Result<FileOutputs::Stored>>(
        to.store(job->output, job->files.get(), job->account, content));
    job->files.reset();
    boost::asio::post(loop_.context(), [this, ticket, stored] {
      if (ticket == ticket_) files_stored(std::move(*stored));
    });
  });
  if (posted) return false;
  result.error = base::Error(base::ErrorCode::kUnavailable, "the gateway is stopping");
  result.output_json.reset();
  return true;
}

void Execution::files_stored(base::Result<FileOutputs::Stored> stored) {
  auto& result = outcome_.result;
  if (stored) {
    result.output_json = base::LentBytes::own(std::move(stored->output));
    outcome_.files = std::move(stored->files);
  } else {
    // A failed skill stays failed for its own reason.
    if (!result.error) result.error = std::move(stored).error();
    result.output_json.reset();
    result.parts.clear();
  }
  settle();
}

}  // namespace toolrack::call
