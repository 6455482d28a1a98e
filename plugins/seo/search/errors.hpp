/// What a provider's refusal means for a caller.
#pragma once

#include "search/provider.hpp"

#include <rapidjson/document.h>

#include <optional>

namespace toolrack::seo {

/// Nothing when the provider did what it was asked to; `body`: the answer's, as JSON. DataForSEO says with HTTP 200
/// what went wrong, once for the request and once for the task. What no row of the table names is told as every tool
/// tells it (Reply::provider).
std::optional<Reply> refusal(Provider provider, const Reply& answer, const rapidjson::Value& body);
/// DataForSEO looked and there is nothing: a good answer, although its code is not that of one.
bool is_without_results(const rapidjson::Value& body);

}  // namespace toolrack::seo
