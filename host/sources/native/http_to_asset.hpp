/// One HTTP request of a plugin whose 2xx body becomes an asset: its bytes go from the socket to the disk, piece by
/// piece, and never to the plugin. Any other answer is handed over as it is.
#pragma once

#include <toolrack/abi.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "services/upstream/client.hpp"
#include "sources/native/call_assets.hpp"
#include "sources/native/operation.hpp"

namespace toolrack::sources::native {

/// Threads: `begin` any; what the client calls and `on_cancel` on the call's loop; the writer in tasks of `assets`,
/// which run one after another.
class HttpToAssetOperation final : public Operation, private services::http::Sink {
 public:
  /// Empty `name` and `media_type`: what the answer says.
  HttpToAssetOperation(NativeCall& call, OperationMap& map, tr_done done, void* user,
                       services::upstream::Client& client, services::upstream::Request request, bool is_repeatable,
                       std::shared_ptr<CallAssets> assets, std::string name, std::string media_type);
  void begin();
  /// Before `begin`.
  void set_body(std::string body) { request_.http.body = std::move(body); }

 private:
  void send();
  Next head(const services::http::Response& response) override;
  Next body(std::string_view bytes) override;
  void on_done(services::http::Outcome outcome);
  void on_cancel() override;

  /// Runs `work` in the pool after what was posted before; nothing once there was a fault.
  void post(std::function<base::Result<void>(CallAssets&)> work);
  void note_written(std::size_t bytes);
  void close(OperationResult result);

  services::upstream::Client& client_;
  const std::shared_ptr<CallAssets> assets_;

  // Of the loop's thread.
  services::upstream::Request request_;
  const bool is_repeatable_;
  services::http::RequestId id_ = 0;
  std::string name_, media_type_;
  std::string refusal_;  // The body of an answer that becomes no asset.
  bool becomes_asset_ = false;
  bool is_held_ = false;  // The client waits for resume().

  std::atomic<std::size_t> waiting_bytes_{0};  // For the disk.
  std::atomic<bool> has_fault_{false};

  // Of the tasks.
  std::unique_ptr<services::assets::AssetWriter> writer_;
  std::optional<base::Error> fault_;
};

}  // namespace toolrack::sources::native
