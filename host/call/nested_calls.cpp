#include "call/nested_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "call/call_options.hpp"
#include "call/call_span.hpp"
#include "call/execution.hpp"
#include "call/granted_tools.hpp"
#include "call/loop_state.hpp"
#include "call/reply.hpp"
#include "registry/versions.hpp"

namespace toolrack::call {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
namespace json = base::json;

constexpr std::size_t kMostListed = 100;

std::string name_of(const registry::Skill& skill) { return fmt::format("{}.{}", skill.tool->slug, skill.name); }

/// Versions aside: a cycle does not end because its parts were made anew.
bool is_same(const registry::Skill& a, const registry::Skill& b) {
  return a.name == b.name && a.tool->slug == b.tool->slug && a.tool->owner == b.tool->owner;
}

std::string rest_of(const CallOutcome& outcome) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  write_reply(writer, outcome, ReplyOutput::kBeside);
  return std::string(json::view(buffer));
}

Result<void> read_options(std::string_view text, CallRequest& request) {
  if (text.empty()) return {};
  const auto options = TRY(json::parse(text));
  if (!options.IsObject()) return fail(ErrorCode::kInvalidRequest, "the call's options are not a JSON object");
  for (const auto& [name, value] : options.GetObject()) {
    if (TRY(read_call_option(json::view(name), value, request))) continue;
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("\"{}\" is no option of a call that a skill makes", json::view(name)),
                "It takes backend, cache, confirm, dry_run, max_price and timeout_ms; it is never a job or a stream.");
  }
  return {};
}

}  // namespace

/// One of them, on its way.
class NestedCalls::One final : public CallSink {
 public:
  One(NestedCalls& owner, registry::NestedSink& sink, std::string id)
      : sink(sink), id(std::move(id)), nesting{.above = owner, .max_price = {}} {}

  void done(CallOutcome& outcome) noexcept override { nesting.above.ended(*this, outcome); }

  registry::NestedSink& sink;
  const std::string id;
  Nesting nesting;
  std::unique_ptr<CallSpan> span;  ///< Null: it is not recorded.
  std::optional<Left> bound;       ///< That its price was held against, when it is not its own.
  base::Money committed;
  std::uint64_t ticket = 0;
};

NestedCalls::NestedCalls(Execution& owner)
    : owner_(owner),
      up_(owner.request_.nesting == nullptr ? nullptr : &owner.request_.nesting->above),
      depth_(up_ == nullptr ? 1 : up_->depth_ + 1),
      max_price_(up_ == nullptr ? owner.request_.max_price : owner.request_.nesting->max_price),
      committed_(owner.worst_cost_) {}

NestedCalls::~NestedCalls() = default;

std::string_view NestedCalls::root_id() const noexcept {
  return up_ == nullptr ? owner_.request_.request_id : up_->root_id();
}

bool NestedCalls::holds_place() const noexcept {
  return owner_.skill_->tool->max_concurrency != 0 || (up_ != nullptr && up_->holds_place());
}

std::optional<NestedCalls::Left> NestedCalls::left() const noexcept {
  auto tightest = up_ == nullptr ? std::nullopt : up_->left();
  if (!max_price_) return tightest;
  const Left own{
      .amount = std::max(*max_price_ - committed_, base::Money()), .bound = *max_price_, .skill = owner_.skill_};
  return tightest && tightest->amount <= own.amount ? tightest : own;
}

void NestedCalls::commit(base::Money amount) noexcept {
  for (auto* call = this; call != nullptr; call = call->up_) call->committed_ = call->committed_ + amount;
}

Result<void> NestedCalls::check_caller() const {
  const auto& principal = *owner_.principal_;
  if (principal.is_revoked())
    return fail(ErrorCode::kInvalidKey, "the key that made this call was revoked, or has expired, while it ran");
  return {};
}

const registry::Tool& NestedCalls::same_version(const registry::Catalogue& catalogue,
                                                const registry::Tool& usual) const noexcept {
  for (const auto* call = this; call != nullptr; call = call->up_) {
    const auto& tool = *call->owner_.skill_->tool;
    if (tool.slug != usual.slug || tool.owner != usual.owner) continue;
    const auto all = registry::versions_of(catalogue, usual);
    const auto same = std::ranges::find(all, tool.version, [](const auto& one) -> const auto& { return one->version; });
    return same == all.end() ? usual : **same;
  }
  return catalogue.shown_to(owner_.caller(), usual);
}

