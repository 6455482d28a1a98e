#include "transports/rest/asset_download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <charconv>
#include <memory>
#include <utility>

#include "base/encoding.hpp"
#include "base/loop.hpp"
#include "transports/net/error_body.hpp"

namespace toolrack::rest {
namespace {

using services::assets::Asset;
using services::assets::AssetStore;

/// What is read ahead of the peer; beside it the connection holds at most Limits::stream_buffer_bytes.
constexpr std::size_t kPiece = 128 << 10;
/// A page that shows the file may run nothing and load nothing, as in a frame of no origin.
constexpr std::string_view kPolicy = "sandbox; default-src 'none'";

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// Keeps itself alive while pieces travel.
class Transfer final : public std::enable_shared_from_this<Transfer> {
 public:
  Transfer(net::Exchange& exchange, base::Pool& pool, std::unique_ptr<AssetStore::Reader> reader, ByteRange range)
      : exchange_(exchange),
        pool_(pool),
        loop_(exchange.loop()),
        reader_(std::move(reader)),
        at_(range.first),
        end_(range.first + range.size) {}

  void next() {
    if (at_ == end_) return exchange_.end();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end_ - at_));
    const auto posted = pool_.post([self = shared_from_this(), size] {
      auto bytes = self->reader_->read(self->at_, size);
      boost::asio::post(self->loop_.context(), [self, bytes = std::move(bytes)]() mutable {
        // Nothing but cutting the peer off tells it that the rest is missing.
        if (!bytes || bytes->empty()) return self->exchange_.end();
        self->piece_ = *std::move(bytes);
        self->give();
      });
    });
    if (!posted) exchange_.end();
  }

 private:
  void give() {
    switch (exchange_.write(piece_)) {
      case net::Written::kTaken:
        at_ += piece_.size();
        return next();
      case net::Written::kFull:
        return exchange_.on_writable([self = shared_from_this()] { self->give(); });
      case net::Written::kClosed:
        return exchange_.end();
    }
  }

  net::Exchange& exchange_;
  base::Pool& pool_;
  base::Loop& loop_;
  std::unique_ptr<AssetStore::Reader> reader_;
  std::uint64_t at_;
  const std::uint64_t end_;
  std::string piece_;
};

std::string disposition(const Asset& asset) {
  std::string text = is_safe_to_show(asset.media_type) ? "inline" : "attachment";
  if (asset.name.empty()) return text;
  return text.append("; filename*=UTF-8''").append(base::percent_encode(asset.name));
}

/// A file, and one of the two ways to its bytes.
struct Found {
  Asset asset;
  std::optional<std::string> link;
  std::unique_ptr<AssetStore::Reader> reader;
};

void serve(net::Exchange& exchange, base::Pool& pool, Found found) {
  const auto& asset = found.asset;
  const auto& request = exchange.request();
  const auto etag = fmt::format("\"{}\"", asset.sha256);
  const auto shown = disposition(asset);
  std::array<net::HeaderField, 6> fields{{{"ETag", etag},
                                          {"Accept-Ranges", "bytes"},
                                          {"Content-Disposition", shown},
                                          {"Content-Security-Policy", kPolicy},
                                          {"Cache-Control", "private, max-age=3600"},
                                          {}}};
  const auto some = std::span(fields).first(5);
  if (names_etag(request.headers.get(net::HeaderName::kIfNoneMatch), etag)) return exchange.respond(304, {}, {}, some);

  if (found.link) return exchange.respond(307, {}, {}, {{"Location", *found.link}, {"Cache-Control", "no-store"}});
  const auto* header = request.headers.find("Range");
  const auto* condition = request.headers.find("If-Range");
  std::optional<ByteRange> range;
  if (request.method == net::Method::kGet && header != nullptr && (condition == nullptr || condition->value == etag))
    range = parse_range(header->value, asset.bytes);
  if (!range) {
    exchange.begin_sized(200, asset.media_type, asset.bytes, some);
    range = ByteRange{0, request.method == net::Method::kHead ? 0 : asset.bytes};
  } else if (range->size == 0) {
    const auto whole = fmt::format("bytes */{}", asset.bytes);
    fields[5] = {"Content-Range", whole};
    return exchange.respond(416, {}, {}, std::span<const net::HeaderField>(fields));
  } else {
    const auto part = fmt::format("bytes {}-{}/{}", range->first, range->first + range->size - 1, asset.bytes);
    fields[5] = {"Content-Range", part};
    exchange.begin_sized(206, asset.media_type, range->size, fields);
  }
  std::make_shared<Transfer>(exchange, pool, std::move(found.reader), *range)->next();
}

}  // namespace

std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t bytes) {
  static constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  const auto spec = trim(header.substr(kUnit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return std::nullopt;
  const auto from = spec.substr(0, dash), to = spec.substr(dash + 1);
  if (from.empty()) {
    const auto last = number(to);
    if (!last) return std::nullopt;
    const auto size = std::min(*last, bytes);
    return ByteRange{bytes - size, size};
  }
  const auto first = number(from);
  const auto last = to.empty() ? std::optional<std::uint64_t>(bytes) : number(to);
  if (!first || !last || (!to.empty() && *last < *first)) return std::nullopt;
  if (*first >= bytes) return ByteRange{0, 0};
  return ByteRange{*first, std::min(*last, bytes - 1) - *first + 1};
}

bool names_etag(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const auto comma = std::min(header.find(','), header.size());
    auto one = trim(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

bool is_safe_to_show(std::string_view media_type) {
  const auto type = trim(media_type.substr(0, media_type.find(';')));
  if (type.starts_with("audio/") || type.starts_with("video/")) return true;
  static constexpr std::array<std::string_view, 6> kSafe{"image/png",  "image/jpeg", "image/gif",
                                                         "image/webp", "image/avif", "text/plain"};
  return std::ranges::count(kSafe, type) > 0;
}

void download(net::Exchange& exchange, services::assets::Assets& assets, base::Pool& pool, std::string account,
              std::string id) {
  const auto find = [&assets, account = std::move(account), id = std::move(id)]() -> base::Result<Found> {
    Found found{.asset = account.empty() ? TRY(assets.find_any(id)) : TRY(assets.find(account, id)),
                .link = std::nullopt,
                .reader = nullptr};
    found.link = assets.link(found.asset, disposition(found.asset));
    if (!found.link) found.reader = TRY(assets.open(found.asset));
    return found;
  };
  const auto posted = pool.post([&exchange, &pool, &loop = exchange.loop(), find] {
    boost::asio::post(loop.context(), [&exchange, &pool, found = find()]() mutable {
      if (!found) return net::respond_error(exchange, found.error());
      serve(exchange, pool, *std::move(found));
    });
  });
  if (!posted) net::respond_error(exchange, {base::ErrorCode::kUnavailable, "the gateway is stopping"});
}

}  // namespace toolrack::rest
