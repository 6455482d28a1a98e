/// Fetches pages the way a crawler does: every redirect seen and told, bodies cut rather than lost.
#pragma once

#include "analysis/analysis.hpp"

#include <toolrack/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace toolrack::seo {

inline constexpr std::string_view kUserAgent = "Mozilla/5.0 (compatible; ToolrackSEO/1.0)";

struct FetchOptions {
  // A user-declared constructor, for g++-12's sake (abi.md 2.7).
  FetchOptions() {}
  std::string user_agent{kUserAgent};
  std::uint64_t max_bytes = 10 << 20;
  std::chrono::milliseconds timeout{20'000};
  std::size_t max_redirects = 10;
};

/// What came, or why nothing did.
struct FetchResult {
  FetchResult() {}
  Fetched fetched;
  std::optional<Reply> failure;  ///< The skill's answer when there is nothing to look at; names the URL.
};

/// GETs `url` (absolute, http or https) and what it redirects to; each hop is subject to the host's policy. A body that
/// breaks off after the headers came is kept and marked as cut.
Async<FetchResult> fetch(Call call, std::string url, FetchOptions options);

/// robots.txt of the page's origin, and what it says about the page. Never fails: no answer is a verdict too.
Async<RobotsReport> fetch_robots(Call call, Url page, std::string product_token, FetchOptions options);

/// Nothing but an http or https URL is a page. `why` receives the answer for everything else.
std::optional<Url> page_url(std::string_view text, Reply& why);

}  // namespace toolrack::seo
