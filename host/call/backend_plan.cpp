#include "call/backend_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <compare>
#include <limits>

#include "services/providers/figures_json.hpp"

namespace toolrack::call {
namespace {

namespace providers = services::providers;
using base::ErrorCode;
using base::fail;
using providers::Breaker;
using Sort = BackendPreference::Sort;

/// A provider of which this share failed lately stands behind the others.
constexpr double kOftenFailing = 0.3;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// 0: answers; 1: fails often, or is about to be tried again; 2: is given a pause.
int unhealthiness(const providers::ProviderFigures& figures) {
  if (figures.breaker == Breaker::kOpen) return 2;
  return figures.breaker == Breaker::kHalfOpen || figures.failure_share.value_or(0) > kOftenFailing ? 1 : 0;
}

std::int64_t latency_of(const providers::ProviderFigures& figures) {
  return figures.latency ? figures.latency->count() : std::numeric_limits<std::int64_t>::max();
}

/// Latencies within a factor of two count as equal, so that chance does not decide. An unknown one counts as fast: how
/// else would it become known.
int latency_class(const providers::ProviderFigures& figures) {
  if (!figures.latency) return 0;
  return std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(figures.latency->count() / 1'000'000, 0)));
}

bool is_before(const BackendCandidate& a, const BackendCandidate& b, Sort sort) {
  if (const auto order = unhealthiness(a.figures) <=> unhealthiness(b.figures); order != 0) return order < 0;
  switch (sort) {
    case Sort::kPrice:
      return a.worst_price < b.worst_price;
    case Sort::kLatency:
      return latency_of(a.figures) < latency_of(b.figures);
    case Sort::kThroughput:
      return a.figures.bytes_per_second.value_or(0) > b.figures.bytes_per_second.value_or(0);
    case Sort::kDefault:
      break;
  }
  if (a.worst_price != b.worst_price) return a.worst_price < b.worst_price;
  return latency_class(a.figures) < latency_class(b.figures);
}

std::string names_of(const registry::Skill& skill) {
  std::vector<std::string_view> names;
  for (const auto& backend : skill.backends) names.emplace_back(backend.provider);
  return fmt::format("{}", fmt::join(names, ", "));
}

base::Result<void> check_names(const registry::Skill& skill, const BackendPreference& preference) {
  for (const auto* list : {&preference.order, &preference.only, &preference.ignore}) {
    for (const auto& name : *list) {
      if (std::ranges::find(skill.backends, name, &registry::SkillBackend::provider) != skill.backends.end()) continue;
      return fail(ErrorCode::kInvalidRequest,
                  fmt::format("\"{}\" is no backend of {}.{}", name, skill.tool->slug, skill.name),
                  fmt::format("Its backends: {}.", names_of(skill)));
    }
  }
  return {};
}

/// Why the caller does not get this backend; empty when he may.
std::string why_not(const BackendCandidate& candidate, const BackendWishes& wishes) {
  if (const auto* preference = wishes.preference) {
    const auto& name = candidate.backend->provider;
    if (!preference->only.empty() && !contains(preference->only, name)) return "not among backend.only";
    if (contains(preference->ignore, name)) return "among backend.ignore";
  }
  if (wishes.max_price && candidate.worst_price > *wishes.max_price)
    return fmt::format("may cost ${}, max_price is ${}", candidate.worst_price.to_string(),
                       wishes.max_price->to_string());
  return {};
}

/// The named ones to the front, in the order of their names.
void put_first(std::vector<BackendCandidate>& candidates, const std::vector<std::string>& order) {
  std::ranges::stable_sort(candidates, {}, [&](const BackendCandidate& one) {
    return std::ranges::find(order, one.backend->provider) - order.begin();
  });
}

}  // namespace

base::Money BackendPlan::worst_price() const {
  return std::ranges::max(candidates, {}, &BackendCandidate::worst_price).worst_price;
}

void BackendPlan::clear() {
  candidates.clear();
  left_out.clear();
}

base::Result<BackendPlan> plan_backends(const registry::Skill& skill, const BackendWishes& wishes,
                                        providers::ProviderStates& states) {
  const auto* preference = wishes.preference;
  if (preference != nullptr) TRY(check_names(skill, *preference));
  const auto now_ns = states.now_ns();
  BackendPlan plan;
  bool is_too_dear = false;
  for (const auto& backend : skill.backends) {
    BackendCandidate candidate{.backend = &backend,
                               .provider = skill.tool->find_provider(backend.provider),
                               .state = &states.of(backend.provider),
                               .figures = {},
                               .worst_price = backend.price.percent(wishes.markup_percent)};
    candidate.figures = candidate.state->figures(now_ns);
    auto reason = why_not(candidate, wishes);
    if (reason.empty()) {
      plan.candidates.push_back(std::move(candidate));
    } else {
      is_too_dear |= wishes.max_price && candidate.worst_price > *wishes.max_price;
      plan.left_out.push_back({backend.provider, std::move(reason)});
    }
  }
  if (plan.candidates.empty()) {
    const auto& first = plan.left_out.front();
    return fail(
        is_too_dear ? ErrorCode::kPriceTooHigh : ErrorCode::kInvalidRequest,
        fmt::format("no backend of {}.{} is left: {} {}", skill.tool->slug, skill.name, first.provider, first.reason),
        is_too_dear ? "" : fmt::format("Its backends: {}.", names_of(skill)));
  }
  std::ranges::stable_sort(plan.candidates, [&](const auto& a, const auto& b) {
    return is_before(a, b, preference == nullptr ? Sort::kDefault : preference->sort);
  });
  if (preference != nullptr && !preference->order.empty()) put_first(plan.candidates, preference->order);
  if (preference != nullptr && !preference->allow_fallbacks) {
    for (std::size_t i = 1; i < plan.candidates.size(); ++i)
      plan.left_out.push_back({plan.candidates[i].backend->provider, "backend.allow_fallbacks is false"});
    plan.candidates.resize(1);
  }
  return plan;
}

void write_candidate(base::json::Writer& writer, const BackendCandidate& candidate) {
  writer.StartObject();
  base::json::key(writer, "provider");
  base::json::put(writer, candidate.backend->provider);
  base::json::key(writer, "price");
  base::json::raw(writer, candidate.backend->price.to_string(), rapidjson::kNumberType);
  base::json::key(writer, "worst_price");
  base::json::raw(writer, candidate.worst_price.to_string(), rapidjson::kNumberType);
  providers::write_figures(writer, candidate.figures);
  writer.EndObject();
}

}  // namespace toolrack::call