Result<const registry::Skill*> NestedCalls::find(const registry::Catalogue& catalogue, std::string_view name) const {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size())
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is not of the form tool.skill", name),
                "Name a tool, with @version where it matters, and its skill: \"seo.analyze_page\".");
  const auto named = name.substr(0, dot);
  const auto* usual = TRY(catalogue.find_tool(named));
  const auto* tool = named.find('@') == std::string_view::npos ? &same_version(catalogue, *usual) : usual;
  auto found = catalogue.find_skill(*tool, name.substr(dot + 1));
  if (!found && tool != usual) found = catalogue.find_skill(*usual, name.substr(dot + 1));
  const auto* skill = TRY(std::move(found));
  const auto& caller = *owner_.skill_->tool;
  if (!is_granted(catalogue, caller.granted_tools, *skill))
    return tl::unexpected(
        base::Error(ErrorCode::kInsufficientScope,
                    fmt::format("{} may not call {}: its manifest does not grant it", caller.slug, name_of(*skill)),
                    fmt::format("Add \"{}\" to grants.tools in the manifest of {}.", name_of(*skill), caller.slug))
            .with_name("tool_not_granted"));
  return skill;
}

Result<void> NestedCalls::check_chain(const registry::Skill& skill) const {
  auto chain = name_of(skill);
  bool is_cycle = false;
  for (const auto* call = this; call != nullptr; call = call->up_) {
    chain = fmt::format("{} -> {}", name_of(*call->owner_.skill_), chain);
    is_cycle |= is_same(*call->owner_.skill_, skill);
  }
  if (is_cycle)
    return tl::unexpected(base::Error(ErrorCode::kInvalidRequest,
                                      fmt::format("the call would go in a circle: {}", chain),
                                      "A skill must not lead back to itself; put what both need into a third one.")
                              .with_name("call_cycle"));
  if (depth_ > kMostDepth)
    return tl::unexpected(base::Error(ErrorCode::kInvalidRequest,
                                      fmt::format("calls stand at most {} deep below the first: {}", kMostDepth, chain),
                                      "Call what is needed from a skill nearer to the first.")
                              .with_name("call_too_deep"));
  return {};
}

Result<std::int64_t> NestedCalls::timeout_ms(std::int64_t wished) const {
  const auto left_ns = owner_.invocation_.deadline_ns - owner_.path_.deps_.clock.monotonic_ns();
  if (left_ns <= 0) return fail(ErrorCode::kTimeout, "the time of the call that calls is over");
  const auto left_ms = left_ns / 1'000'000 + 1;
  return wished == 0 ? left_ms : std::min(wished, left_ms);
}

void NestedCalls::go_on_from(Earlier earlier) {
  use_ = std::move(earlier.use);
  started_ = earlier.started;
  commit(earlier.committed);
}

NestedCalls::Earlier NestedCalls::so_far() const {
  return {.use = use_, .committed = committed_ - owner_.worst_cost_, .started = started_};
}

std::uint64_t NestedCalls::start(const registry::NestedRequest& request, registry::NestedSink& sink) {
  auto started = try_start(request, sink);
  if (started) return *started;
  CallOutcome refused;
  refused.request_id = owner_.request_.request_id;
  refused.result.error = std::move(started).error();
  refused.billed = false;
  auto rest = rest_of(refused);
  sink.done({.error = std::move(refused.result.error), .output_json = {}, .rest_json = std::move(rest)});
  return 0;
}

