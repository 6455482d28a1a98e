/// Texts as vectors: near ones mean something alike.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace toolrack::services::knowledge {

/// Of length 1; all of one embedder have equally many dimensions.
using Vector = std::vector<float>;

/// Scales it to length 1. False when it has none or is not finite.
bool normalize(Vector& vector) noexcept;

/// Threads: any.
class Embedder {
 public:
  virtual ~Embedder() = default;
  /// One vector a text, in their order; at most kMaxBatch of them. Waits, so not on a loop. Errors: kUnavailable while
  /// the far end is given a pause, kProviderError and those of HTTP else.
  virtual base::Result<std::vector<Vector>> embed(std::span<const std::string> texts,
                                                  std::chrono::milliseconds timeout) = 0;
  /// Whose vectors may be compared: model and all else that they depend on.
  virtual const std::string& space() const noexcept = 0;

  static constexpr std::size_t kMaxBatch = 64;
};

}  // namespace toolrack::services::knowledge
