#include "transports/rest/asset_upload.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/loop.hpp"

namespace toolrack::rest {
namespace {

/// Bytes that may wait for the disk before the peer has to.
constexpr std::size_t kWaiting = 256 << 10;

}  // namespace

AssetUpload::AssetUpload(services::assets::Assets& assets, base::Pool& pool, net::BodySource& source, What what)
    : assets_(assets), pool_(pool), loop_(source.loop()), what_(std::move(what)), source_(&source) {}

net::BodySink::Next AssetUpload::take(std::string_view bytes) {
  if (failure_) return Next::kStop;
  is_empty_ = false;
  waiting_ += bytes;
  if (!is_working_) work();
  is_held_ = waiting_.size() >= kWaiting;
  return is_held_ ? Next::kHold : Next::kMore;
}

base::Error AssetUpload::empty() {
  return {base::ErrorCode::kInvalidRequest, "the upload has no bytes", "Send the file as the body of the request."};
}

void AssetUpload::finish(Done done) {
  done_ = std::move(done);
  if (is_working_) return;
  if (is_empty_) failure_ = empty();
  if (failure_) return std::exchange(done_, nullptr)(tl::unexpected(*failure_));
  work();
}

/// One task at a time: it takes what waits, and closes the asset when nothing does and no more comes.
void AssetUpload::work() {
  is_working_ = true;
  auto task = [self = shared_from_this(), bytes = std::exchange(waiting_, {})] {
    auto result = self->store(bytes);
    boost::asio::post(self->loop_.context(),
                      [self, result = std::move(result)]() mutable { self->stored(std::move(result)); });
  };
  if (pool_.post(std::move(task))) return;
  boost::asio::post(loop_.context(), [self = shared_from_this()] {
    self->stored(base::fail(base::ErrorCode::kUnavailable, "the gateway is stopping"));
  });
}

base::Result<void> AssetUpload::store(std::string_view bytes) {
  if (writer_ == nullptr)
    writer_ = TRY(assets_.create(
        {.account = what_.account, .name = what_.name, .media_type = what_.media_type, .max_bytes = what_.max_bytes}));
  return writer_->append(bytes);
}

void AssetUpload::stored(base::Result<void> result) {
  is_working_ = false;
  if (!result && !failure_) failure_ = std::move(result).error();
  if (failure_) {
    waiting_.clear();
  } else if (!waiting_.empty()) {
    work();
  }
  if (std::exchange(is_held_, false) && source_ != nullptr) source_->resume();
  if (!done_ || is_working_) return;
  if (failure_) return std::exchange(done_, nullptr)(tl::unexpected(*failure_));
  const auto posted = pool_.post([self = shared_from_this()] {
    auto asset = self->writer_->close();
    boost::asio::post(self->loop_.context(), [self, asset = std::move(asset)]() mutable {
      std::exchange(self->done_, nullptr)(std::move(asset));
    });
  });
  if (!posted) std::exchange(done_, nullptr)(base::fail(base::ErrorCode::kUnavailable, "the gateway is stopping"));
}

}  // namespace toolrack::rest
