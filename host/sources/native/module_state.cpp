/// Module: what one generation of a plugin leaves to the next.
#include <fmt/format.h>

#include <utility>

#include "services/log/log.hpp"
#include "sources/native/module.hpp"

namespace toolrack::sources::native {

namespace log = services::log;
using registry::StateHandOver;

void Module::take_over_from(const std::shared_ptr<Served>& old) {
  auto before = std::dynamic_pointer_cast<Module>(old);
  if (before == nullptr || state_hand_over_ == StateHandOver::kNone) return;
  {
    base::Lock lock(mutex_);
    old_ = before;
  }
  if (state_hand_over_ == StateHandOver::kLive) return;
  if (state_hand_over_ == StateHandOver::kExclusive) {
    auto code = before->copy_code();
    base::Lock lock(mutex_);
    if (code)
      left_.emplace(Left{
          .file = *std::move(code), .signed_digest = before->signed_digest_, .signer = before->signer(), .saved = {}});
  }
  base::Lock lock(before->mutex_);
  before->heir_ = weak_from_this();
}

bool Module::waits_for_old() const {
  base::Lock lock(mutex_);
  return state_hand_over_ == StateHandOver::kExclusive && !old_.expired();
}

void Module::fall_back_with(FallBack fall_back) {
  base::Lock lock(mutex_);
  fall_back_ = std::move(fall_back);
}

void Module::inherit(std::string saved) {
  base::Lock lock(mutex_);
  inherited_ = std::move(saved);
}

/// Its file may be another one by now, and our copy goes when it is closed. Nothing when it does not serve.
std::optional<PrivateCopy> Module::copy_code() {
  std::filesystem::path path;
  {
    base::Lock lock(mutex_);
    if (early_copy_)
      path = early_copy_->file.path();  // Nobody has called it yet.
    else if (serving_.load(std::memory_order_acquire) != nullptr)
      path = code_path_;
  }
  if (path.empty()) return std::nullopt;
  auto copy = PrivateCopy::make(path, path.parent_path(), path.stem().string() + ".kept");
  if (copy) return *std::move(copy);
  log::write(log::Level::kWarning, "a plugin could not be taken back if the next one failed",
             {{"tool", id_}, {"reason", copy.error().message()}});
  return std::nullopt;
}

std::optional<std::string> Module::save_live() {
  // One that is not up yet may be inside the plugin for long. Locks are taken from the newer to the older one only.
  if (serving_.load(std::memory_order_acquire) == nullptr) return std::nullopt;
  const std::lock_guard control(control_mutex_);
  const FrameBoard::Mark mark(runtime_.frames(), frame_number_, FrameBoard::Where::kControl);
  if (serving_.load(std::memory_order_acquire) == nullptr) return std::nullopt;
  return instance_->save(TR_STATE_LIVE);
}

/// [control] of the new one.
LoadResult<void> Module::start_instance(Instance& instance, std::uint64_t generation) {
  std::shared_ptr<Module> old;
  std::optional<std::string> saved;
  {
    base::Lock lock(mutex_);
    old = old_.lock();
    saved = inherited_;  // Kept for whoever comes when we do not.
  }
  const bool is_live = state_hand_over_ == StateHandOver::kLive;
  if (is_live && old != nullptr) saved = old->save_live();
  if (saved && !instance.load(is_live ? TR_STATE_LIVE : TR_STATE_FINAL, *saved))
    log::write(log::Level::kNotice, "a plugin does not take over what the one before it saved", {{"tool", id_}});
  return instance.start(tool_->manifest_json, config_json_, generation);
}

/// [control] of the old one, after stop().
void Module::hand_over_final() {
  std::shared_ptr<Module> heir;
  {
    base::Lock lock(mutex_);
    heir = heir_.lock();
  }
  if (heir == nullptr) return;
  if (auto saved = instance_->save(TR_STATE_FINAL)) heir->receive_final(*std::move(saved));
}

void Module::receive_final(std::string saved) {
  if (state_hand_over_ == StateHandOver::kExclusive) {
    base::Lock lock(mutex_);
    inherited_ = std::move(saved);
    return;
  }
  control_.post([self = shared_from_this(), saved = std::move(saved)] {
    const std::lock_guard control(self->control_mutex_);
    const FrameBoard::Mark mark(self->runtime_.frames(), self->frame_number_, FrameBoard::Where::kControl);
    if (self->instance_ == nullptr || self->serving_.load(std::memory_order_acquire) == nullptr) return;
    if (!self->instance_->load(TR_STATE_FINAL, saved))
      log::write(log::Level::kNotice, "a plugin does not take over what the one before it saved",
                 {{"tool", self->id_}});
  });
}

}  // namespace toolrack::sources::native
