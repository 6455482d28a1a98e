/// Work that blocks, done by the host's bounded pool while the call's coroutine waits.
#pragma once

#include <toolrack/task.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace toolrack {

/// What Call::blocking() returns: `co_await` it at once. Lives in the waiting frame, which cannot go away meanwhile:
/// the frame waits for nothing else, and every posted task runs.
template <class F>
class [[nodiscard]] Blocking {
 public:
  using Value = std::invoke_result_t<F&>;

  /// \cond
  template <class G>
  Blocking(const Host& host, tr_call call, G&& work) : host_(host), call_(call), work_(std::forward<G>(work)) {}
  /// \endcond
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> waiter) noexcept {
    root_ = waiter.promise().root();
    waiter_ = waiter;
    host_.executor->post_blocking(host_.raw(), call_, &Blocking::work, this);
  }
  Value await_resume() {
    if (error_) std::rethrow_exception(error_);
    if constexpr (!std::is_void_v<Value>) return std::move(*value_);
  }

 private:
  // [pool]
  static void work(void* user) noexcept {
    auto* self = static_cast<Blocking*>(user);
    try {
      if constexpr (std::is_void_v<Value>) {
        self->work_();
      } else {
        self->value_.emplace(self->work_());
      }
    } catch (...) {
      self->error_ = std::current_exception();
    }
    self->host_.executor->post(self->host_.raw(), self->call_, &Blocking::back, self);
  }
  // [call]
  static void back(void* user) noexcept {
    auto* self = static_cast<Blocking*>(user);
    self->root_->run(self->waiter_);
  }

  struct Nothing {};
  const Host& host_;
  const tr_call call_;
  F work_;
  std::optional<std::conditional_t<std::is_void_v<Value>, Nothing, Value>> value_;
  std::exception_ptr error_;
  detail::Frame* root_ = nullptr;
  std::coroutine_handle<> waiter_;
};

}  // namespace toolrack
