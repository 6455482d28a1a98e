/// NativeCall: what host functions do to a call while it is open.
#include <boost/asio/post.hpp>

#include <limits>
#include <utility>

#include "sources/native/abi_text.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {

tr_str NativeCall::keep_text(std::string_view text) {
  base::Lock lock(mutex_);
  has_texts_.store(true, std::memory_order_relaxed);
  return to_abi(texts_.emplace_back(text));
}

void NativeCall::meter(std::string_view unit, std::int64_t millionths) {
  base::Lock lock(mutex_);
  const auto add = [](std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
  };
  has_meters_.store(true, std::memory_order_release);
  if (unit == "usd") {
    raw_cost_micros_ = add(raw_cost_micros_.value_or(0), millionths);
    return;
  }
  for (auto& meter : meters_) {
    if (meter.unit == unit) {
      meter.millionths = add(meter.millionths, millionths);
      return;
    }
  }
  meters_.push_back({std::string(unit), millionths});
}

registry::Checkpoint NativeCall::checkpoint_of(std::string_view state) {
  registry::Checkpoint checkpoint;
  checkpoint.state = state;
  base::Lock lock(mutex_);
  if (raw_cost_micros_) checkpoint.raw_cost = base::Money::from_micros(*raw_cost_micros_);
  checkpoint.meters = meters_;
  return checkpoint;
}

/// What the runs before have metered counts as if this one had.
void NativeCall::go_on_from(const registry::Checkpoint& checkpoint) {
  checkpoint_ = checkpoint.state;
  abi_.checkpoint = to_abi(checkpoint_);
  base::Lock lock(mutex_);
  meters_ = checkpoint.meters;
  if (checkpoint.raw_cost) raw_cost_micros_ = checkpoint.raw_cost->micros();
  has_meters_.store(!meters_.empty() || raw_cost_micros_.has_value(), std::memory_order_release);
}

void NativeCall::post_flush() {
  add_activity();
  boost::asio::post(loop_.context(), [this] {
    events_.flush(completion_);
    std::vector<OperationPtr> ready;
    {
      base::Lock lock(mutex_);
      ready.swap(writers_);
    }
    for (auto& writer : ready) writer->end({});
    drop_activity();
  });
}

void NativeCall::when_writable(OperationPtr operation) {
  {
    base::Lock lock(mutex_);
    if (events_.is_full()) {
      writers_.push_back(std::move(operation));
      return;
    }
  }
  operation->end({});
}

void NativeCall::adopt(Operation& operation) {
  {
    base::Lock lock(mutex_);
    operation.is_listed_ = true;
    operation.next_ = operations_;
    if (operations_ != nullptr) operations_->previous_ = &operation;
    operations_ = &operation;
  }
  // Listed, then look whether the call still wants it; who ends the call looks at the list afterwards. One sees the
  // other.
  has_operations_.exchange(true, std::memory_order_seq_cst);
  if (is_cancelled_.load(std::memory_order_seq_cst) || handle() != ticket_) operation.request_cancel();
}

void NativeCall::forget(Operation& operation) {
  std::vector<OperationPtr> ready;
  {
    base::Lock lock(mutex_);
    unlist(operation);
    if (!questions_.empty()) [[unlikely]]
      ready = take_ready_questions();
  }
  for (const auto& question : ready) end_suspended(*question);
}

void NativeCall::unlist(Operation& operation) {
  if (!std::exchange(operation.is_listed_, false)) return;
  if (operation.previous_ != nullptr) {
    operation.previous_->next_ = operation.next_;
  } else {
    operations_ = operation.next_;
  }
  if (operation.next_ != nullptr) operation.next_->previous_ = operation.previous_;
}

std::vector<OperationPtr> NativeCall::take_ready_questions() {
  for (auto* operation = operations_; operation != nullptr; operation = operation->next_)
    if (operation->holds_question()) return {};
  return std::exchange(questions_, {});
}

void NativeCall::suspend(OperationPtr question) {
  std::vector<OperationPtr> ready;
  {
    base::Lock lock(mutex_);
    questions_.push_back(std::move(question));
    ready = take_ready_questions();
  }
  for (const auto& one : ready) end_suspended(*one);
}

void NativeCall::end_suspended(Operation& question) {
  is_suspending_.store(true, std::memory_order_relaxed);
  OperationResult result;
  result.status = TR_SUSPENDED;
  result.code = "suspended";
  result.message = "The answer comes with another run: unwind, and complete with TR_SUSPENDED.";
  question.end(std::move(result));
}

void NativeCall::hold_deadline() {
  if (!is_open() || is_cancelled() || ++held_ != 1) return;
  held_since_ns_ = runtime_.environment().clock->monotonic_ns();
  if (std::exchange(is_timer_armed_, false)) timer_->cancel();
}

void NativeCall::go_on() {
  if (!is_open() || held_ == 0 || --held_ != 0 || is_cancelled() || deadline_ns() == 0) return;
  deadline_ns_.fetch_add(runtime_.environment().clock->monotonic_ns() - held_since_ns_, std::memory_order_relaxed);
  abi_.deadline_ns = deadline_ns();  // The plugin reads it in frames that come after this one.
  arm_deadline();
}

void NativeCall::cancel_operations() {
  std::vector<OperationPtr> all;
  {
    base::Lock lock(mutex_);
    for (auto* operation = operations_; operation != nullptr; operation = operation->next_) all.emplace_back(operation);
  }
  for (auto& operation : all) operation->request_cancel();
}

}  // namespace toolrack::sources::native
