/// A host operation that was started: wait for it with co_await, or drop it, which cancels it.
#pragma once

#include <toolrack/task.hpp>

#include <coroutine>
#include <new>
#include <utility>

namespace toolrack {

/// Takes what an HTTP reply brings while it comes (Call::stream()). Both run in the call's own frames.
class HttpSink {
 public:
  enum class Flow : std::int32_t { kStop = TR_CHUNK_STOP, kMore = TR_CHUNK_MORE, kPause = TR_CHUNK_PAUSE };

  virtual ~HttpSink() = default;
  /// Status and headers; kStop ends the transfer.
  virtual Flow head(const Reply& status_and_headers) noexcept = 0;
  /// Bytes, borrowed. kPause: none until Op::resume().
  virtual Flow chunk(std::string_view bytes) noexcept = 0;
};

namespace detail {

/// What the host holds as `user` of one operation. Lives until the operation is done *and* its Op is gone, so a frame
/// may be destroyed while operations of it are under way. Only the frames of one call touch it, one at a time.
class OpState {
 public:
  OpState(const Host& host, Reply::Origin origin) noexcept : host_(host), origin_(origin) {}
  OpState(const OpState&) = delete;
  OpState& operator=(const OpState&) = delete;

  static void done(void* user, const tr_result* result) noexcept {
    auto* self = static_cast<OpState*>(user);
    self->is_done_ = true;
    if (self->is_dropped_) {
      delete self;
      return;
    }
    self->take(*result);
    Frame* const root = self->root_;
    if (root == nullptr) return;  // Nobody waits yet.
    if (self->reply.status() == TR_SUSPENDED) {
      root->unwind_now();
    } else {
      root->run(self->waiter_);
    }
  }
  static const tr_http_sink* sink_of(OpState* self, HttpSink& sink) noexcept {
    self->sink_ = &sink;
    self->c_sink_ = tr_http_sink{sizeof(tr_http_sink), self, &OpState::head, &OpState::chunk};
    return &self->c_sink_;
  }

  void begin(tr_op op) noexcept { op_ = op; }
  void fail(Reply why) noexcept {
    reply = std::move(why);
    is_done_ = true;
  }
  bool is_done() const noexcept { return is_done_; }
  void wait_in(Frame& frame, std::coroutine_handle<> handle) noexcept {
    root_ = frame.root();
    waiter_ = handle;
  }
  void drop() noexcept {
    if (is_done_) {
      delete this;
      return;
    }
    is_dropped_ = true;
    sink_ = nullptr;
    host_.calls->cancel_op(host_.raw(), op_);
  }
  void cancel() noexcept {
    if (!is_done_) host_.calls->cancel_op(host_.raw(), op_);
  }
  void resume_transfer() noexcept {
    if (!is_done_) host_.calls->resume_op(host_.raw(), op_);
  }
  void wait_here(tr_call call) noexcept {
    if (!is_done_) host_.calls->wait(host_.raw(), call, op_);
    if (!is_done_) {
      reply = Reply::error(TR_FAILED_PRECONDITION, "wait_outside_blocking",
                           "Op::wait() was called outside a skill whose manifest says mode \"blocking\".",
                           "Set \"mode\": \"blocking\" for this skill, or make it a coroutine and use co_await.");
    }
  }

  Reply reply;

 private:
  ~OpState() = default;
  void take(const tr_result& result) noexcept {
    try {
      reply = Reply::from_c(host_.raw(), host_.calls, result, origin_);
    } catch (const std::bad_alloc&) {
      reply = Reply::error(TR_RESOURCE_EXHAUSTED, {}, {});
    }
  }
  static std::int32_t head(void* user, const tr_result* result) noexcept {
    auto* self = static_cast<OpState*>(user);
    if (self->sink_ == nullptr) return TR_CHUNK_STOP;
    const Reply reply = Reply::from_c(self->host_.raw(), self->host_.calls, *result, self->origin_);
    return static_cast<std::int32_t>(self->sink_->head(reply));
  }
  static std::int32_t chunk(void* user, tr_str bytes) noexcept {
    auto* self = static_cast<OpState*>(user);
    if (self->sink_ == nullptr) return TR_CHUNK_STOP;
    return static_cast<std::int32_t>(self->sink_->chunk(view(bytes)));
  }

  const Host& host_;
  const Reply::Origin origin_;
  Frame* root_ = nullptr;
  std::coroutine_handle<> waiter_;
  tr_op op_ = 0;
  HttpSink* sink_ = nullptr;
  tr_http_sink c_sink_{};
  bool is_done_ = false;
  bool is_dropped_ = false;
};

}  // namespace detail

/// Started the moment the function of Call returned it, so arguments need not outlive that call, and several run side
/// by side: start them, then await each. Awaited once. Dropping it cancels it. Use it only within its call's frames.
class [[nodiscard]] Op {
 public:
  /// \cond
  explicit Op(detail::OpState* state, tr_call call) noexcept : state_(state), call_(call) {}
  /// \endcond
  Op(Op&& other) noexcept : state_(std::exchange(other.state_, nullptr)), call_(other.call_) {}
  Op& operator=(Op other) noexcept {
    std::swap(state_, other.state_);
    std::swap(call_, other.call_);
    return *this;
  }
  ~Op() {
    if (state_ != nullptr) state_->drop();
  }

  bool is_done() const noexcept { return state_->is_done(); }
  /// Ends early with TR_CANCELLED; it is still to be awaited.
  void cancel() noexcept { state_->cancel(); }
  /// After HttpSink::chunk() said kPause.
  void resume() noexcept { state_->resume_transfer(); }
  /// Waits in place. For plain functions of skills whose manifest says `mode: blocking`; elsewhere a reply that says
  /// so.
  Reply wait() noexcept {
    state_->wait_here(call_);
    return std::move(state_->reply);
  }

  // An answer that only another run will see unwinds the call; it is never handed to the coroutine.
  bool await_ready() const noexcept { return state_->is_done() && state_->reply.status() != TR_SUSPENDED; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> waiter) noexcept {
    state_->wait_in(waiter.promise(), waiter);
    if (state_->is_done()) waiter.promise().root()->unwind();  // settle() follows as soon as this frame is left.
  }
  Reply await_resume() noexcept { return std::move(state_->reply); }

 private:
  detail::OpState* state_;
  tr_call call_;
};

}  // namespace toolrack
