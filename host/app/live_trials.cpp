/// LivePlugins: versions that have just come into service are held against the one before.
#include <chrono>
#include <utility>
#include <vector>

#include "app/live_plugins.hpp"
#include "base/clock.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;

/// How often the numbers are looked at.
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

void LivePlugins::set_trials(const registry::TrialSettings& settings) {
  const std::lock_guard lock(mutex_);
  settings_.trials = settings;
  if (settings.rolls_back) return;
  trials_.forget_all();
  keep_trials();
}

/// [mutex_]
void LivePlugins::update_trials(const registry::Catalogue& before, const registry::Catalogue& now) {
  if (is_stopped_) return;
  if (settings_.trials.rolls_back) trials_.update(before, now, policies_->all());
  keep_trials();
  if (!trials_.has_open()) return;
  if (judge_.joinable())
    trial_began_.notify_all();
  else
    judge_ = std::jthread([this](const std::stop_token& stop) { judge_trials(stop); });
}

/// [mutex_]
void LivePlugins::keep_trials() {
  if (const auto kept = kept_trials_->keep(trials_.to_keep()); !kept)
    log::write(log::Level::kError, "which versions are on trial is lost with the next restart",
               {{"reason", kept.error().message()}, {"remedy", kept.error().hint()}});
}

void LivePlugins::judge_trials(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!trials_.has_open())
      trial_began_.wait(lock, stop, [this] { return trials_.has_open(); });
    else
      trial_began_.wait_for(lock, stop, kLook, [] { return false; });
    if (stop.stop_requested() || is_stopped_) return;
    end_trials();
  }
}

/// [mutex_] Those that are decided.
void LivePlugins::end_trials() {
  struct Ended {
    VersionTrials::Key key;
    VersionTrial trial;
    VersionTrials::Standing standing;
  };
  std::vector<Ended> ended;
  for (const auto& [key, trial] : trials_.all()) {
    if (trial.is_over) continue;
    const auto standing = VersionTrials::look(trial, settings_.trials);
    if (standing.verdict != registry::Verdict::kOpen) ended.push_back({key, trial, standing});
  }
  for (const auto& one : ended) {
    trials_.end(one.key);
    end_trial(one.key.first, one.trial, one.standing);
  }
  if (!ended.empty()) keep_trials();
}

void LivePlugins::end_trial(const std::string& id, const VersionTrial& trial, const VersionTrials::Standing& standing) {
  const auto numbers = to_text(standing, trial);
  if (standing.verdict == registry::Verdict::kPassed) {
    log::write(log::Level::kNotice, "a version has passed its trial",
               {{"tool", id}, {"version", trial.newer->version}, {"numbers", numbers}});
    return;
  }
  const auto rolled_back = [&]() -> base::Result<void> {
    const auto now = base::system_clock().unix_ns();
    auto policy = policies_->of(id);
    if (trial.is_canary) return set_policy(id, set_canary_back(std::move(policy), *trial.newer, numbers, now));
    registry::note_usual_before(policy, *trial.older);  // That one, whatever else there was.
    return set_policy(id, TRY(registry::roll_back(std::move(policy), id, versions_of(id), numbers, now)));
  }();
  if (rolled_back)
    log::write(log::Level::kWarning, "a version fails more than the one before, which all callers have again",
               {{"tool", id},
                {"version", trial.newer->version},
                {"usual", trial.older->version},
                {"numbers", numbers},
                {"remedy", "repair it under a higher version; `toolrack promote` has it back all the same"}});
  else
    log::write(log::Level::kError, "a version fails more than the one before, and stays all the same",
               {{"tool", id},
                {"version", trial.newer->version},
                {"numbers", numbers},
                {"reason", rolled_back.error().message()}});
}

}  // namespace toolrack::app
