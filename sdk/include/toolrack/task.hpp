/// Coroutines: `Task` is what a skill returns, `Async<T>` what a coroutine called by a skill returns. Nothing else in
/// the SDK touches frames.
///
/// A call is a chain of frames: the skill's own (the root, owned by the SDK from start() on) and the helpers it awaits,
/// each owned by the Async object in its parent. At most the last one waits for the host. The host enters a call from
/// one thread at a time, so nothing here is locked. After every entry the root looks at what became of it (settle()):
/// finished, to be unwound because an answer is elsewhere (TR_SUSPENDED), or waiting again.
///
/// g++-12: inside co_await write only named variables and types with user-declared constructors; no lambda that
/// captures by value, no aggregate, no `?:` there. Those are destroyed twice.
#pragma once

#include <toolrack/host.hpp>
#include <toolrack/reply.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace toolrack {

template <class T>
class Async;
/// What a coroutine skill returns: `Task my_skill(Call call)`.
using Task = Async<Reply>;

namespace detail {

/// Tells the host how a call ended. An exception in flight is told as TR_INTERNAL with what().
inline Reply reply_of(std::exception_ptr error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return Reply::error(TR_INTERNAL, "exception", e.what(), "This is a defect of the tool; report it to its author.");
  } catch (...) {
    return Reply::error(TR_INTERNAL, "exception", "An object that is no std::exception was thrown.",
                        "This is a defect of the tool; report it to its author.");
  }
}

inline void complete(const Host& host, tr_call call, Reply& reply) noexcept {
  reply.to_c([&](const tr_outcome& outcome) { host.calls->complete(host.raw(), call, &outcome); });
}

/// What every frame of a chain knows. A root knows its call as well.
class Frame {
 public:
  Frame* root() const noexcept { return root_; }
  std::coroutine_handle<> parent() const noexcept { return parent_; }
  void join(Frame& parent, std::coroutine_handle<> parent_handle) noexcept {
    root_ = parent.root_;
    parent_ = parent_handle;
  }

  /// Goes on with the frame `next` of this root's chain until it waits again, then settles. The root may be gone after.
  void run(std::coroutine_handle<> next) noexcept {
    next.resume();
    settle();
  }
  /// The last frame of the chain waits for an answer that only another run will see.
  void unwind() noexcept { unwinding_ = true; }
  void unwind_now() noexcept {
    unwind();
    settle();
  }

 protected:
  Frame() noexcept = default;
  void become_root(std::coroutine_handle<> self, const Host& host, tr_call call) noexcept {
    root_ = this;
    self_ = self;
    host_ = &host;
    call_ = call;
  }
  virtual ~Frame() = default;

 private:
  /// The skill's answer, of a finished root.
  virtual Reply& answer() noexcept = 0;
  void settle() noexcept {
    if (unwinding_) {
      const Host& host = *host_;
      const tr_call call = call_;
      self_.destroy();  // `this` is gone; operations still pending find nobody.
      Reply suspended = Reply::error(TR_SUSPENDED, {}, {});
      if (call != 0) complete(host, call, suspended);
    } else if (self_.done()) {
      const std::coroutine_handle<> self = self_;
      if (call_ != 0) complete(*host_, call_, answer());
      self.destroy();
    }
  }

  Frame* root_ = nullptr;
  std::coroutine_handle<> parent_;
  std::coroutine_handle<> self_;  // Of a root.
  const Host* host_ = nullptr;
  tr_call call_ = 0;  // 0: background work, which owes nobody an answer.
  bool unwinding_ = false;
};

/// Result or exception of one coroutine.
template <class T>
class Promise : public Frame {
 public:
  Async<T> get_return_object() noexcept;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept { return ToParent(); }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  template <class U>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }
  void start_root(const Host& host, tr_call call) noexcept {
    adopt(host, call);
    run(self());
  }
  /// As start_root() in two steps: background work begins in a frame of its own.
  void adopt(const Host& host, tr_call call) noexcept { become_root(self(), host, call); }
  static void run_adopted(void* promise) noexcept {
    auto* frame = static_cast<Promise*>(promise);
    frame->run(frame->self());
  }

 private:
  struct ToParent {
    ToParent() noexcept {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      const std::coroutine_handle<> parent = self.promise().parent();
      if (parent) return parent;
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::coroutine_handle<> self() noexcept { return std::coroutine_handle<Promise>::from_promise(*this); }
  Reply& answer() noexcept override {
    if constexpr (std::is_same_v<T, Reply>) {
      if (error_) value_.emplace(reply_of(error_));
      return *value_;
    } else {
      std::terminate();  // Only a Task becomes a root.
    }
  }

  std::optional<T> value_;
  std::exception_ptr error_;
};

template <>
class Promise<void> : public Frame {
 public:
  Async<void> get_return_object() noexcept;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept { return ToParent(); }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void return_void() const noexcept {}
  void take() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct ToParent {
    ToParent() noexcept {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().parent();
    }
    void await_resume() const noexcept {}
  };
  Reply& answer() noexcept override { std::terminate(); }

  std::exception_ptr error_;
};

}  // namespace detail

/// A coroutine that has not begun; `co_await` runs it and gives its value or exception. Move-only.
template <class T>
class [[nodiscard]] Async {
 public:
  using promise_type = detail::Promise<T>;

  explicit Async(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  Async(Async&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Async& operator=(Async other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Async() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
    frame_.promise().join(parent.promise(), parent);
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

  /// \cond The frame, which then belongs to whoever asked.
  std::coroutine_handle<promise_type> release() noexcept { return std::exchange(frame_, nullptr); }
  /// \endcond

 private:
  std::coroutine_handle<promise_type> frame_;
};

template <class T>
Async<T> detail::Promise<T>::get_return_object() noexcept {
  return Async<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Async<void> detail::Promise<void>::get_return_object() noexcept {
  return Async<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace toolrack
