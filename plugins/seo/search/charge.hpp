/// What an answer cost, told to the host.
#pragma once

#include "search/provider.hpp"

#include <rapidjson/document.h>

#include <cstdint>

namespace toolrack::seo {

/// DataForSEO says what it charged, and Serper how many credits; where an answer does not, `usual_units` are counted at
/// the prices in the backend's `options`.
void meter_answer(const Call& call, Provider provider, const rapidjson::Value& body, std::int64_t usual_units);

}  // namespace toolrack::seo
