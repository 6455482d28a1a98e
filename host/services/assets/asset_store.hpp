/// Where the bytes of assets lie: a directory, or a bucket of an S3 server.
///
/// It knows ids and bytes and nothing of accounts, quotas or expiry (assets.hpp). Threads: every function from any
/// thread, and every one may block on a disk or a network: never on a loop. Readers and writers are used by one thread
/// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::services::assets {

class AssetStore {
 public:
  /// Bytes on their way in. Destroyed before `commit`: nothing of them is left.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual base::Result<void> append(std::string_view bytes) = 0;
    /// They are there for good under the id, all or none, also after a power cut. At most once.
    virtual base::Result<void> commit() = 0;
  };
  /// Keeps its bytes readable although the asset is removed meanwhile.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// Up to `size` bytes at `offset`; fewer, or none, only at the end.
    virtual base::Result<std::string> read(std::uint64_t offset, std::size_t size) = 0;
  };

  virtual ~AssetStore() = default;
  /// `id` is an asset id that was never used.
  virtual base::Result<std::unique_ptr<Writer>> write(std::string_view id, std::string_view media_type) = 0;
  /// kStoreFailed when the bytes are not there.
  virtual base::Result<std::unique_ptr<Reader>> open(std::string_view id) = 0;
  /// No error when there is nothing.
  virtual base::Result<void> remove(std::string_view id) = 0;
  /// At start, before anything is written: drops what writers left behind when the process was killed, and every id
  /// that `is_known` denies. Returns how many ids were dropped.
  virtual base::Result<std::size_t> recover(const std::function<base::Result<bool>(std::string_view id)>& is_known) = 0;

  /// What an answer with the bytes says of them.
  struct Shown {
    std::string_view media_type, disposition;
  };
  /// Where a caller who may have the bytes can fetch them without the gateway, for a moment; null: nowhere. The only
  /// function that waits for nothing.
  virtual std::optional<std::string> link(std::string_view /*id*/, const Shown& /*shown*/) const {
    return std::nullopt;
  }
};

}  // namespace toolrack::services::assets
