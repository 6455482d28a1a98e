/// What a skill is given and what it answers, made fit for a collector: without secrets, and not longer than wanted.
///
/// Nobody can tell every secret from other text. What is looked for: members that are called like one (`password`,
/// `api_key`), what the skill's schema says is one (`writeOnly`, `format: password`), our own keys, what stands behind
/// `Bearer` and `Basic`, private keys, and what lets somebody in by a URL (user names and queries). All of it reads
/// REDACTED.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::services::telemetry {

/// `json_text` as it may be told: `most_bytes` at most, with "…" behind what was cut. `schema`: what it was held
/// against, of which `properties`, `items` and `additionalProperties` are followed; or empty. Nothing for what is no
/// JSON, or is larger than a request may be (base::json::Limits).
std::string told_content(std::string_view json_text, std::string_view schema, std::size_t most_bytes);

}  // namespace toolrack::services::telemetry
