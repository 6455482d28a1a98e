/// Stage 4: may this principal run this skill now, at this price.
///
/// Scopes, guards, approvals and limits are decided here. There is no ledger yet, so no credit is held; settle.cpp
/// records the price.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "call/approvals.hpp"
#include "call/execution.hpp"
#include "call/identify.hpp"
#include "call/loop_state.hpp"

namespace toolrack::call {

base::Result<void> Execution::admit() {
  TRY(require(*principal_, accounts::Scope::kToolsCall));
  TRY(price());
  if (request_.dry_run || request_.resumption != nullptr) return {};
  if (skill_->confirm && !request_.confirmed && !is_later_round())
    return base::fail(
        base::ErrorCode::kConfirmationRequired,
        fmt::format("{}.{} acts in the real world and wants a confirmation", skill_->tool->slug, skill_->name));
  // What skills call runs on the place that the call has which its caller made.
  if (principal_->limits && request_.nesting == nullptr) {
    auto& state = *path_.loops_[loop_.index()];
    auto entered = principal_->limits->enter(started_ns_);
    (entered ? state.let_in : state.limited).add();
    if (!entered) return tl::unexpected(std::move(entered).error());
    admitted_ = true;
  }
  return {};
}

/// The worst price, which nobody is charged more than: of the dearest backend that may serve the call.
base::Result<void> Execution::price() {
  if (!skill_->backends.empty()) {
    plan_ = TRY(plan_backends(*skill_,
                              {.preference = request_.backend.get(),
                               .max_price = request_.max_price,
                               .markup_percent = outcome_.markup_percent},
                              path_.deps_.providers));
    if (is_later_round()) [[unlikely]]
      TRY(stay_with_backend());
    outcome_.raw_cost = plan_.candidates.front().backend->price;
    outcome_.cost = worst_cost_ = plan_.worst_price();
    return {};
  }
  if (request_.backend != nullptr && (!request_.backend->only.empty() || !request_.backend->order.empty()))
    return base::fail(base::ErrorCode::kInvalidRequest,
                      fmt::format("{}.{} has no backends to choose from", skill_->tool->slug, skill_->name),
                      "Leave \"backend\" out.");
  outcome_.raw_cost = skill_->price;
  outcome_.cost = worst_cost_ = skill_->price.percent(outcome_.markup_percent);
  if (request_.max_price && outcome_.cost > *request_.max_price)
    return base::fail(base::ErrorCode::kPriceTooHigh,
                      fmt::format("the call may cost ${}, max_price is ${}", outcome_.cost.to_string(),
                                  request_.max_price->to_string()));
  return {};
}

/// Approvals and class limits are kept in the store, and a loop does not wait for the store: the pool asks, the loop
/// goes on.
void Execution::check_store() {
  state_ = State::kAdmitting;
  pin();
  keep_text();
  const auto posted = path_.deps_.pool.post([this, ticket = ticket_] {
    boost::asio::post(loop_.context(), [this, ticket, result = check_approval_and_limits()]() mutable {
      if (ticket != ticket_) return;
      if (stop_reason_) return fail_with(*std::move(stop_reason_));
      if (!result) return fail_with(std::move(result).error());
      go();
    });
  });
  if (!posted) fail_with(base::Error(base::ErrorCode::kUnavailable, "the gateway is stopping"));
}

/// In the pool. The approval is taken last, so that a call that a limit refuses does not cost it.
base::Result<void> Execution::check_approval_and_limits() const {
  if (!skill_->approval) return check_class_limits();
  if (path_.deps_.approvals == nullptr)
    return base::fail(base::ErrorCode::kUnavailable, "this gateway keeps no approvals, and the skill needs one");
  const auto input = TRY(base::json::parse(request_.input_json.empty() ? "{}" : request_.input_json));
  const auto canonical = base::json::canonical(input);
  const Approvals::Wish wish{.account = principal_->account,
                             .key_id = principal_->key_id,
                             .skill = skill_,
                             .input_json = canonical,
                             .price = worst_cost_};
  TRY(path_.deps_.approvals->ask(wish));
  TRY(check_class_limits());
  return path_.deps_.approvals->use(wish);
}

base::Result<void> Execution::check_class_limits() const {
  using Scope = registry::ClassLimit::Scope;
  for (const auto& limit : skill_->limits)
    TRY(path_.deps_.class_limits.enter(limit, limit.scope == Scope::kRack ? "rack" : principal_->account));
  return {};
}

}  // namespace toolrack::call
