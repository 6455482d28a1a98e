#include "transports/mcp/session.hpp"

#include <sodium.h>

#include <cstring>

#include "base/encoding.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::string_view kPurpose = "toolrack mcp session 1";

/// What is sealed, in the machine's byte order.
struct Plain {
  std::uint64_t account;
  std::int64_t expires_unix_s;
  std::uint64_t revision;
};
static_assert(sizeof(Plain) == 24, "no padding is sealed");

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::uint64_t digest(std::string_view account) {
  if (account.empty()) return 0;
  std::uint64_t number = 0;
  std::memcpy(&number, base::sha256(account).data(), sizeof number);
  return number == 0 ? 1 : number;
}

}  // namespace

std::string Sessions::open(Revision revision, std::string_view account) {
  const Plain plain{.account = digest(account),
                    .expires_unix_s = clock_.unix_ns() / 1'000'000'000 + kLifetimeSeconds,
                    .revision = static_cast<std::uint64_t>(revision)};
  std::string sealed(kNonceBytes + sizeof plain + kTagBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(out, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonceBytes, nullptr, reinterpret_cast<const unsigned char*>(&plain),
                                             sizeof plain, bytes(kPurpose), kPurpose.size(), nullptr, out, key_.data());
  return base::to_base64url(sealed);
}

std::optional<Session> Sessions::unseal(std::string_view id) const {
  const auto sealed = base::from_base64url(id);
  if (!sealed || sealed->size() != kNonceBytes + sizeof(Plain) + kTagBytes) return std::nullopt;
  Plain plain{};
  const auto* in = bytes(*sealed);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(&plain), nullptr, nullptr,
                                                 in + kNonceBytes, sealed->size() - kNonceBytes, bytes(kPurpose),
                                                 kPurpose.size(), in, key_.data()) != 0)
    return std::nullopt;
  if (plain.expires_unix_s < clock_.unix_ns() / 1'000'000'000) return std::nullopt;
  return Session{.revision = static_cast<Revision>(plain.revision),
                 .account = plain.account,
                 .expires_unix_s = plain.expires_unix_s};
}

std::optional<Session> Sessions::find(std::string_view id, std::string_view account) {
  auto session = unseal(id);
  if (!session) return std::nullopt;
  const auto caller = digest(account);
  if (const auto state = states_.find(key_of(id))) {
    if (state->is_ended) return std::nullopt;
    if (session->account == 0) session->account = state->account;
  }
  if (session->account != 0) return session->account == caller ? session : std::nullopt;
  if (caller == 0) return session;
  session->account = caller;
  const auto bound =
      states_.change(key_of(id), session->expires_unix_s, [&](SessionState& state) { state.account = caller; });
  return bound ? session : std::nullopt;
}

base::Result<bool> Sessions::end(std::string_view id, std::string_view account) {
  const auto session = find(id, account);
  if (!session) return false;
  TRY(states_.change(key_of(id), session->expires_unix_s, [](SessionState& state) {
    state.is_ended = true;
    state.uris.clear();
  }));
  return true;
}

}  // namespace toolrack::mcp
