/// Which backends may serve a call, and in which order they are tried.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "call/backend_preference.hpp"
#include "registry/tool.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::call {

/// A backend as things stood when the plan was made. Points into the tool and into the provider states.
struct BackendCandidate {
  const registry::SkillBackend* backend = nullptr;
  const registry::Provider* provider = nullptr;
  services::providers::ProviderState* state = nullptr;
  services::providers::ProviderFigures figures;
  base::Money worst_price;  ///< With markup.
};

struct BackendPlan {
  struct LeftOut {
    std::string_view provider;
    std::string reason;
  };
  std::vector<BackendCandidate> candidates;  ///< In the order of trying; never empty.
  std::vector<LeftOut> left_out;

  base::Money worst_price() const;
  void clear();
};

/// What a plan is made for.
struct BackendWishes {
  const BackendPreference* preference = nullptr;  ///< Null: none.
  std::optional<base::Money> max_price;           ///< Dearer backends are left out.
  std::int64_t markup_percent = 105;
};

/// For a skill that has backends. Unless told otherwise: those that answer before those that are given a pause or fail
/// often, then the cheaper, then the clearly faster, then as the manifest lists them. kInvalidRequest: a name that is
/// no backend of the skill, or none is left. kPriceTooHigh: all are dearer than `max_price`.
base::Result<BackendPlan> plan_backends(const registry::Skill& skill, const BackendWishes& wishes,
                                        services::providers::ProviderStates& states);

/// {provider, breaker, price, worst_price, latency_ms?, ...}: what is known of one, for people and agents who choose.
void write_candidate(base::json::Writer& writer, const BackendCandidate& candidate);

}  // namespace toolrack::call
