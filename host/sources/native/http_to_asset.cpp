#include "sources/native/http_to_asset.hpp"

#include <boost/asio/post.hpp>

#include <utility>

#include "sources/native/http_operation.hpp"
#include "sources/native/native_call.hpp"

namespace toolrack::sources::native {

namespace http = services::http;
using base::ErrorCode;

namespace {

/// The last part of the path, as it stands in the URL.
std::string name_of(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme = url.find("://");
  const auto slash = url.rfind('/');
  const bool has_path = slash != std::string_view::npos && (scheme == std::string_view::npos || slash > scheme + 2);
  return has_path ? std::string(url.substr(slash + 1)) : std::string();
}

std::string media_type_of(const http::Response& response) {
  for (const auto& header : response.headers)
    if (header.name == "content-type") return header.value;
  return {};
}

}  // namespace

HttpToAssetOperation::HttpToAssetOperation(NativeCall& call, OperationMap& map, tr_done done, void* user,
                                           services::upstream::Client& client, services::upstream::Request request,
                                           bool is_repeatable, std::shared_ptr<CallAssets> assets, std::string name,
                                           std::string media_type)
    : Operation(call, map, done, user),
      client_(client),
      assets_(std::move(assets)),
      request_(std::move(request)),
      is_repeatable_(is_repeatable),
      name_(std::move(name)),
      media_type_(std::move(media_type)) {}

void HttpToAssetOperation::begin() {
  if (call().loop().is_current()) return send();
  boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] { self->send(); });
}

void HttpToAssetOperation::send() {
  if (has_ended()) return;
  if (!is_repeatable_) call().note_act();
  id_ = client_.send(std::move(request_), this,
                     [self = boost::intrusive_ptr(this)](http::Outcome outcome) { self->on_done(std::move(outcome)); });
}

HttpToAssetOperation::Next HttpToAssetOperation::head(const http::Response& response) {
  if (response.status < 200 || response.status > 299) return Next::kMore;
  becomes_asset_ = true;
  if (name_.empty()) name_ = name_of(response.url);
  if (media_type_.empty()) media_type_ = media_type_of(response);
  post([this, name = name_, type = media_type_](CallAssets& assets) -> base::Result<void> {
    writer_ = TRY(assets.assets.create({.account = assets.account, .name = name, .media_type = type}));
    return {};
  });
  return Next::kMore;
}

HttpToAssetOperation::Next HttpToAssetOperation::body(std::string_view bytes) {
  if (!becomes_asset_) {
    refusal_.append(bytes);
    return Next::kMore;
  }
  if (has_fault_.load(std::memory_order_acquire)) return Next::kStop;
  waiting_bytes_.fetch_add(bytes.size());
  post([this, piece = std::string(bytes)](CallAssets&) { return writer_->append(piece); });
  boost::intrusive_ptr self(this);
  assets_->post([self, size = bytes.size()](CallAssets&) { self->note_written(size); });
  is_held_ = waiting_bytes_.load() > kSinkPauseBytes;
  return is_held_ ? Next::kPause : Next::kMore;
}

void HttpToAssetOperation::post(std::function<base::Result<void>(CallAssets&)> work) {
  assets_->post([self = boost::intrusive_ptr(this), work = std::move(work)](CallAssets& assets) {
    if (self->fault_) return;
    auto result = assets.is_over ? base::fail(ErrorCode::kCancelled, "the call has ended") : work(assets);
    if (result) return;
    self->fault_ = std::move(result).error();
    self->writer_.reset();
    self->has_fault_.store(true, std::memory_order_release);
  });
}

/// Whether it was written or dropped after a fault: the client goes on, and hears of the fault with its next piece.
void HttpToAssetOperation::note_written(std::size_t bytes) {
  constexpr auto kResumeBytes = kSinkPauseBytes / 2;
  const auto before = waiting_bytes_.fetch_sub(bytes);
  if (before <= kResumeBytes || before - bytes > kResumeBytes) return;
  boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] {
    if (std::exchange(self->is_held_, false)) self->client_.resume(self->id_);
  });
}

void HttpToAssetOperation::on_done(http::Outcome outcome) {
  if (!is_repeatable_ && !outcome && outcome.error().sent == http::Sent::kNo) call().withdraw_act();
  OperationResult result;
  if (outcome) {
    result = to_result(*outcome);
    if (!becomes_asset_) result.body = std::make_unique<std::string>(std::move(refusal_));
  } else {
    result = OperationResult::from(outcome.error().error);
    result.flags = outcome.error().sent == http::Sent::kNo ? TR_RESULT_NOT_SENT : TR_RESULT_MAYBE_SENT;
  }
  if (becomes_asset_) return close(std::move(result));
  end(std::move(result));
}

/// After the last piece: the asset is there, or nothing is.
void HttpToAssetOperation::close(OperationResult result) {
  auto shared = std::make_shared<OperationResult>(std::move(result));  // Tasks are copyable.
  const bool is_posted = assets_->post([self = boost::intrusive_ptr(this), shared](CallAssets& assets) {
    const auto writer = std::move(self->writer_);
    const auto fail_with = [&](const base::Error& error) {
      auto failed = OperationResult::from(error);
      failed.flags = TR_RESULT_MAYBE_SENT;
      self->end(std::move(failed));
    };
    if (self->fault_) return fail_with(*self->fault_);
    if (shared->status != TR_OK) return static_cast<void>(self->end(std::move(*shared)));
    if (assets.is_over) return fail_with({ErrorCode::kCancelled, "the call has ended"});
    const auto asset = writer->close();
    if (!asset) return fail_with(asset.error());
    shared->body = std::make_unique<std::string>(services::assets::describe(*asset));
    self->end(std::move(*shared));
  });
  if (!is_posted) end(OperationResult::from({ErrorCode::kUnavailable, "the gateway is stopping"}));
}

void HttpToAssetOperation::on_cancel() {
  if (id_ != 0) return client_.cancel(id_);  // Unless it was done already, on_done follows, and knows what was sent.
  auto result = OperationResult::cancelled("the request was cancelled");
  result.flags = TR_RESULT_NOT_SENT;
  end(std::move(result));
}

}  // namespace toolrack::sources::native
