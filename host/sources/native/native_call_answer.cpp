/// NativeCall: how its outcome is taken from the plugin, and given to whoever called.
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <utility>

#include "sources/native/instance.hpp"
#include "sources/native/module.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/outcome_reader.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

/// On this thread's stack, or null.
thread_local NativeCall::DeliverHere* deliver_here = nullptr;

}  // namespace

// Only the loop's thread gives a call up (abandon), so who completes it there has no rival: neither for the answer nor
// for the shares of the storage, of which nobody but ourselves has one then. Others that pinned us before the handle
// was closed are seen by `deliver`, after it.

bool NativeCall::take_answer(bool is_on_loop) noexcept {
  auto expected = Answer::kOwed;
  if (!is_on_loop) return answer_.compare_exchange_strong(expected, Answer::kGiven, std::memory_order_seq_cst);
  if (answer_.load(std::memory_order_relaxed) != expected) return false;
  answer_.store(Answer::kGiven, std::memory_order_release);
  return true;
}

void NativeCall::add_storage(bool is_on_loop) noexcept {
  if (is_on_loop)
    storage_.store(storage_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  else
    storage_.fetch_add(1, std::memory_order_relaxed);
}

bool NativeCall::complete(tr_call handle, const tr_outcome& in) {
  if (!runtime_.calls.close(*slot_, handle)) return false;
  const bool is_in_frame = current() == this && current_is_on_loop();
  if (!take_answer(is_in_frame)) {
    // Too late: the host answered long ago. What it lent us still goes back.
    std::vector<base::LentBytes> lent;
    registry::Outcome late;
    read_outcome(in, late, true, lent);
    if (!late.output_json.empty()) lent.push_back(std::move(late.output_json));
    module_->note_late_completion(*this, std::move(lent));
    drop_storage();
    return true;
  }
  const bool is_overdue = cancel_reason_.load(std::memory_order_relaxed) == CancelReason::kDeadline;
  const auto read = read_outcome(in, outcome_, is_overdue, lent_, skill_->output_validator != nullptr);
  if (!read.misuse.empty()) [[unlikely]]
    module_->note_misuse("complete", read.misuse);
  if (outcome_.is_suspended && !is_suspending_.load(std::memory_order_relaxed)) [[unlikely]] {
    outcome_.is_suspended = false;
    outcome_.error =
        base::Error(base::ErrorCode::kInternal, "the skill suspended itself although it had asked no question");
  }
  output_needs_lease_ = !outcome_.output_json.empty();
  if (!read.borrowed_output.empty()) {
    const std::less_equal<const char*> at_most;
    const auto begin = read.borrowed_output.data();
    auto output = read.borrowed_output;
    // A skill that returns its input, or a piece of it, returns bytes that we own.
    const auto input = input_.view();
    if (!at_most(input.data(), begin) || !at_most(begin + output.size(), input.data() + input.size())) {
      scratch_.assign(output);
      output = scratch_.view();
    }
    add_storage(is_in_frame);
    outcome_.output_json = base::LentBytes(output, &release_storage, this);
    output_needs_lease_ = true;
  }
  if (has_operations_.load(std::memory_order_seq_cst)) cancel_operations();
  if (has_files_.load(std::memory_order_acquire)) [[unlikely]]
    discard_assets();
  if (is_in_frame) {
    completed_in_frame_ = true;
  } else if (auto* here = DeliverHere::current(); here != nullptr && &here->loop_ == &loop_ && here->call_ == nullptr) {
    here->call_ = this;
  } else {
    post_deliver();
  }
  return true;
}

void NativeCall::refuse(base::Error error) {
  runtime_.calls.close(*slot_, ticket_);
  answer_.store(Answer::kGiven, std::memory_order_seq_cst);
  outcome_ = registry::Outcome{};
  outcome_.error = std::move(error);
  deliver();
}

NativeCall::DeliverHere::DeliverHere(base::Loop& loop) noexcept : loop_(loop) { deliver_here = this; }

NativeCall::DeliverHere::~DeliverHere() {
  deliver_here = nullptr;
  if (call_ != nullptr) call_->deliver();
}

NativeCall::DeliverHere* NativeCall::DeliverHere::current() noexcept { return deliver_here; }

void NativeCall::post_deliver() {
  boost::asio::post(loop_.context(), [this] { deliver(); });
}

void NativeCall::deliver() {
  // Who pinned us before the answer was decided may be reading the invocation; it takes a moment.
  if (slot_->is_pinned()) return post_deliver();
  answer(false);
  drop_activity();
}

void NativeCall::answer(bool is_last_activity) {
  if (!events_.is_empty()) events_.flush(completion_);
  if (is_timer_armed_) {
    is_timer_armed_ = false;
    timer_->cancel();
  }
  if (has_meters_.load(std::memory_order_acquire)) {
    base::Lock lock(mutex_);
    outcome_.meters = std::move(meters_);
    if (raw_cost_micros_) outcome_.raw_cost = base::Money::from_micros(*raw_cost_micros_);
  }
  if (has_files_.load(std::memory_order_acquire)) [[unlikely]] {
    base::Lock lock(mutex_);
    // A plugin that was given up may still be writing there.
    if (answer_.load(std::memory_order_relaxed) == Answer::kGiven) outcome_.files = std::move(scratch_directory_);
  }
  if (output_needs_lease_) outcome_.lease = is_last_activity ? std::move(lease_) : lease_.again();
  outcome_.untouched = acts_.load(std::memory_order_relaxed) == 0;
  outcome_.cannot_ask = cannot_ask_.load(std::memory_order_relaxed);
  auto* completion = std::exchange(completion_, nullptr);
  invocation_ = nullptr;
  completion->complete(std::move(outcome_));
  outcome_.reset();
  lent_.clear();
}

}  // namespace toolrack::sources::native
