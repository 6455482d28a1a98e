/// A worker's side of one call: what the plugin was given, and the frames that wait for it.
#pragma once

#include <toolrack/abi.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "worker/runnable.hpp"
#include "worker/wire.hpp"

namespace toolrack::worker {

/// Something that enters the plugin.
using Entry = std::function<void()>;

/// The entries of one call, one after another. Whoever is told by `push` that nobody runs them has `run` called.
class Strand {
 public:
  /// By whoever made it, before anybody else knows it: held from now on.
  void hold() noexcept { is_held_ = true; }
  /// True when nobody held the strand.
  [[nodiscard]] bool push(Entry entry);
  /// The next one; empty: the strand is free again.
  Entry take();
  /// The next one, which is waited for, without giving the strand up.
  Entry wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> waiting_;  // Most calls have one; unlike a deque it costs nothing while it is empty.
  bool is_held_ = false;
};

class Runtime;

/// Kept by its entries and operations. Call 0 is the plugin itself.
struct Call final : Runnable, std::enable_shared_from_this<Call> {
  explicit Call(Runtime& owner) : runtime(owner) {}
  /// A turn of its strand.
  void run() override;

  Runtime& runtime;
  tr_call id = 0;
  std::size_t channel = 0;  ///< The socket on which its frames travel.
  std::string payload;      ///< What `box` points into.
  InvocationBox box;
  std::uint32_t blocking = 0;  ///< Of a blocking skill: one more than the depth of the call.
  bool is_invoked = false;     ///< Of whoever holds the strand: invoke() has been entered.
  Strand strand;
  std::atomic<bool> is_cancelled{false}, is_completed{false};
  std::atomic<bool> is_deaf{false};               ///< Nobody listens to emit() any more.
  std::atomic<std::size_t> unconfirmed_bytes{0};  ///< Emitted since writable() was last answered.
  std::mutex mutex;
  std::list<std::string> texts;  ///< Given to the plugin until complete().
  std::string scratch;
};

/// A host operation that the gateway carries out.
struct Operation {
  tr_op id = 0;
  std::shared_ptr<Call> call;
  tr_done done = nullptr;
  void* user = nullptr;
  const tr_http_sink* sink = nullptr;
  bool is_writable = false;  ///< Its end says that emit() may go on.
  std::atomic<bool> is_over{false};

  // Of the call's strand.
  std::deque<std::shared_ptr<std::string>> pieces;  ///< Chunks for the sink, as payloads.
  std::shared_ptr<std::string> result;              ///< Of kDone, when it has come.
  bool is_paused = false;                           ///< The sink waits for resume_op().
  bool is_stopped = false;                          ///< The sink wants no more.
  std::int64_t status = 0;                          ///< HTTP, from the head.
};

}  // namespace toolrack::worker
