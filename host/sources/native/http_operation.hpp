/// One HTTP request of a plugin: on the loop it talks to the client, in frames of the call it talks to the plugin.
#pragma once

#include <toolrack/abi.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "services/upstream/client.hpp"
#include "sources/native/operation.hpp"

namespace toolrack::sources::native {

/// Body bytes that may wait for the plugin before the transfer is held.
inline constexpr std::size_t kSinkPauseBytes = 256 << 10;

/// What done() is told of an answer, its body aside.
OperationResult to_result(const services::http::Response& response);

/// Threads: `begin` any; what the client calls, `on_cancel` and `on_resume` on the call's loop; `give` in frames of the
/// call.
class HttpOperation final : public Operation, private services::http::Sink {
 public:
  /// `sink` may be null; else it is the plugin's, alive until done(). `is_repeatable`: sending it twice is as good as
  /// once.
  HttpOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, services::upstream::Client& client,
                services::upstream::Request request, bool is_repeatable, const tr_http_sink* sink)
      : Operation(call, map, done, user),
        client_(client),
        request_(std::move(request)),
        is_repeatable_(is_repeatable),
        sink_(sink),
        give_frame_(*this) {}

  void begin();
  /// Before `begin`.
  void set_body(std::string body) { request_.http.body = std::move(body); }

 private:
  /// Hands waiting pieces of the reply to the plugin.
  class GiveFrame final : public Frame {
   public:
    explicit GiveFrame(HttpOperation& operation) : operation_(operation) {}
    void run() noexcept override { operation_.give(); }

   private:
    HttpOperation& operation_;
  };

  void send();
  Next head(const services::http::Response& response) override;
  Next body(std::string_view bytes) override;
  void on_done(services::http::Outcome outcome);
  void on_cancel() override;
  void on_resume() override;
  void push_give() TR_REQUIRES(mutex_);
  void give();
  std::int32_t deliver_head(const OperationResult& head);
  void stop_early();
  void finish();

  services::upstream::Client& client_;

  // Of the loop's thread.
  services::upstream::Request request_;
  const bool is_repeatable_;
  services::http::RequestId id_ = 0;

  const tr_http_sink* const sink_;
  GiveFrame give_frame_;

  base::Mutex mutex_;
  std::optional<OperationResult> head_ TR_GUARDED_BY(mutex_);
  std::deque<std::string> pieces_ TR_GUARDED_BY(mutex_);
  std::int64_t status_ TR_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_bytes_ TR_GUARDED_BY(mutex_) = 0;
  std::optional<OperationResult> result_ TR_GUARDED_BY(mutex_);  // The client is done.
  bool is_giving_ TR_GUARDED_BY(mutex_) = false;                 // The frame waits or runs.
  bool is_held_ TR_GUARDED_BY(mutex_) = false;                   // The client waits for resume().
  bool is_paused_ TR_GUARDED_BY(mutex_) = false;                 // The plugin waits for resume_op().
  bool is_stopped_ TR_GUARDED_BY(mutex_) = false;                // The plugin wants no more.
};

}  // namespace toolrack::sources::native
