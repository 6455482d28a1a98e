#include "errors.hpp"

#include <charconv>
#include <cstdint>

namespace toolrack::kraken {
namespace {

using std::chrono::seconds;

struct Row {
  std::string_view words;  ///< What the entry begins with.
  Meaning meaning;
};

// Hints that several rows share.
constexpr const char* kReadIt = "Read what Kraken says and change the input.";
constexpr const char* kLater = "Try again later; system_status says whether Kraken works.";
constexpr const char* kSlower = "Wait for the time given, then ask less often.";
constexpr const char* kKeyRights = "Give the API key the permission for this at Kraken, or use another key.";
constexpr const char* kMargin = "Lower the volume or the leverage, or close positions.";
constexpr const char* kFewer = "Cancel or close some first.";

/// The first row that fits decides, so what is longer stands before what it begins with. The counter of an account
/// gives back a point in one to three seconds, the one for orders about as fast; a lockout is 15 minutes.
// clang-format off
constexpr Row kRows[] = {
    {"EAPI:Invalid key", {TR_UNAUTHENTICATED, "kraken.bad_key", "Set api_key again, as Kraken shows it; do not try again before."}},
    {"EAPI:Invalid signature", {TR_UNAUTHENTICATED, "kraken.bad_signature", "Set api_secret again, the one that belongs to api_key; do not try again before."}},
    {"EAPI:Invalid nonce", {TR_UNAUTHENTICATED, "kraken.bad_nonce", "Another program uses this API key: give the gateway a key of its own. Otherwise wait and try once more.", seconds(60)}},
    {"EAPI:Rate limit exceeded", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EAPI:Feature disabled", {TR_PERMISSION_DENIED, "kraken.forbidden", kKeyRights}},
    {"EAPI:", {TR_INVALID_ARGUMENT, "kraken.rejected", kReadIt}},
    {"EAuth:Rate limit exceeded", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EAuth:Too many requests", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EAuth:", {TR_PERMISSION_DENIED, "kraken.forbidden", "Sign in at Kraken and see to the account: it is disabled or not confirmed."}},
    {"ESession:", {TR_UNAUTHENTICATED, "kraken.bad_key", "Set the credential again."}},
    {"EGeneral:Permission denied", {TR_PERMISSION_DENIED, "kraken.forbidden", kKeyRights}},
    {"EGeneral:Temporary lockout", {TR_RESOURCE_EXHAUSTED, "kraken.locked_out", "Wait; too many requests failed. Ask nothing with this key until then.", seconds(900)}},
    {"EGeneral:Too many requests", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(5)}},
    {"EGeneral:Internal error", {TR_UNAVAILABLE, "kraken.unavailable", kLater, seconds(0), true}},
    {"EGeneral:", {TR_INVALID_ARGUMENT, "kraken.rejected", kReadIt}},
    {"EQuery:Unknown asset pair", {TR_NOT_FOUND, "kraken.unknown_pair", "asset_pairs lists them: XBTUSD, XXBTZUSD, XBT/USD."}},
    {"EQuery:Unknown asset", {TR_NOT_FOUND, "kraken.unknown_asset", "assets lists them: XBT, XXBT, ZUSD."}},
    {"EQuery:", {TR_INVALID_ARGUMENT, "kraken.rejected", kReadIt}},
    {"EService:Unavailable", {TR_UNAVAILABLE, "kraken.unavailable", kLater, seconds(0), true}},
    {"EService:Busy", {TR_UNAVAILABLE, "kraken.unavailable", kLater, seconds(5), true}},
    {"EService:Timeout", {TR_DEADLINE_EXCEEDED, "kraken.timeout", kLater, seconds(0), true}},
    {"EService:Market in ", {TR_TOOL_ERROR, "kraken.market_closed", "The market takes only what its mode allows now; asset_pairs shows it in status."}},
    {"EService:Deadline elapsed", {TR_FAILED_PRECONDITION, "kraken.deadline", "The order was not taken: its deadline had passed. Send it with a later one."}},
    {"EService:Throttled", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EService:", {TR_UNAVAILABLE, "kraken.unavailable", kLater, seconds(0), true}},
    {"EDatabase:", {TR_UNAVAILABLE, "kraken.unavailable", kLater, seconds(0), true}},
    {"EOrder:Insufficient funds", {TR_FAILED_PRECONDITION, "kraken.insufficient_funds", "See balance, then lower the volume or add funds at Kraken."}},
    {"EOrder:Order minimum not met", {TR_INVALID_ARGUMENT, "kraken.below_minimum", "Raise the volume to ordermin of asset_pairs at least."}},
    {"EOrder:Cost minimum not met", {TR_INVALID_ARGUMENT, "kraken.below_minimum", "Raise volume times price to costmin of asset_pairs at least."}},
    {"EOrder:Tick size check failed", {TR_INVALID_ARGUMENT, "kraken.tick_size", "Make the price a multiple of tick_size of asset_pairs."}},
    {"EOrder:Invalid price", {TR_INVALID_ARGUMENT, "kraken.bad_price", "Give the price with no more decimals than pair_decimals of asset_pairs, near the market's."}},
    {"EOrder:Rate limit exceeded", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EOrder:Domain rate limit exceeded", {TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", kSlower, seconds(15)}},
    {"EOrder:Orders limit exceeded", {TR_FAILED_PRECONDITION, "kraken.too_many_orders", kFewer}},
    {"EOrder:Scheduled orders limit exceeded", {TR_FAILED_PRECONDITION, "kraken.too_many_orders", kFewer}},
    {"EOrder:Positions limit exceeded", {TR_FAILED_PRECONDITION, "kraken.too_many_orders", kFewer}},
    {"EOrder:Unknown order", {TR_NOT_FOUND, "kraken.unknown_order", "Check the id: open_orders and closed_orders list them. It may be closed already."}},
    {"EOrder:Invalid order", {TR_NOT_FOUND, "kraken.unknown_order", "Check the id: open_orders and closed_orders list them."}},
    {"EOrder:Unknown position", {TR_NOT_FOUND, "kraken.unknown_order", "There is no such position."}},
    {"EOrder:Trading agreement required", {TR_PERMISSION_DENIED, "kraken.forbidden", "Accept the trading agreement at Kraken first."}},
    {"EOrder:Cannot open ", {TR_FAILED_PRECONDITION, "kraken.margin", kMargin}},
    {"EOrder:Margin ", {TR_FAILED_PRECONDITION, "kraken.margin", kMargin}},
    {"EOrder:Insufficient margin", {TR_FAILED_PRECONDITION, "kraken.margin", kMargin}},
    {"EOrder:", {TR_FAILED_PRECONDITION, "kraken.order_rejected", kReadIt}},
    {"ETrade:", {TR_PERMISSION_DENIED, "kraken.forbidden", "Trading is locked for this account: sign in at Kraken."}},
    {"EFunding:", {TR_FAILED_PRECONDITION, "kraken.rejected", kReadIt}},
    // Words of no known category say nothing about what became of an order.
    {"", {TR_TOOL_ERROR, "kraken.failed", "Read what Kraken says.", seconds(0), true}},
};
// clang-format on

/// "EService:Throttled: 1700000090" names the second at which it ends.
seconds throttled_for(std::string_view said, std::chrono::nanoseconds now) {
  const auto digits = said.find_first_of("0123456789");
  if (digits == std::string_view::npos) return seconds(0);
  std::int64_t until = 0;
  if (std::from_chars(said.data() + digits, said.data() + said.size(), until).ec != std::errc()) return seconds(0);
  constexpr seconds kMost = std::chrono::hours(1);
  const auto now_s = std::chrono::floor<seconds>(now);
  if (until <= now_s.count() || until > (now_s + kMost).count()) return seconds(0);
  return seconds(until) - now_s;
}

}  // namespace

Meaning meaning_of(std::string_view said, std::chrono::nanoseconds now) {
  for (const Row& row : kRows) {
    if (!said.starts_with(row.words)) continue;
    Meaning meaning = row.meaning;
    if (row.words == "EService:Throttled")
      if (const auto wait = throttled_for(said, now); wait.count() > 0) meaning.wait = wait;
    return meaning;
  }
  return kRows[std::size(kRows) - 1].meaning;
}

}  // namespace toolrack::kraken
