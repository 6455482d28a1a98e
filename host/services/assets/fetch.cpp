#include "services/assets/fetch.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.hpp"

namespace toolrack::services::assets {
namespace {

using base::ErrorCode;

/// Bytes that may wait for the disk before the transfer is held.
constexpr std::size_t kWaiting = 256 << 10;
constexpr std::chrono::seconds kTimeout{60};

/// Hands bytes from the loop to the thread that writes them. Shared by both until the transfer is over.
class Pipe final : public http::Sink {
 public:
  Next head(const http::Response& response) override {
    base::Lock lock(mutex_);
    status_ = response.status;
    for (const auto& header : response.headers)
      if (header.name == "content-type") media_type_ = header.value;
    return status_ >= 200 && status_ < 300 && !is_stopped_ ? Next::kMore : Next::kStop;
  }
  Next body(std::string_view bytes) override {
    base::Lock lock(mutex_);
    if (is_stopped_) return Next::kStop;
    waiting_.append(bytes);
    changed_.notify_one();
    is_held_ = waiting_.size() > kWaiting;
    return is_held_ ? Next::kPause : Next::kMore;
  }
  void done(http::Outcome outcome) {
    base::Lock lock(mutex_);
    outcome_ = std::move(outcome);
    changed_.notify_one();
  }

  struct Taken {
    std::string bytes;
    std::optional<http::Outcome> outcome;
    std::string media_type;
    int status = 0;
    bool resumes = false;
  };
  /// Waits for bytes or the end.
  Taken take() {
    base::Lock lock(mutex_);
    while (waiting_.empty() && !outcome_) lock.wait(changed_);
    Taken taken{.bytes = std::exchange(waiting_, {}),
                .outcome = std::nullopt,
                .media_type = media_type_,
                .status = status_,
                .resumes = std::exchange(is_held_, false)};
    if (taken.bytes.empty()) taken.outcome = std::move(outcome_);
    return taken;
  }
  void stop() {
    base::Lock lock(mutex_);
    is_stopped_ = true;
  }

  http::RequestId id = 0;  // Of the loop's thread.

 private:
  base::Mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_ TR_GUARDED_BY(mutex_), media_type_ TR_GUARDED_BY(mutex_);
  std::optional<http::Outcome> outcome_ TR_GUARDED_BY(mutex_);
  int status_ TR_GUARDED_BY(mutex_) = 0;
  bool is_held_ TR_GUARDED_BY(mutex_) = false;
  bool is_stopped_ TR_GUARDED_BY(mutex_) = false;
};

}  // namespace

base::Result<Asset> fetch(Assets& assets, const Assets::New& what, std::string url, base::Loop& loop,
                          http::Client& client) {
  auto pipe = std::make_shared<Pipe>();
  http::Request request;
  request.url = url;
  request.timeout = kTimeout;
  // One byte more than may be kept, so that a file that is too long is seen to be.
  if (what.max_bytes != 0) request.max_bytes = what.max_bytes + 1;
  boost::asio::post(loop.context(), [pipe, &client, request = std::move(request)]() mutable {
    pipe->id =
        client.send(std::move(request), pipe.get(), [pipe](http::Outcome outcome) { pipe->done(std::move(outcome)); });
  });
  const auto tell = [&](auto action) {
    boost::asio::post(loop.context(), [pipe, &client, action] { action(client, pipe->id); });
  };

  std::unique_ptr<AssetWriter> writer;
  std::optional<base::Error> failure;
  for (;;) {
    auto taken = pipe->take();
    if (taken.outcome) {
      if (failure) return tl::unexpected(*std::move(failure));
      if (!*taken.outcome) return tl::unexpected(taken.outcome->error().error);
      if (taken.status < 200 || taken.status >= 300)
        return base::fail(ErrorCode::kProviderError, fmt::format("{} answered with status {}", url, taken.status),
                          "Give a URL that answers a GET with the file itself.");
    }
    if (writer == nullptr && !failure) {
      auto wanted = what;
      if (wanted.media_type.empty()) wanted.media_type = taken.media_type;
      auto made = assets.create(wanted);
      if (made)
        writer = *std::move(made);
      else
        failure = std::move(made).error();
    }
    if (taken.outcome) break;
    if (!failure)
      if (auto added = writer->append(taken.bytes); !added) failure = std::move(added).error();
    if (failure) {
      pipe->stop();
      tell([](http::Client& to, http::RequestId id) { to.cancel(id); });
    } else if (taken.resumes) {
      tell([](http::Client& to, http::RequestId id) { to.resume(id); });
    }
  }
  if (failure) return tl::unexpected(*std::move(failure));
  return writer->close();
}

}  // namespace toolrack::services::assets
