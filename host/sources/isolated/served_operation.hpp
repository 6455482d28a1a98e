/// Host operations that a worker asks for: each is asked of the host by the very tables that a plugin in this process
/// uses, and its end becomes a frame.
#pragma once

#include <toolrack/abi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/mutex.hpp"
#include "sources/isolated/seat.hpp"
#include "worker/frame.hpp"

namespace toolrack::sources::isolated {

/// The tables of one plugin's host; null: it is not offered that.
struct HostTables {
  const tr_host* host = nullptr;
  const tr_call_api* call = nullptr;
  const tr_log_api* log = nullptr;
  const tr_catalog_api* catalog = nullptr;
  const tr_clock_api* clock = nullptr;
  const tr_http_api* http = nullptr;
  const tr_tools_api* tools = nullptr;
  const tr_ask_api* ask = nullptr;
  const tr_once_api* once = nullptr;
  const tr_assets_api* assets = nullptr;
  const void* knowledge = nullptr;

  static HostTables of(const tr_host* host);
  /// As bits for the worker.
  std::uint32_t services() const noexcept;
};

class ServedOperation;

/// The operations of one plugin in one worker process. Owner: the plugin, until no done() can come any more.
/// Threads: any.
class ServedOperations final : public std::enable_shared_from_this<ServedOperations> {
 public:
  ServedOperations(const HostTables& tables, std::shared_ptr<Seat> seat) : tables_(tables), seat_(std::move(seat)) {}

  /// False when the frame is not what a worker may send.
  bool begin(std::size_t channel, const worker::Frame& frame);
  bool cancel(std::uint64_t id);
  bool resume(std::uint64_t id);
  /// The plugin's sink wants no more.
  bool stop(std::uint64_t id);
  /// The plugin has taken so many bytes of a stream.
  bool take(std::uint64_t id, std::uint64_t bytes);
  /// The process is gone: nobody waits for them any more.
  void cancel_all();
  bool is_empty();
  /// After the plugin's destroy(), when no done() comes any more: what is left would keep us for ever.
  void forget_all();

 private:
  friend class ServedOperation;
  bool is_host_done_with_us() const;
  std::shared_ptr<ServedOperation> find(std::uint64_t id);
  std::shared_ptr<ServedOperation> forget(std::uint64_t id);
  tr_op ask(ServedOperation& operation, worker::FieldReader& in, std::uint32_t kind, tr_call call, void* user);

  const HostTables tables_;
  const std::shared_ptr<Seat> seat_;

  base::Mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<ServedOperation>> operations_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::isolated
