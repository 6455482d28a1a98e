#include "transports/mcp/session.hpp"

#include <cstring>
#include <utility>

#include "base/encoding.hpp"

namespace toolrack::mcp {
namespace {

/// What is sealed, in the machine's byte order.
struct Plain {
  std::uint64_t account;
  std::int64_t expires_unix_s;
  std::uint32_t revision, can_ask;
};
static_assert(sizeof(Plain) == 24, "no padding is sealed");

std::uint64_t digest(std::string_view account) {
  if (account.empty()) return 0;
  std::uint64_t number = 0;
  std::memcpy(&number, base::sha256(account).data(), sizeof number);
  return number == 0 ? 1 : number;
}

}  // namespace

std::string Sessions::open(Revision revision, std::string_view account, std::uint32_t can_ask) {
  const Plain plain{.account = digest(account),
                    .expires_unix_s = now_unix_s() + kLifetimeSeconds,
                    .revision = static_cast<std::uint32_t>(revision),
                    .can_ask = can_ask};
  return seal_.close({reinterpret_cast<const char*>(&plain), sizeof plain});
}

std::optional<Session> Sessions::unseal(std::string_view id) const {
  const auto bytes = seal_.open(id);
  if (!bytes || bytes->size() != sizeof(Plain)) return std::nullopt;
  Plain plain{};
  std::memcpy(&plain, bytes->data(), sizeof plain);
  if (plain.expires_unix_s < now_unix_s()) return std::nullopt;
  return Session{.revision = static_cast<Revision>(plain.revision),
                 .can_ask = plain.can_ask,
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
  if (session->account == 0 && caller != 0) {
    // Others may come at the same time: whoever is first has it.
    bool is_ended = false;
    states_.change(key_of(id), known(*session), [&](SessionState& state) {
      is_ended = state.is_ended;
      if (!is_ended && state.account == 0) state.account = caller;
      session->account = state.account;
    });
    if (is_ended) return std::nullopt;
  }
  if (session->account != 0 && session->account != caller) return std::nullopt;
  return session;
}

bool Sessions::end(std::string_view id, std::string_view account) {
  const auto session = find(id, account);
  if (!session) return false;
  bool was_ended = false;
  states_.change(key_of(id), known(*session),
                 [&](SessionState& state) { was_ended = std::exchange(state.is_ended, true); });
  return !was_ended;
}

}  // namespace toolrack::mcp
