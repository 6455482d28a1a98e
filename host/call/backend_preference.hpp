/// What a caller wants of the backends: the member `backend` of a call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::call {

struct BackendPreference {
  /// kDefault: by health, price and latency. kThroughput: bytes a second, most first.
  enum class Sort : std::uint8_t { kDefault, kPrice, kLatency, kThroughput };
  std::vector<std::string> order;   ///< These first, in this order.
  std::vector<std::string> only;    ///< No others; empty: any.
  std::vector<std::string> ignore;  ///< Not these.
  Sort sort = Sort::kDefault;
  bool allow_fallbacks = true;  ///< False: one backend is tried, whatever comes of it.
};

/// kInvalidRequest names the member that is wrong.
base::Result<BackendPreference> read_backend_preference(const base::json::Value& value);

}  // namespace toolrack::call
