/// The budget of one check: every schema applied, item hashed or byte matched costs steps. Private to the registry.
#pragma once

#include <cstdint>

namespace toolrack::registry::schema {

/// About 20 ms of work: more than any honest value needs (a document has at most 100,000 values), less than an attack
/// wants.
inline constexpr std::int64_t kMaxSteps = 500'000;
/// Values inside each other, in the value checked and in the schema.
inline constexpr int kMaxDepth = 64;

class Work {
 public:
  explicit Work(std::int64_t steps = kMaxSteps) noexcept : given_(steps), left_(steps) {}

  /// False once the budget is spent, and from then on.
  bool spend(std::int64_t steps) noexcept {
    left_ -= steps;
    return left_ >= 0;
  }
  /// Spends all that is left; always false.
  bool give_up() noexcept {
    if (left_ >= 0) left_ = -1;
    return false;
  }
  bool is_spent() const noexcept { return left_ < 0; }
  std::int64_t used() const noexcept { return given_ - left_; }

 private:
  std::int64_t given_, left_;
};

}  // namespace toolrack::registry::schema
