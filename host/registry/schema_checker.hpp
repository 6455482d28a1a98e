/// Runs a compiled schema over a value. Private to the registry.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

inline constexpr std::size_t kMaxViolations = 32;
/// About 20 ms of work: more than any honest value needs (a document has at most 100,000 values), less than an attack
/// wants.
inline constexpr std::int64_t kMaxSteps = 500'000;
/// Schemas and values inside each other while checking.
inline constexpr int kMaxNesting = 512;

/// Checks one value once. Without violations it allocates nothing for plain objects of scalars.
class Checker {
 public:
  explicit Checker(const Program& program) : program_(program) {}
  /// Empty: valid. A value that costs more than kMaxSteps to check is invalid and says so.
  std::vector<Violation> run(const base::json::Value& value);

 private:
  using Value = base::json::Value;
  /// Where we are in the value, a list towards the root that lives on the stack; text is made of it for violations
  /// only.
  struct Path {
    const Path* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;
  };
  enum class Compared : std::uint8_t { kLess, kEqual, kGreater };

  bool check(NodeId id, const Value& value, const Path& path);
  bool check_type(const Node& node, const Value& value, const Path& path);
  bool check_options(const Node& node, const Value& value, const Path& path);
  bool check_string(const StringRules& rules, const Value& value, const Path& path);
  bool check_number(const NumberRules& rules, const Value& value, const Path& path);
  bool check_array(const ArrayRules& rules, const Value& value, const Path& path);
  bool check_contains(const ArrayRules& rules, const Value& value, const Path& path);
  bool check_object(const ObjectRules& rules, const Value& value, const Path& path);
  bool check_member(const ObjectRules& rules, const Property* property, const Value& name, const Value& value,
                    const Path& path);
  bool check_required(const ObjectRules& rules, const Value& value, const Path& path);
  bool check_dependents(const ObjectRules& rules, const Value& value, const Path& path);
  bool check_in_place(const InPlace& rules, const Value& value, const Path& path);
  bool check_one_of(const InPlace& rules, const Value& value, const Path& path);
  bool check_condition(const InPlace& rules, const Value& value, const Path& path);
  bool check_range(const Range& range, std::uint64_t actual, const char* min, const char* max, std::string_view unit,
                   const Path& path);
  /// Does it hold, without a word about why not?
  bool holds(NodeId id, const Value& value, const Path& path);
  /// Says what is wrong with the alternative that fits best.
  void explain_nearest(const std::vector<NodeId>& alternatives, const Value& value, const Path& path);

  /// True when the caller may stop: nobody wants reasons, or there are enough of them.
  bool may_stop() const noexcept { return out_ == nullptr || out_->size() >= kMaxViolations || is_exhausted_; }
  bool spend(std::int64_t steps) noexcept;
  /// Always false, for `return violate(...)`; `message` is called only when somebody listens.
  template <typename Message>
  bool violate(const Path& path, std::string_view keyword, const Message& message);

  const Program& program_;
  std::vector<Violation>* out_ = nullptr;
  std::int64_t steps_left_ = kMaxSteps;
  int nesting_ = 0;
  bool is_exhausted_ = false;
};

}  // namespace toolrack::registry::schema
