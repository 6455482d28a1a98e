/// Bytes as text and back, and digests. Libraries do the work: libsodium, OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::base {

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);     ///< Standard alphabet, padded.
std::string to_base64url(std::string_view bytes);  ///< URL alphabet, no padding.
/// Strict: foreign characters, wrong or missing padding are refused with kInvalidRequest.
Result<std::string> from_base64(std::string_view text);
Result<std::string> from_base64url(std::string_view text);

using Sha256 = std::array<unsigned char, 32>;
Sha256 sha256(std::string_view bytes) noexcept;
/// HMAC-SHA256: 32 bytes, raw.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
inline std::string_view as_bytes(const Sha256& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Recognizes a text that was seen before without keeping it: a 128-bit keyed hash (SipHash) under a key of its own, at
/// a tenth of a digest's price. Without the key nobody finds a second text with the same tag; tags mean nothing
/// elsewhere.
class Tagger {
 public:
  using Tag = std::array<unsigned char, 16>;
  Tagger() noexcept;
  Tag tag(std::string_view text) const noexcept;

 private:
  std::array<unsigned char, 16> key_;
};
inline std::string_view as_bytes(const Tagger::Tag& tag) noexcept {
  return {reinterpret_cast<const char*>(tag.data()), tag.size()};
}

/// Compares in a time that does not depend on where the bytes differ.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

/// %41 and + (when `plus_is_space`) undone; a broken escape or a %00 is refused with kInvalidRequest.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Everything but unreserved characters escaped.
std::string percent_encode(std::string_view text);

}  // namespace toolrack::base
