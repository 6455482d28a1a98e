#include "sources/isolated/served_operation.hpp"

#include <toolrack/draft/knowledge.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sources/native/instance.hpp"
#include "sources/native/start_operation.hpp"
#include "worker/offered_services.hpp"
#include "worker/wire.hpp"

namespace toolrack::sources::isolated {
namespace {

using worker::FieldReader;
using worker::FrameType;
using worker::FrameWriter;
using worker::OperationKind;

/// Operations that a worker may have open at once: what it forgot it still pays for.
constexpr std::size_t kMostOperations = 65'536;
/// Bytes of a stream on their way to the plugin before the transfer is held.
constexpr std::uint64_t kStreamWindow = 256 << 10;

template <typename Table>
const Table* table_of(const tr_host* host, const char* id) {
  return static_cast<const Table*>(host->get_service(host, id));
}

}  // namespace

HostTables HostTables::of(const tr_host* host) {
  return {.host = host,
          .call = table_of<tr_call_api>(host, TR_SERVICE_CALL),
          .log = table_of<tr_log_api>(host, TR_SERVICE_LOG),
          .catalog = table_of<tr_catalog_api>(host, TR_SERVICE_CATALOG),
          .clock = table_of<tr_clock_api>(host, TR_SERVICE_CLOCK),
          .http = table_of<tr_http_api>(host, TR_SERVICE_HTTP),
          .tools = table_of<tr_tools_api>(host, TR_SERVICE_TOOLS),
          .ask = table_of<tr_ask_api>(host, TR_SERVICE_ASK),
          .once = table_of<tr_once_api>(host, TR_SERVICE_ONCE),
          .assets = table_of<tr_assets_api>(host, TR_SERVICE_ASSETS),
          .knowledge = host->get_service(host, TR_SERVICE_X_KNOWLEDGE)};
}

std::uint32_t HostTables::services() const noexcept {
  return (http != nullptr ? worker::kHasHttp : 0U) | (tools != nullptr ? worker::kHasTools : 0U) |
         (assets != nullptr ? worker::kHasAssets : 0U) | (knowledge != nullptr ? worker::kHasKnowledge : 0U);
}

/// One of them. Kept by the list until done().
class ServedOperation final {
 public:
  ServedOperation(std::shared_ptr<ServedOperations> all, std::uint64_t id, std::size_t channel)
      : all_(std::move(all)),
        id_(id),
        channel_(channel),
        sink_{sizeof(tr_http_sink), this, &ServedOperation::head, &ServedOperation::chunk} {}

  const tr_http_sink& sink() const noexcept { return sink_; }
  void set_handle(tr_op handle) {
    base::Lock lock(mutex_);
    handle_ = handle;
  }
  void cancel() {
    if (const auto handle = this->handle(); handle != 0) all_->tables_.call->cancel_op(all_->tables_.host, handle);
  }
  void resume() {
    {
      base::Lock lock(mutex_);
      is_paused_ = false;
    }
    if (const auto handle = this->handle(); handle != 0) all_->tables_.call->resume_op(all_->tables_.host, handle);
  }
  void stop() {
    {
      base::Lock lock(mutex_);
      is_stopped_ = true;
    }
    cancel();
  }
  void take(std::uint64_t bytes) {
    {
      base::Lock lock(mutex_);
      on_their_way_ -= std::min(on_their_way_, bytes);
      if (!is_paused_ || on_their_way_ > kStreamWindow / 2) return;
    }
    resume();
  }

  /// Nobody else will end it.
  void end_cancelled() {
    tr_result result{};
    result.struct_size = sizeof result;
    result.status = TR_CANCELLED;
    result.message = worker::to_abi("the plugin has been stopped");
    FrameWriter frame(FrameType::kDone, id_);
    worker::put_result(frame, result);
    all_->seat_->send(channel_, std::move(frame));
  }

  /// As tr_done.
  static void done(void* user, const tr_result* result) noexcept {
    auto& self = *static_cast<ServedOperation*>(user);
    const auto all = self.all_;
    const auto held = all->forget(self.id_);
    FrameWriter frame(FrameType::kDone, self.id_);
    worker::put_result(frame, *result);
    if (frame.is_too_long()) {
      frame = FrameWriter(FrameType::kDone, self.id_);
      tr_result refused{};
      refused.struct_size = sizeof refused;
      refused.status = TR_RESOURCE_EXHAUSTED;
      refused.flags = TR_RESULT_MAYBE_SENT;
      refused.code = worker::to_abi("body_too_large");
      refused.message = worker::to_abi("the result is larger than the 64 MiB that a worker process is given");
      refused.hint = worker::to_abi("Read it piece by piece, or let it become an asset.");
      worker::put_result(frame, refused);
    }
    all->seat_->send(self.channel_, std::move(frame));
  }

