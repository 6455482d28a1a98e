/// A host operation that a plugin waits for: how it ends, and that it ends once.
#pragma once

#include <toolrack/abi.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/slot_map.hpp"
#include "sources/native/strand.hpp"

namespace toolrack::services::recorder {
class Recording;
}

namespace toolrack::sources::native {

class NativeCall;
class Operation;
using OperationMap = base::SlotMap<Operation*>;
using OperationPtr = boost::intrusive_ptr<Operation>;

/// A tr_result that owns what it points to.
struct OperationResult {
  tr_status status = TR_OK;
  std::uint32_t flags = 0;
  std::int64_t number = 0;
  std::unique_ptr<std::string> body;  ///< On the heap, so that keep() can hand it over without moving the bytes.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string meta_json, code, message, hint;
  std::int64_t retry_after_ns = 0;

  static OperationResult from(const base::Error& error);
  static OperationResult cancelled(std::string why);
};

/// Owner: itself, from construction until its done() has returned; those who can end it hold a pointer too. It keeps
/// its call alive until done() has returned, and no longer: a pool that lets go of it later may outlive the source, so
/// nothing after that, destructors included, may reach for the call or the tables. Threads: `end`, `request_cancel` and
/// `request_resume` any; `on_cancel` and `on_resume` run on the call's loop.
class Operation : public Frame, public boost::intrusive_ref_counter<Operation> {
 public:
  /// `call` is referenced already on our behalf. Give it to `NativeCall::adopt` afterwards.
  Operation(NativeCall& call, OperationMap& map, tr_done done, void* user);
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation();

  NativeCall& call() const noexcept { return call_; }
  /// What the plugin knows us by.
  tr_op handle() const noexcept { return handle_; }

  /// The first one wins: its result is delivered by done() in a frame of the call, never from here. False for the rest.
  bool end(OperationResult result);
  bool has_ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Asks once for an early end; the operation decides how (see `on_cancel`).
  void request_cancel();
  void request_resume();

  /// Before it is listed with its call: its end is taken down as that of `number`.
  void record(std::shared_ptr<services::recorder::Recording> recording, std::size_t number) noexcept;
  /// A question that suspends the call waits for it: its end belongs into the record.
  virtual bool holds_question() const noexcept { return true; }

  /// Is the result the one that done() is looking at? For keep().
  bool is_delivering(const tr_result* result) const noexcept { return result == &view_; }
  std::unique_ptr<std::string> take_body() noexcept { return std::move(result_.body); }
  /// Has done() returned? Only frames of the call ask.
  bool is_over() const noexcept { return is_over_; }

 protected:
  /// Stops what runs and sees to it that `end` is called, now or later. The default ends with TR_CANCELLED.
  virtual void on_cancel();
  virtual void on_resume() {}

 private:
  friend class NativeCall;
  static tr_op open(OperationMap& map, OperationMap::Slot* slot, Operation& operation) noexcept;
  void run() noexcept final;

  // Constant after construction.
  NativeCall& call_;
  OperationMap& map_;
  OperationMap::Slot* const slot_;  // Null when the table was full: then nobody can cancel us.
  const tr_op handle_;
  const tr_done done_;
  void* const user_;
  std::shared_ptr<services::recorder::Recording> recording_;  // Null: nothing is recorded.
  std::size_t number_ = 0;

  std::atomic<bool> ended_{false};
  std::atomic<bool> cancel_asked_{false};

  // Written before the frame is pushed, read in the frame.
  OperationResult result_;
  std::vector<tr_field> fields_;
  tr_result view_{};
  bool is_over_ = false;

  // Guarded by the call's mutex: its list of operations.
  Operation* previous_ = nullptr;
  Operation* next_ = nullptr;
  bool is_listed_ = false;
};

}  // namespace toolrack::sources::native
