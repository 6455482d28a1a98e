/// NativeCall: how a call ends early, by cancellation, by its deadline, or without the plugin.
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "sources/native/abi_text.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/module.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/plugin_frame.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {

/// Calls the plugin's cancel(), unless it has completed meanwhile.
class NativeCall::CancelFrame final : public Frame {
 public:
  explicit CancelFrame(NativeCall& call) : call_(call) {}
  void run() noexcept override {
    NativeCall& call = call_;
    const auto& plugin = call.instance()->plugin();
    try {
      if (call.handle() == call.ticket_ && call.is_open()) may_throw(plugin.cancel)(plugin.self, call.ticket_);
    } catch (...) {
      call.note_thrown("cancel");
    }
    delete this;
    call.drop_activity();
  }

 private:
  NativeCall& call_;
};

void NativeCall::arm_deadline() {
  if (deadline_ns() == 0 || held_ != 0 || is_cancelled()) return;
  arm_timer(std::chrono::nanoseconds(deadline_ns() - runtime_.environment().clock->monotonic_ns()));
}

void NativeCall::arm_timer(std::chrono::nanoseconds delay) {
  if (!timer_) timer_.emplace(loop_.context());
  is_timer_armed_ = true;
  timer_->expires_after(std::max(delay, std::chrono::nanoseconds(0)));
  timer_->async_wait([this, ticket = ticket_](const boost::system::error_code& error) {
    if (!error && is_timer_armed_ && ticket == ticket_) on_timer();
  });
}

void NativeCall::on_timer() {
  is_timer_armed_ = false;
  if (!is_cancelled()) return request_cancel(CancelReason::kDeadline);
  abandon();
}

void NativeCall::request_cancel(CancelReason reason) {
  if (is_cancelled_.exchange(true, std::memory_order_seq_cst)) return;
  cancel_reason_.store(reason, std::memory_order_relaxed);
  auto* instance = this->instance();
  if (instance == nullptr) {  // Parked by the module: the plugin has not seen it.
    if (module_->unpark(*this)) refuse(give_up_error());
    return;
  }
  cancel_operations();
  if (instance->plugin().cancel != nullptr) {
    add_activity();
    push(*new CancelFrame(*this));
  }
  arm_timer(runtime_.settings().grace);
}

base::Error NativeCall::give_up_error() const {
  switch (cancel_reason_.load(std::memory_order_relaxed)) {
    case CancelReason::kDeadline:
      return {base::ErrorCode::kTimeout, "the skill did not answer before its deadline"};
    case CancelReason::kShutdown:
      return {base::ErrorCode::kUnavailable, "the tool was taken out of service during the call"};
    case CancelReason::kCaller:
      break;
  }
  return {base::ErrorCode::kCancelled, "the call was cancelled"};
}

void NativeCall::abandon() {
  // What the plugin may still read stays until its complete() comes, or the plugin is gone.
  storage_.fetch_add(1, std::memory_order_relaxed);
  module_->add_debt(*this);
  auto expected = Answer::kOwed;
  if (!answer_.compare_exchange_strong(expected, Answer::kAbandoned, std::memory_order_seq_cst)) {
    module_->forget_debt(*this);
    drop_storage();
    return;
  }
  outcome_ = registry::Outcome{};
  outcome_.error = give_up_error();
  outcome_.is_final = true;
  deliver();
}

void NativeCall::note_thrown(std::string_view function) {
  const auto what = describe_thrown();
  module_->note_misuse(function, what);
  if (is_instance_) return;
  std::string message = "the skill failed: " + what;
  if (!base::is_utf8(message)) message = "the skill failed";
  tr_outcome outcome{};
  outcome.struct_size = sizeof outcome;
  outcome.status = TR_INTERNAL;
  outcome.message = to_abi(message);
  complete(ticket_, outcome);
}

void NativeCall::forgive() {
  // Its complete() may come at this moment, from a worker that is ending: then that settles the debt.
  if (runtime_.calls.close(*slot_, ticket_)) drop_storage();
}

void NativeCall::end_instance() {
  is_cancelled_.store(true, std::memory_order_seq_cst);
  cancel_operations();
  drop_activity();
}

}  // namespace toolrack::sources::native
