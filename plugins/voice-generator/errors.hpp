/// What a provider's refusal means for a caller.
#pragma once

#include <toolrack/plugin.hpp>

#include <string_view>

#include "plan.hpp"

namespace toolrack::voice {

/// Of an answer that is not ok(). What the provider says becomes the message; what no row of the table names is told as
/// every tool tells it (Reply::provider).
Reply failure(Provider provider, const Reply& answer);
/// Of a 200 whose body says why there is no `work` ("audio", "transcript"): `reason` is Gemini's blockReason or
/// finishReason.
Reply silence(const std::string& reason, const std::string& work);

}  // namespace toolrack::voice