 private:
  tr_op handle() {
    base::Lock lock(mutex_);
    return handle_;
  }
  static std::int32_t head(void* user, const tr_result* result) noexcept {
    auto& self = *static_cast<ServedOperation*>(user);
    FrameWriter frame(FrameType::kHead, self.id_);
    worker::put_result(frame, *result);
    self.all_->seat_->send(self.channel_, std::move(frame));
    base::Lock lock(self.mutex_);
    return self.is_stopped_ ? TR_CHUNK_STOP : TR_CHUNK_MORE;
  }
  static std::int32_t chunk(void* user, tr_str bytes) noexcept {
    auto& self = *static_cast<ServedOperation*>(user);
    bool pauses = false;
    {
      base::Lock lock(self.mutex_);
      if (self.is_stopped_) return TR_CHUNK_STOP;
      self.on_their_way_ += bytes.size;
      pauses = self.is_paused_ = self.on_their_way_ > kStreamWindow;
    }
    FrameWriter frame(FrameType::kChunk, self.id_);
    frame.text(worker::view(bytes));
    self.all_->seat_->send(self.channel_, std::move(frame));
    return pauses ? TR_CHUNK_PAUSE : TR_CHUNK_MORE;
  }

  const std::shared_ptr<ServedOperations> all_;
  const std::uint64_t id_;
  const std::size_t channel_;
  const tr_http_sink sink_;

