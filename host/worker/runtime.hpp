/// A plugin's host inside a worker: the tr_host it is given, whose services are frames to the gateway. A process may
/// carry several.
///
/// runtime.cpp has what comes from the gateway, runtime_calls.cpp which calls and operations there are, control.cpp its
/// [control] requests, services_*.cpp what the plugin asks for.
#pragma once

#include <toolrack/abi.h>

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "worker/call.hpp"
#include "worker/offered_services.hpp"
#include "worker/process.hpp"

namespace toolrack::worker {

/// One guest of its process, which outlives it. Owner: the process, and the thread of its [control] functions.
/// Threads: what a function says; [any] otherwise.
class Runtime {
 public:
  Runtime(Process& process, std::uint16_t guest);

  /// Carries out the gateway's requests until it leaves. A thread of its own, which is that of [control] functions.
  void run();
  void on_frame(std::size_t channel, const Frame& frame);

  static Runtime& of(const tr_host* host) noexcept { return *static_cast<Runtime*>(host->impl); }
  void send(const Call& call, std::string frame) {
    set_guest(frame, guest_);
    process_.send(call.channel, std::move(frame));
  }
  std::string ask(std::string frame) {
    set_guest(frame, guest_);
    return process_.ask(std::move(frame));
  }
  void note_misuse(std::string_view function, std::string_view what);
  /// Inside a catch block: `function` threw while it ran for `call`, which fails unless it has completed.
  void note_thrown(const std::shared_ptr<Call>& call, std::string_view function);

  /// Null: it has completed, or never was. 0 is the plugin itself.
  std::shared_ptr<Call> find(tr_call id);
  /// Call 0.
  Call& self() noexcept { return *self_; }
  /// For what is delivered in any case: call 0 in place of one that has ended.
  std::shared_ptr<Call> find_or_self(tr_call id);
  std::shared_ptr<Operation> find(tr_op id, std::string_view function);
  /// complete() came; null when it had come before.
  std::shared_ptr<Call> close(tr_call id);

  /// A turn of the call's strand, by one of the threads.
  void run_strand(const std::shared_ptr<Call>& call);
  /// Has the entry run for the call, after those that wait.
  void push(const std::shared_ptr<Call>& call, Entry entry);
  /// Beside the entries of the call, which only what it throws concerns.
  void post_blocking(const std::shared_ptr<Call>& call, Entry task);
  /// Runs the call's entries in this thread until `operation` is over. False when this is not invoke() of a blocking
  /// skill, or the operation is another call's.
  bool wait_for(tr_call id, tr_op operation);
  /// Gives the buffers back to the plugin, later.
  void release_later(std::vector<tr_buffer> buffers);

  /// Makes an operation; `frame` has its arguments after `begin_operation`. Its done() comes in any case.
  std::shared_ptr<Operation> make_operation(tr_call id, tr_done done, void* user);
  FrameWriter begin_operation(const Operation& operation, OperationKind kind, tr_call id) const;
  tr_op send_operation(const std::shared_ptr<Operation>& operation, FrameWriter frame);
  /// Takes the body of the result that is being delivered.
  static bool keep(const tr_result* result, tr_buffer* body);
  /// Goes on with what the sink left.
  void resume(const std::shared_ptr<Operation>& operation);

  std::uint32_t log_level() const noexcept { return log_level_.load(std::memory_order_relaxed); }

 private:
  class Task;
  static const void* get_service(const tr_host* host, const char* id) noexcept;
  static void explain(const tr_host* host, tr_str why) noexcept;

  void on_invoke(std::size_t channel, const Frame& frame);
  void on_cancel(tr_call id);
  void on_operation_frame(const Frame& frame);
  void schedule(const std::shared_ptr<Call>& call);
  /// Runs `what`, which may enter the plugin, for the call.
  template <typename What>
  void enter(const std::shared_ptr<Call>& call, const What& what, std::string_view function);
  void give(const std::shared_ptr<Operation>& operation);
  std::int32_t give_piece(Operation& operation, const std::string& payload, bool is_head);
  void finish(const std::shared_ptr<Operation>& operation);

  // [control]
  struct Request {
    FrameType type = FrameType::kStop;
    std::uint64_t id = 0;
    std::string payload;
  };
  void carry_out(const Request& request);
  void load(const Request& request);
  void create(const Request& request);
  void start(const Request& request);
  void save(const Request& request);
  void destroy();
  void leave(const Request& request);
  void load_state(const Request& request);
  const tr_state_ext* state_extension();
  FrameWriter reply(const Request& request, tr_status status, std::string_view explanation = {});
  void answer(FrameWriter writer) { process_.send(0, std::move(writer).take(guest_)); }
  std::string take_explanation(std::string otherwise);

  Process& process_;
  const std::uint16_t guest_;
  Tally tally_;
  std::string label_;
  tr_host host_;
  void* library_ = nullptr;
  const tr_entry* entry_ = nullptr;
  const tr_plugin* plugin_ = nullptr;
  // Of the [control] thread.
  bool is_destroyed_ = false;
  bool may_be_inside_ = false;  ///< destroy() has not returned as it should: threads of the plugin may be left.
  std::uint32_t services_ = 0;
  std::atomic<std::uint32_t> log_level_{0};
  const std::shared_ptr<Call> self_;
  std::atomic<tr_op> last_operation_{0};

  std::mutex mutex_;
  boost::unordered_flat_map<tr_call, std::shared_ptr<Call>> calls_;
  boost::unordered_flat_map<tr_op, std::shared_ptr<Operation>> operations_;

  std::mutex control_mutex_;
  std::condition_variable has_request_;
  std::deque<Request> requests_;
  std::string explanation_;  // Guarded by control_mutex_.
};

// The tables, one a service; a file each.
const tr_call_api& call_table() noexcept;
const tr_log_api& log_table() noexcept;
const tr_catalog_api& catalog_table() noexcept;
const tr_clock_api& clock_table() noexcept;
const tr_executor_api& executor_table() noexcept;
const tr_http_api& http_table() noexcept;
const tr_tools_api& tools_table() noexcept;
const tr_ask_api& ask_table() noexcept;
const tr_once_api& once_table() noexcept;
const tr_assets_api& assets_table() noexcept;
const void* knowledge_table() noexcept;

}  // namespace toolrack::worker
