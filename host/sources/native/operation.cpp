#include "sources/native/operation.hpp"

#include <boost/asio/post.hpp>

#include <thread>

#include "services/recorder/recording.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/plugin_frame.hpp"
#include "sources/native/recorded_result.hpp"

namespace toolrack::sources::native {
namespace {

/// Handle of an operation that found no slot: it cannot be cancelled by itself, only with its call.
constexpr tr_op kUnlisted = ~tr_op{0};

}  // namespace

OperationResult OperationResult::from(const base::Error& error) {
  OperationResult out;
  out.status = base::info(error.code()).tr_status;
  out.code = error.name();
  out.message = error.message();
  out.hint = error.hint();
  if (error.retry_after()) out.retry_after_ns = error.retry_after()->count();
  return out;
}

OperationResult OperationResult::cancelled(std::string why) {
  return from(base::Error(base::ErrorCode::kCancelled, std::move(why)));
}

tr_op Operation::open(OperationMap& map, OperationMap::Slot* slot, Operation& operation) noexcept {
  if (slot == nullptr) return kUnlisted;
  slot->value = &operation;
  return map.open(*slot);
}

Operation::Operation(NativeCall& call, OperationMap& map, tr_done done, void* user)
    : call_(call), map_(map), slot_(map.take()), handle_(open(map, slot_, *this)), done_(done), user_(user) {
  intrusive_ptr_add_ref(this);  // Ours, until done() has returned.
}

Operation::~Operation() = default;

bool Operation::end(OperationResult result) {
  if (ended_.exchange(true, std::memory_order_acq_rel)) return false;
  if (recording_ != nullptr) [[unlikely]]
    recording_->end(number_, to_json(result), result.status != TR_CANCELLED);
  result_ = std::move(result);
  call_.forget(*this);
  call_.push(*this);
  return true;
}

void Operation::record(std::shared_ptr<services::recorder::Recording> recording, std::size_t number) noexcept {
  recording_ = std::move(recording);
  number_ = number;
}

void Operation::request_cancel() {
  if (cancel_asked_.exchange(true, std::memory_order_acq_rel) || has_ended()) return;
  if (call_.loop().is_current()) return on_cancel();
  boost::asio::post(call_.loop().context(), [self = OperationPtr(this)] {
    if (!self->has_ended()) self->on_cancel();
  });
}

void Operation::request_resume() {
  boost::asio::post(call_.loop().context(), [self = OperationPtr(this)] {
    if (!self->has_ended()) self->on_resume();
  });
}

void Operation::on_cancel() { end(OperationResult::cancelled("the operation was cancelled")); }

void Operation::run() noexcept {
  fields_.reserve(result_.fields.size());
  for (const auto& [name, value] : result_.fields) fields_.push_back({to_abi(name), to_abi(value)});
  view_ = tr_result{sizeof(tr_result),
                    result_.status,
                    result_.flags,
                    result_.number,
                    result_.body ? to_abi(*result_.body) : tr_str{nullptr, 0},
                    fields_.data(),
                    fields_.size(),
                    to_abi(result_.meta_json),
                    to_abi(result_.code),
                    to_abi(result_.message),
                    to_abi(result_.hint),
                    result_.retry_after_ns};
  NativeCall::set_delivering(this);
  try {
    if (done_ != nullptr) may_throw(done_)(user_, &view_);
  } catch (...) {
    call_.note_thrown("done");
  }
  NativeCall::set_delivering(nullptr);
  is_over_ = true;
  if (slot_ != nullptr) {
    map_.close(*slot_, handle_);
    // Whoever looked us up just now takes a reference of its own within a few instructions.
    while (slot_->is_pinned()) std::this_thread::yield();
    map_.retire(*slot_);
  }
  NativeCall& call = call_;
  intrusive_ptr_release(this);
  call.drop_activity();
}

}  // namespace toolrack::sources::native
