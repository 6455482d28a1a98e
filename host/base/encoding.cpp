#include "base/encoding.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include <cstdlib>

namespace toolrack::base {
namespace {

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode_base64(std::string_view bytes, int variant) {
  const std::size_t size_with_nul = sodium_base64_encoded_len(bytes.size(), variant);
  std::string out(size_with_nul - 1, '\0');  // The library writes the terminator where std::string keeps its own.
  sodium_bin2base64(out.data(), size_with_nul, bytes_of(bytes), bytes.size(), variant);
  return out;
}

Result<std::string> decode_base64(std::string_view text, int variant, const char* name) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &size, nullptr, variant) != 0)
    return fail(ErrorCode::kInvalidRequest,
                std::string("The text of ") + std::to_string(text.size()) + " characters is not " + name + ".");
  out.resize(size);
  return out;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  sodium_bin2hex(out.data(), out.size() + 1, bytes_of(bytes), bytes.size());
  return out;
}

std::string to_base64(std::string_view bytes) { return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL); }

std::string to_base64url(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

Result<std::string> from_base64(std::string_view text) {
  return decode_base64(text, sodium_base64_VARIANT_ORIGINAL, "padded base64");
}

Result<std::string> from_base64url(std::string_view text) {
  return decode_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, "unpadded base64url");
}

Sha256 sha256(std::string_view bytes) noexcept {
  // Fetched once: fetching per digest takes a lock inside OpenSSL. Never freed, so that any thread may digest to the
  // end.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256 digest;
  // Only a machine without memory or a broken OpenSSL gets here; no caller could do better than to stop.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) != 1) std::abort();
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256 digest;
  // As above: nothing but a lack of memory makes it fail.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), digest.data(),
           nullptr) == nullptr)
    std::abort();
  return std::string(as_bytes(digest));
}

static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16 && crypto_shorthash_siphashx24_BYTES == 16);

Tagger::Tagger() noexcept { randombytes_buf(key_.data(), key_.size()); }

Tagger::Tag Tagger::tag(std::string_view text) const noexcept {
  Tag tag;
  crypto_shorthash_siphashx24(tag.data(), bytes_of(text), text.size(), key_.data());
  return tag;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(ErrorCode::kInvalidRequest,
                    "The '%' at offset " + std::to_string(i) + " does not begin an escape of two hexadecimal digits.");
      if (high == 0 && low == 0)
        return fail(ErrorCode::kInvalidRequest, "The escape %00 at offset " + std::to_string(i) + " is not allowed.");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace toolrack::base