Result<std::uint64_t> NestedCalls::try_start(const registry::NestedRequest& asked, registry::NestedSink& sink) {
  TRY(check_caller());
  auto& path = owner_.path_;
  auto& loop = owner_.loop_;
  auto& state = *path.loops_[loop.index()];
  owner_.pin();  // What it runs by is the reader's, who may look at a newer catalogue now.
  const auto catalogue = state.catalogue.get();  // A copy: what is found here is what runs, whatever is published.
  const auto& skill = *TRY(find(*catalogue, asked.skill));
  TRY(check_chain(skill));
  const auto input = TRY(json::parse(asked.input_json.empty() ? "{}" : asked.input_json));

  auto one = std::make_unique<One>(*this, sink, fmt::format("{}.{}", owner_.request_.request_id, started_ + 1));
  const auto& own = owner_.request_;
  const auto tool = fmt::format("{}@{}", skill.tool->id(), skill.tool->version);
  CallRequest request;
  TRY(read_options(asked.options_json, request));
  request.timeout_ms = TRY(timeout_ms(request.timeout_ms == 0 ? asked.timeout_ms
                                      : asked.timeout_ms == 0 ? request.timeout_ms
                                                              : std::min(request.timeout_ms, asked.timeout_ms)));
  // Nobody but the person confirms, and the person has confirmed the call that was made first, or has not.
  request.confirmed = request.confirmed && own.confirmed;
  one->nesting.max_price = request.max_price;
  if (const auto bound = left(); bound && (!request.max_price || bound->amount < *request.max_price)) {
    request.max_price = bound->amount;
    one->bound = bound;
  }
  request.principal = own.principal;
  request.tool = tool;
  request.skill = skill.name;
  request.input_json = asked.input_json;
  request.input = asked.input_json.empty() ? nullptr : &input;
  request.request_id = one->id;
  request.transport = own.transport;
  request.client = own.client;
  request.locale = own.locale;
  one->span = CallSpan::below(path.deps_.tracer, loop, own.traceparent);
  request.traceparent = one->span == nullptr ? own.traceparent : one->span->traceparent();
  if (one->span != nullptr) one->span->note_input(asked.input_json);
  request.provider_keys = own.provider_keys;
  request.nesting = &one->nesting;

  ++started_;
  auto* const started = one.get();
  running_.push_back(std::move(one));
  auto& execution = state.take();
  const auto ticket = execution.ticket();
  if (execution.start(request, *started, catalogue)) return 0;  // And `*started` is gone.
  started->ticket = ticket;
  started->committed = execution.worst_cost_;
  commit(started->committed);
  return ticket;
}

void NestedCalls::cancel(std::uint64_t ticket) {
  const auto is_ours = [ticket](const auto& one) { return one->ticket == ticket; };
  if (ticket != 0 && std::ranges::any_of(running_, is_ours)) owner_.path_.cancel(owner_.loop_, ticket);
}

void NestedCalls::cancel_all() {
  std::vector<std::uint64_t> tickets;
  for (const auto& one : running_) tickets.push_back(one->ticket);
  for (const auto ticket : tickets) owner_.path_.cancel(owner_.loop_, ticket);
}

void NestedCalls::ended(One& one, CallOutcome& outcome) {
  if (one.span != nullptr) one.span->end(outcome);
  const auto cost = outcome.total_cost();
  commit(outcome.cost - one.committed);  // What is below it has been counted here already.
  use_.cost = use_.cost + cost;
  ++use_.count;
  auto& error = outcome.result.error;
  if (error && error->code() == ErrorCode::kPriceTooHigh && one.bound)
    error = base::Error(ErrorCode::kPriceTooHigh,
                        fmt::format("{}; that is what is left of the ${} that {} may cost with all it calls",
                                    error->message(), one.bound->bound.to_string(), name_of(*one.bound->skill)),
                        "Raise the max_price of the first call, or have it call cheaper skills.");
  if (outcome.skill != nullptr && use_.calls.size() < kMostListed)
    use_.calls.push_back({.request_id = one.id,
                          .tool = outcome.skill->tool->slug,
                          .version = outcome.skill->tool->version,
                          .skill = outcome.skill->name,
                          .error = error ? std::string(error->name()) : std::string(),
                          .cost = cost});
  registry::NestedReply reply{
      .error = {},
      .output_json = std::string(outcome.explanation_json.empty() ? outcome.result.output_json.view()
                                                                  : std::string_view(outcome.explanation_json)),
      .rest_json = rest_of(outcome)};
  reply.may_have_acted = outcome.has_run && !outcome.skill->is_repeatable() && !(error && outcome.result.untouched);
  reply.error = std::move(error);
  const auto found = std::ranges::find(running_, &one, &std::unique_ptr<One>::get);
  const auto gone = std::move(*found);  // Until this returns.
  running_.erase(found);
  gone->sink.done(std::move(reply));
  owner_.nested_call_ended();  // Which may be the end of the owner, and of us.
}

Result<std::string> NestedCalls::list(std::string_view pattern, std::string_view cursor) {
  TRY(check_caller());
  owner_.pin();
  const auto& catalogue = *owner_.path_.loops_[owner_.loop_.index()]->catalogue.get();
  return list_granted(catalogue, owner_.skill_->tool->granted_tools, pattern, cursor);
}

}  // namespace toolrack::call