  base::Mutex mutex_;
  tr_op handle_ TR_GUARDED_BY(mutex_) = 0;
  std::uint64_t on_their_way_ TR_GUARDED_BY(mutex_) = 0;
  bool is_paused_ TR_GUARDED_BY(mutex_) = false;
  bool is_stopped_ TR_GUARDED_BY(mutex_) = false;
};

bool ServedOperations::begin(std::size_t channel, const worker::Frame& frame) {
  FieldReader in(frame.payload);
  const auto kind = in.u32();
  const tr_call call = in.u64();
  if (in.has_failed()) return false;
  auto operation = std::make_shared<ServedOperation>(shared_from_this(), frame.id, channel);
  {
    base::Lock lock(mutex_);
    if (operations_.size() >= kMostOperations || !operations_.emplace(frame.id, operation).second) return false;
  }
  const auto handle = ask(*operation, in, kind, call, operation.get());
  if (handle == 0) {  // Not asked: the frame was not whole, or of an unknown kind.
    forget(frame.id);
    return false;
  }
  operation->set_handle(handle);
  if (handle == native::kDeadOperation && is_host_done_with_us()) {
    if (const auto dead = forget(frame.id)) dead->end_cancelled();
  }
  return true;
}

/// No done() comes any more, not even for the plugin itself.
bool ServedOperations::is_host_done_with_us() const {
  auto& self_call = native::Instance::of(tables_.host).self_call();
  if (!self_call.try_add_activity()) return true;
  self_call.drop_activity();
  return false;
}

tr_op ServedOperations::ask(ServedOperation& operation, FieldReader& in, std::uint32_t kind, tr_call call, void* user) {
  const auto* const host = tables_.host;
  constexpr auto kDone = &ServedOperation::done;
  const auto text = [&] { return worker::to_abi(in.text()); };
  switch (static_cast<OperationKind>(kind)) {
    case OperationKind::kHttp: {
      worker::HttpRequestBox box;
      get_http_request(in, box);
      if (!in.is_whole() || tables_.http == nullptr) return 0;
      if (box.has_sink) box.request.sink = &operation.sink();
      return tables_.http->send(host, call, &box.request, kDone, user);
    }
    case OperationKind::kToolsCall: {
      tr_tool_request request{};
      request.struct_size = std::min<std::uint64_t>(in.u64(), sizeof request);
      request.flags = in.u32();
      request.timeout_ms = in.u32();
      for (auto* field : {&request.skill, &request.args_json, &request.options_json, &request.idempotency_key})
        *field = text();
      if (!in.is_whole() || tables_.tools == nullptr) return 0;
      return tables_.tools->call(host, call, &request, kDone, user);
    }
    case OperationKind::kToolsList: {
      const auto pattern = text(), cursor = text();
      if (!in.is_whole() || tables_.tools == nullptr) return 0;
      return tables_.tools->list(host, call, pattern, cursor, kDone, user);
    }
    case OperationKind::kAssetsPut: {
      const auto name = text(), media_type = text();
      const auto pieces = worker::get_pieces(in);
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->put(host, call, name, media_type, pieces.data(), pieces.size(), kDone, user);
    }
    case OperationKind::kAssetsOpen: {
      const auto name = text(), media_type = text();
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->open(host, call, name, media_type, kDone, user);
    }
    case OperationKind::kAssetsAppend: {
      const auto writer = in.i64();
      const auto bytes = text();
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->append(host, call, writer, bytes, kDone, user);
    }
    case OperationKind::kAssetsClose: {
      const auto writer = in.i64();
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->close(host, call, writer, kDone, user);
    }
    case OperationKind::kAssetsStat: {
      const auto id = text();
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->stat(host, call, id, kDone, user);
    }
    case OperationKind::kAssetsRead: {
      const auto id = text();
      const auto offset = in.u64(), size = in.u64();
      if (!in.is_whole() || tables_.assets == nullptr) return 0;
      return tables_.assets->read(host, call, id, offset, size, kDone, user);
    }
    case OperationKind::kKnowledgeSearch: {
      const auto query = text();
      const auto* table = static_cast<const tr_x_knowledge_api*>(tables_.knowledge);
      if (!in.is_whole() || table == nullptr) return 0;
      return table->search(host, call, query, kDone, user);
    }
    case OperationKind::kClockAfter: {
      const auto delay_ns = in.i64();
      return in.is_whole() ? tables_.clock->after(host, call, delay_ns, kDone, user) : 0;
    }
    case OperationKind::kWritable:
      return in.is_whole() ? tables_.call->writable(host, call, kDone, user) : 0;
    case OperationKind::kAskQuestion: {
      tr_question question{};
      question.struct_size = std::min<std::uint64_t>(in.u64(), sizeof question);
      question.type = in.u32();
      question.flags = in.u32();
      for (auto* field : {&question.key, &question.message, &question.params_json, &question.url}) *field = text();
      return in.is_whole() ? tables_.ask->ask(host, call, &question, kDone, user) : 0;
    }
    case OperationKind::kOnceBegin: {
      const auto key = text();
      return in.is_whole() ? tables_.once->begin(host, call, key, kDone, user) : 0;
    }
    case OperationKind::kOnceEnd: {
      const auto key = text();
      const auto status = static_cast<tr_status>(in.i64());
      const auto value = text();
      return in.is_whole() ? tables_.once->end(host, call, key, status, value, kDone, user) : 0;
    }
    case OperationKind::kCheckpoint: {
      const auto state = text();
      return in.is_whole() ? tables_.call->checkpoint(host, call, state, kDone, user) : 0;
    }
  }
  return 0;
}

std::shared_ptr<ServedOperation> ServedOperations::find(std::uint64_t id) {
  base::Lock lock(mutex_);
  const auto found = operations_.find(id);
  return found == operations_.end() ? nullptr : found->second;
}

std::shared_ptr<ServedOperation> ServedOperations::forget(std::uint64_t id) {
  base::Lock lock(mutex_);
  auto found = operations_.extract(id);
  return found.empty() ? nullptr : std::move(found.mapped());
}

bool ServedOperations::is_empty() {
  base::Lock lock(mutex_);
  return operations_.empty();
}

void ServedOperations::forget_all() {
  std::unordered_map<std::uint64_t, std::shared_ptr<ServedOperation>> all;
  base::Lock lock(mutex_);
  all.swap(operations_);
}

// What has just ended may still be spoken of: the frames crossed.
bool ServedOperations::cancel(std::uint64_t id) {
  if (const auto operation = find(id)) operation->cancel();
  return true;
}

bool ServedOperations::resume(std::uint64_t id) {
  if (const auto operation = find(id)) operation->resume();
  return true;
}

bool ServedOperations::stop(std::uint64_t id) {
  if (const auto operation = find(id)) operation->stop();
  return true;
}

bool ServedOperations::take(std::uint64_t id, std::uint64_t bytes) {
  if (const auto operation = find(id)) operation->take(bytes);
  return true;
}

void ServedOperations::cancel_all() {
  std::vector<std::shared_ptr<ServedOperation>> all;
  {
    base::Lock lock(mutex_);
    for (const auto& [id, operation] : operations_) all.push_back(operation);
  }
  for (const auto& operation : all) operation->stop();
}

}  // namespace toolrack::sources::isolated
