#include "base/seal.hpp"

#include <sodium.h>

#include "base/encoding.hpp"

namespace toolrack::base {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string Seal::close(std::string_view bytes) const {
  std::string sealed(kNonceBytes + bytes.size() + kTagBytes, '\0');
  auto* const out = raw(sealed);
  randombytes_buf(out, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonceBytes, nullptr, raw(bytes), bytes.size(), raw(purpose_),
                                             purpose_.size(), nullptr, out, key_.data());
  return to_base64url(sealed);
}

std::optional<std::string> Seal::open(std::string_view text) const {
  const auto sealed = from_base64url(text);
  if (!sealed || sealed->size() < kNonceBytes + kTagBytes) return std::nullopt;
  std::string bytes(sealed->size() - kNonceBytes - kTagBytes, '\0');
  const auto* const in = raw(std::string_view(*sealed));
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(raw(bytes), nullptr, nullptr, in + kNonceBytes,
                                                 sealed->size() - kNonceBytes, raw(purpose_), purpose_.size(), in,
                                                 key_.data()) != 0)
    return std::nullopt;
  return bytes;
}

}  // namespace toolrack::base
