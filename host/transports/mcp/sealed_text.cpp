#include "transports/mcp/sealed_text.hpp"

#include <sodium.h>

#include "base/encoding.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::size_t kSealNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kSealTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* sealed_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string seal(const SealingKey& key, std::string_view purpose, std::string_view plain) {
  std::string sealed(kSealNonceBytes + plain.size() + kSealTagBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(out, kSealNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kSealNonceBytes, nullptr, sealed_bytes(plain), plain.size(),
                                             sealed_bytes(purpose), purpose.size(), nullptr, out, key.data());
  return base::to_base64url(sealed);
}

std::optional<std::string> unseal(const SealingKey& key, std::string_view purpose, std::string_view sealed) {
  const auto raw = base::from_base64url(sealed);
  if (!raw || raw->size() < kSealNonceBytes + kSealTagBytes) return std::nullopt;
  std::string plain(raw->size() - kSealNonceBytes - kSealTagBytes, '\0');
  const auto* in = sealed_bytes(*raw);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                                                 in + kSealNonceBytes, raw->size() - kSealNonceBytes,
                                                 sealed_bytes(purpose), purpose.size(), in, key.data()) != 0)
    return std::nullopt;
  return plain;
}

}  // namespace toolrack::mcp
