/// Whether a webhook may be sent to a URL, as far as the URL alone tells. Where a name leads to is judged when it is
/// dialled, by the egress guard, each time anew.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "services/http/egress.hpp"

namespace toolrack::call::jobs {

inline constexpr std::size_t kMaxWebhookUrl = 2'000;

/// https, or http to this very machine where `allows_plain_loopback` (local mode). kInvalidRequest says what is wrong
/// with "webhook", kEgressRefused that the address is not one that this rack may connect to.
base::Result<void> check_webhook_url(std::string_view url, const services::http::EgressPolicy& policy,
                                     bool allows_plain_loopback);

}  // namespace toolrack::call::jobs
