/// The bytes of a reply with whoever keeps them alive until they were sent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/lent_bytes.hpp"

namespace toolrack::net {

/// Move-only. Nothing is copied: what was sent at once costs no allocation beyond the caller's own.
class ReplyBody {
 public:
  ReplyBody() = default;
  ReplyBody(std::string text) : owner_(std::move(text)) {}                             // NOLINT: meant to convert.
  ReplyBody(base::LentBytes bytes) : owner_(std::move(bytes)) {}                       // NOLINT
  ReplyBody(std::shared_ptr<const std::string> cached) : owner_(std::move(cached)) {}  // NOLINT
  /// Bytes that live until `respond` has returned: what the peer does not take at once is copied.
  static ReplyBody borrowed(std::string_view bytes) {
    ReplyBody body;
    body.owner_ = bytes;
    return body;
  }

  std::string_view view() const noexcept {
    switch (owner_.index()) {
      case 0:
        return *std::get_if<0>(&owner_);
      case 1:
        return *std::get_if<1>(&owner_);
      case 2:
        return std::get_if<2>(&owner_)->view();
      default:
        break;
    }
    const auto& cached = *std::get_if<3>(&owner_);
    return cached ? std::string_view(*cached) : std::string_view();
  }

  /// Makes borrowed bytes its own, without the first `sent` of them; nothing happens to owned ones. Returns how many
  /// were left out.
  std::size_t keep(std::size_t sent) {
    const auto* bytes = std::get_if<0>(&owner_);
    if (bytes == nullptr) return 0;
    owner_ = std::string(bytes->substr(sent));
    return sent;
  }

 private:
  std::variant<std::string_view, std::string, base::LentBytes, std::shared_ptr<const std::string>> owner_;
};

}  // namespace toolrack::net
