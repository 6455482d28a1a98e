#include "services/assets/s3/s3_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "services/assets/asset.hpp"

namespace toolrack::services::assets::s3 {
namespace {

using base::ErrorCode;

constexpr std::string_view kOwner = "toolrack-rack";
/// The least that a server takes as a part that is not the last.
constexpr std::size_t kPartBytes = 5 << 20;
/// What a reader asks for at once, because each question is a journey.
constexpr std::size_t kReadAhead = 1 << 20;
/// Of a link that a caller is sent on to; it follows at once.
constexpr std::int64_t kLinkSeconds = 60;

class ObjectWriter final : public AssetStore::Writer {
 public:
  ObjectWriter(S3Client& client, std::string_view id, std::string_view media_type)
      : client_(client), id_(id), media_type_(media_type) {}
  ~ObjectWriter() override {
    // What the server keeps of it otherwise is dropped by `recover`.
    if (!upload_.empty() && !is_committed_) static_cast<void>(client_.abort_upload(id_, upload_));
  }

  base::Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (part_.size() == kPartBytes) TRY(send_part());
      const auto some = bytes.substr(0, kPartBytes - part_.size());
      part_ += some;
      bytes.remove_prefix(some.size());
    }
    return {};
  }

  base::Result<void> commit() override {
    if (upload_.empty()) {
      TRY(client_.put(id_, media_type_, std::move(part_)));
    } else {
      TRY(send_part());
      TRY(client_.complete_upload(id_, upload_, etags_));
    }
    is_committed_ = true;
    return {};
  }

 private:
  base::Result<void> send_part() {
    if (upload_.empty()) upload_ = TRY(client_.begin_upload(id_, media_type_));
    etags_.push_back(TRY(client_.put_part(id_, upload_, etags_.size() + 1, std::exchange(part_, {}))));
    return {};
  }

  S3Client& client_;
  const std::string id_, media_type_;
  std::string part_;
  std::string upload_;  ///< Empty: all of it is in `part_`.
  std::vector<std::string> etags_;
  bool is_committed_ = false;
};

class ObjectReader final : public AssetStore::Reader {
 public:
  ObjectReader(S3Client& client, std::string_view id, std::uint64_t bytes) : client_(client), id_(id), bytes_(bytes) {}

  base::Result<std::string> read(std::uint64_t offset, std::size_t size) override {
    if (offset >= bytes_) return std::string();
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, bytes_ - offset));
    if (offset < at_ || offset + size > at_ + ahead_.size()) {
      const auto wanted = std::min<std::uint64_t>(std::max(size, kReadAhead), bytes_ - offset);
      ahead_ = TRY(client_.get(id_, offset, static_cast<std::size_t>(wanted)));
      at_ = offset;
      if (ahead_.size() < size)
        return base::fail(ErrorCode::kStoreFailed, fmt::format("the object of asset {} ends too early", id_));
    }
    return ahead_.substr(static_cast<std::size_t>(offset - at_), size);
  }

 private:
  S3Client& client_;
  const std::string id_;
  const std::uint64_t bytes_;
  std::string ahead_;     ///< What was read last,
  std::uint64_t at_ = 0;  ///< and where it begins.
};

}  // namespace

base::Result<std::unique_ptr<S3Store>> S3Store::open_bucket(std::unique_ptr<S3Client> client, std::string_view rack) {
  const auto is_taken = TRY(client->size(kOwner));
  if (!is_taken) TRY(client->put(kOwner, "text/plain", std::string(rack)));
  // Read in any case: two that begin at once both write, and the last one has it.
  const auto owner = TRY(client->get(kOwner, 0, 200));
  if (owner != rack)
    return base::fail(
        ErrorCode::kInvalidConfig,
        fmt::format("the bucket {} belongs to another rack below the prefix {}",
                    base::json::quote(client->settings().bucket), base::json::quote(client->settings().prefix)),
        fmt::format("Choose another assets.s3.prefix. If the other rack is gone for good, delete the "
                    "object {}{} and what is beside it.",
                    client->settings().prefix, kOwner));
  return std::unique_ptr<S3Store>(new S3Store(std::move(client)));
}

base::Result<std::unique_ptr<AssetStore::Writer>> S3Store::write(std::string_view id, std::string_view media_type) {
  return std::make_unique<ObjectWriter>(*client_, id, media_type);
}

base::Result<std::unique_ptr<AssetStore::Reader>> S3Store::open(std::string_view id) {
  const auto bytes = TRY(client_->size(id));
  if (!bytes) return base::fail(ErrorCode::kStoreFailed, fmt::format("the object of asset {} is gone", id));
  return std::make_unique<ObjectReader>(*client_, id, *bytes);
}

base::Result<void> S3Store::remove(std::string_view id) { return client_->remove(id); }

base::Result<std::size_t> S3Store::recover(const std::function<base::Result<bool>(std::string_view id)>& is_known) {
  std::vector<std::string> doomed;
  std::string from;
  do {
    auto page = TRY(client_->list(from));
    for (auto& name : page.names)
      if (is_asset_id(name) && !TRY(is_known(name))) doomed.push_back(std::move(name));
    from = std::move(page.next);
  } while (!from.empty());
  for (const auto& name : doomed) TRY(client_->remove(name));
  for (const auto& upload : TRY(client_->uploads()))
    if (is_asset_id(upload.name)) TRY(client_->abort_upload(upload.name, upload.id));
  return doomed.size();
}

std::optional<std::string> S3Store::link(std::string_view id, const Shown& shown) const {
  if (!client_->settings().redirects) return std::nullopt;
  return client_->link(id,
                       {{"response-content-type", std::string(shown.media_type)},
                        {"response-content-disposition", std::string(shown.disposition)},
                        {"response-cache-control", "private, max-age=3600"}},
                       kLinkSeconds);
}

}  // namespace toolrack::services::assets::s3
