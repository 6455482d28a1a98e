/// POST /v1/assets with the file itself as body: from the connection to the store, a piece at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/pool.hpp"
#include "services/assets/assets.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

/// Used on the connection's loop; the disk is written in the pool, one task at a time. Destroyed before it is finished,
/// it leaves nothing.
class AssetUpload final : public net::BodySink, public std::enable_shared_from_this<AssetUpload> {
 public:
  using Done = std::function<void(base::Result<services::assets::Asset>)>;
  struct What {
    std::string account, name, media_type;
    std::uint64_t max_bytes = 0;
  };
  /// All outlive it.
  AssetUpload(services::assets::Assets& assets, base::Pool& pool, net::BodySource& source, What what);

  Next take(std::string_view bytes) override;
  void detach() noexcept override { source_ = nullptr; }
  /// Most likely a mistake of the caller, so it is refused.
  static base::Error empty();
  /// After the last byte: `done` comes once, later and on the loop, when the asset is there or could not be made.
  void finish(Done done);

 private:
  void work();
  base::Result<void> store(std::string_view bytes);
  void stored(base::Result<void> result);

  services::assets::Assets& assets_;
  base::Pool& pool_;
  base::Loop& loop_;
  const What what_;

  // Of the loop.
  net::BodySource* source_;
  std::string waiting_;
  std::optional<base::Error> failure_;
  Done done_;
  bool is_empty_ = true;  // Nothing has come.
  bool is_working_ = false;
  bool is_held_ = false;

  // Of the task that runs, or of the loop when none does.
  std::unique_ptr<services::assets::AssetWriter> writer_;
};

}  // namespace toolrack::rest
