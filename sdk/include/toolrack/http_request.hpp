/// An HTTP request that the host sends for a skill, within the tool's grants.
#pragma once

#include <toolrack/view.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace toolrack {

/// A value; build it as a named variable (never inside co_await) and hand it to Call::http().
class HttpRequest {
 public:
  /// `url`: absolute, or a path ("/v1/models") below the base URL of the provider or of the call's backend.
  HttpRequest(std::string method, std::string url) : method_(std::move(method)), url_(std::move(url)) {}

  HttpRequest& header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  /// Appends `name=value` to the query, percent-encoded.
  HttpRequest& query(std::string_view name, std::string_view value) {
    url_ += url_.find('?') == std::string::npos ? '?' : '&';
    url_ += percent_encode(name) + '=' + percent_encode(value);
    return *this;
  }
  /// Appends a piece to the body.
  HttpRequest& body(std::string bytes) {
    pieces_.emplace_back(std::move(bytes));
    return *this;
  }
  /// Appends a piece that stays where it is; it must live until Call::http() has returned its Op.
  HttpRequest& body_borrowed(std::string_view bytes) {
    pieces_.emplace_back(bytes, false);
    return *this;
  }
  /// Appends the bytes of an asset; they never pass through the plugin.
  HttpRequest& body_asset(std::string_view id) {
    pieces_.emplace_back(id, true);
    return *this;
  }
  /// A JSON body with its content type.
  HttpRequest& json(std::string document) {
    return header("content-type", "application/json").body(std::move(document));
  }
  /// The manifest's provider whose base URL and credential apply; default: the call's backend.
  HttpRequest& provider(std::string slug) {
    provider_ = std::move(slug);
    return *this;
  }
  /// Another credential than the provider's own. The host adds it; its secret never comes here.
  HttpRequest& credential(std::string handle) {
    credential_ = std::move(handle);
    return *this;
  }
  HttpRequest& no_credential() { return credential("-"); }
  HttpRequest& timeout(std::chrono::milliseconds time) {
    timeout_ms_ = static_cast<std::uint32_t>(time.count());
    return *this;
  }
  /// The reply's body ends there (TR_RESULT_CUT); default: the host's limit.
  HttpRequest& max_bytes(std::uint64_t size) {
    max_bytes_ = size;
    return *this;
  }
  /// Doing it twice does no harm, whatever the method says: the host may retry.
  HttpRequest& idempotent() { return flag(TR_HTTP_IDEMPOTENT); }
  HttpRequest& no_retry() { return flag(TR_HTTP_NO_RETRY); }
  HttpRequest& no_redirect() { return flag(TR_HTTP_NO_REDIRECT); }
  /// A 2xx body becomes an asset and the reply's body describes it; name and type default to what the reply says.
  HttpRequest& to_asset(std::string name = {}, std::string media_type = {}) {
    asset_name_ = std::move(name);
    asset_type_ = std::move(media_type);
    return flag(TR_HTTP_TO_ASSET);
  }

  const std::string& method() const noexcept { return method_; }
  const std::string& url() const noexcept { return url_; }

  bool is_repeatable() const noexcept {
    return (flags_ & TR_HTTP_IDEMPOTENT) != 0 || method_ == "GET" || method_ == "HEAD" || method_ == "OPTIONS" ||
           method_ == "PUT" || method_ == "DELETE";
  }

  /// \cond Calls `use(tr_http_request&)`, to which everything is lent.
  template <class Use>
  auto to_c(Use use) const {
    std::vector<tr_field> headers;
    headers.reserve(headers_.size());
    for (const auto& [name, value] : headers_) headers.push_back(tr_field{lend(name), lend(value)});
    std::vector<tr_piece> pieces;
    pieces.reserve(pieces_.size());
    for (const Piece& piece : pieces_) pieces.push_back(piece.to_c());
    tr_http_request request{};
    request.struct_size = sizeof(request);
    request.flags = flags_;
    request.timeout_ms = timeout_ms_;
    request.max_bytes = max_bytes_;
    request.method = lend(method_);
    request.url = lend(url_);
    request.headers = headers.data();
    request.header_count = headers.size();
    request.body = pieces.data();
    request.body_count = pieces.size();
    request.provider = lend(provider_);
    request.credential = lend(credential_);
    request.asset_name = lend(asset_name_);
    request.asset_type = lend(asset_type_);
    return use(request);
  }
  /// \endcond

  /// RFC 3986: everything but letters, digits and `-._~` becomes %XX.
  static std::string percent_encode(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
          c == '_' || c == '~') {
        out += c;
      } else {
        out.append(1, '%').append(1, kHex[(c >> 4) & 15]).append(1, kHex[c & 15]);
      }
    }
    return out;
  }

 private:
  class Piece {
   public:
    explicit Piece(std::string bytes) : own_(std::move(bytes)), kind_(Kind::kOwn) {}
    Piece(std::string_view text, bool is_asset) : kind_(is_asset ? Kind::kAsset : Kind::kBorrowed) {
      if (is_asset) own_ = text;
      if (!is_asset) borrowed_ = text;
    }
    tr_piece to_c() const noexcept {
      switch (kind_) {
        case Kind::kAsset:
          return {tr_str{}, lend(own_)};
        case Kind::kBorrowed:
          return {lend(borrowed_), tr_str{}};
        case Kind::kOwn:
          break;
      }
      return {lend(own_), tr_str{}};
    }

   private:
    enum class Kind : std::uint8_t { kOwn, kBorrowed, kAsset };
    std::string own_;
    std::string_view borrowed_;
    Kind kind_;
  };

  HttpRequest& flag(std::uint32_t flag) {
    flags_ |= flag;
    return *this;
  }

  std::string method_, url_, provider_, credential_, asset_name_, asset_type_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<Piece> pieces_;
  std::uint32_t flags_ = 0;
  std::uint32_t timeout_ms_ = 0;
  std::uint64_t max_bytes_ = 0;
};

}  // namespace toolrack
