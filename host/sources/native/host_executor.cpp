/// toolrack.executor/1: threads for plugins that then need none of their own.
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/plugin_frame.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

/// A task in a frame of its call. Frees itself.
class TaskFrame final : public Frame {
 public:
  TaskFrame(NativeCall& call, tr_task task, void* user) : call_(call), task_(task), user_(user) {}
  void run() noexcept override {
    try {
      may_throw(task_)(user_);
    } catch (...) {
      call_.note_thrown("task");
    }
    NativeCall& call = call_;
    delete this;
    call.drop_activity();
  }

 private:
  NativeCall& call_;
  const tr_task task_;
  void* const user_;
};

void post(const tr_host* host, tr_call handle, tr_task task, void* user) noexcept {
  const auto target = Instance::of(host).find(handle, "post");
  if (target.call == nullptr || task == nullptr) return;
  // Of a stale call it runs all the same, as the plugin's own: every task runs once.
  target.call->add_activity();
  target.call->push(*new TaskFrame(*target.call, task, user));
}

void post_blocking(const tr_host* host, tr_call behalf, tr_task task, void* user) noexcept {
  auto& instance = Instance::of(host);
  const auto target = instance.find(behalf, "post_blocking");
  if (target.call == nullptr || task == nullptr) return;
  target.call->add_activity();
  auto& frames = instance.runtime().frames();
  instance.runtime().environment().blocking->post([&frames, call = target.call, task, user] {
    const FrameBoard::Mark mark(frames, call->module()->frame_number(Module::kNoPlace), FrameBoard::Where::kBlocking);
    try {
      may_throw(task)(user);
    } catch (...) {
      call->note_thrown("task");
    }
    call->drop_activity();
  });
}

}  // namespace

const tr_executor_api& executor_service() noexcept {
  static constexpr tr_executor_api kTable{sizeof(tr_executor_api), post, post_blocking};
  return kTable;
}

}  // namespace toolrack::sources::native
