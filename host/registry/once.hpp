/// Steps with side effects that happen at most once over all runs and attempts of one call. The call path implements
/// it; sources reach it through an Invocation (docs/questions.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::registry {

inline constexpr std::size_t kMaxStepBytes = 256 << 10;

/// Of one invocation, and good until that has been completed. On the invocation's loop.
class Once {
 public:
  enum class Found : std::uint8_t {
    kNew,      ///< Do it now, then `end_step`.
    kDone,     ///< In an earlier run or attempt, which left `value`.
    kUnknown,  ///< It began and never ended, or nobody knows whether it happened.
  };
  struct Begun {
    Found found = Found::kNew;
    std::string value;
  };
  enum class Ending : std::uint8_t {
    kDone,     ///< Its value is kept.
    kUnknown,  ///< Perhaps it happened.
    kUndone,   ///< It did not happen, and may begin again.
  };

  virtual base::Result<Begun> begin_step(std::string_view key) = 0;
  /// Of a step that this run began.
  virtual base::Result<void> end_step(std::string_view key, Ending ending, std::string_view value) = 0;

 protected:
  ~Once() = default;
};

}  // namespace toolrack::registry
