/// Module: from a plugin that serves to a closed library.
#include <boost/asio/post.hpp>

#include <utility>

#include "services/log/log.hpp"
#include "sources/native/listed_skills.hpp"
#include "sources/native/module.hpp"

namespace toolrack::sources::native {

namespace log = services::log;

void Module::drain(std::chrono::milliseconds patience, std::function<void()> closed) {
  {
    base::Lock lock(mutex_);
    if (tool_ == nullptr) {  // Closed, in whatever state: one that failed stays failed.
      if (closed) reaper_.post(std::move(closed));
      return;
    }
    if (closed) when_closed_.push_back(std::move(closed));
    if (std::exchange(is_draining_, true)) return;
    self_while_draining_ = shared_from_this();
    if (state_ != PluginState::kFailed) state_ = PluginState::kDraining;
  }
  for (auto& gate : gates_) {
    // The gates keep what they are given, so it must not keep us: `self_while_draining_` does.
    gate->close([this] {
      if (open_gates_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      reaper_.post([self = shared_from_this()] { self->stop_instance(); });
    });
  }
  // Who is still inside has that long to leave by himself.
  base::Lock lock(mutex_);
  if (self_while_draining_ == nullptr) return;  // Closed already.
  drain_watchdog_.set(runtime_.environment().loops->next(), patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && self->open_gates_.load(std::memory_order_acquire) != 0) self->cancel_all_calls();
  });
}

bool Module::is_leaving() const {
  base::Lock lock(mutex_);
  return is_draining_;
}

void Module::cancel_all_calls() {
  for (std::size_t i = 0; i < runtime_.loop_count(); ++i) {
    auto& loop = (*runtime_.environment().loops)[i];
    boost::asio::post(loop.context(), [self = shared_from_this(), &loop] {
      self->runtime_.pool(loop).for_each([&](NativeCall& call) {
        if (call.module() == self.get() && call.is_open()) call.request_cancel(NativeCall::CancelReason::kShutdown);
      });
    });
  }
}

void Module::stop_instance() {
  {
    // A load may never end, and others are waiting for this thread.
    base::Lock lock(mutex_);
    stops_when_loaded_ = is_loading_;
    if (is_loading_) return;
  }
  const std::lock_guard control(control_mutex_);
  const FrameBoard::Mark mark(runtime_.frames(), frame_number_, FrameBoard::Where::kControl);
  serving_.store(nullptr, std::memory_order_release);
  if (instance_ == nullptr) return finish(false);
  instance_->stop();
  hand_over_final();
  {
    base::Lock lock(mutex_);
    state_ = PluginState::kStopped;
  }
  instance_->retire([self = shared_from_this()] { self->reaper_.post([self] { self->close_instance(); }); });
}

void Module::close_instance() {
  const std::lock_guard control(control_mutex_);
  const FrameBoard::Mark mark(runtime_.frames(), frame_number_, FrameBoard::Where::kControl);
  instance_->destroy();
  std::set<NativeCall*> debts;
  {
    base::Lock lock(mutex_);
    state_ = PluginState::kDestroyed;
    debts.swap(debts_);
  }
  for (auto* call : debts) call->forgive();
  const bool may_unmap = instance_->may_unmap();
  const bool is_resident = instance_->close(unload_);
  instance_.reset();
  reaper_.note_closed(is_resident);
  if (is_resident) {
    const std::string_view cause = !may_unmap ? "its destroy() failed, so threads of it may be left"
                                   : unload_ == UnloadPolicy::kClose ? likely_residence_
                                   : runtime_.settings().unload == UnloadPolicy::kClose
                                       ? "its manifest says that it never unloads"
                                       : "this Toolrack keeps every library, for its sanitizer";
    if (unload_ == UnloadPolicy::kClose)
      log::write(log::Level::kWarning, "plugin library stayed mapped",
                 {{"tool", id_}, {"build_id", build_id_}, {"cause", cause}});
    base::Lock lock(mutex_);
    residence_ = cause;
  }
  finish(is_resident);
}

void Module::finish(bool is_resident) {
  std::vector<std::function<void()>> closed;
  std::shared_ptr<const registry::Tool> tool;
  std::shared_ptr<Module> self;
  {
    base::Lock lock(mutex_);
    self.swap(self_while_draining_);
    drain_watchdog_.clear();
    if (state_ != PluginState::kFailed) state_ = is_resident ? PluginState::kResident : PluginState::kClosed;
    closed.swap(when_closed_);
    tool.swap(tool_);
  }
  if (listed_ != nullptr) listed_->forget();
  for (auto& run : closed) run();
}

std::string Module::what_keeps_open() const {
  base::Lock lock(mutex_);
  if (tool_ == nullptr) return {};
  if (!is_draining_) return "the service";
  if (open_gates_.load(std::memory_order_acquire) != 0) return "a call";
  if (is_loading_) return "the start";
  if (state_ == PluginState::kStopped) return "the destroy(), or what goes on before it,";
  if (state_ == PluginState::kDestroyed) return "the unloading";
  return "the stop()";
}

void Module::when_closed(std::function<void()> done) {
  {
    base::Lock lock(mutex_);
    if (tool_ != nullptr) return when_closed_.push_back(std::move(done));
  }
  done();
}

}  // namespace toolrack::sources::native
