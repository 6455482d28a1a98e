/// Runs a compiled schema over a value. Private to the registry.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/schema_program.hpp"
#include "registry/schema_report.hpp"
#include "registry/schema_work.hpp"

namespace toolrack::registry::schema {

/// Checks one value once.
///
/// A machine with a stack of its own: a frame is one schema applied to one value, its stages run one after the other,
/// and a stage that needs another schema pushes a frame and goes on when that is gone. The value is walked twice at
/// most: first only to decide, which stops at the first thing wrong and allocates nothing for plain values; then, when
/// it is invalid, to say everything that is.
class Checker {
 public:
  explicit Checker(const Program& program) : program_(program) {}
  /// Empty: valid. A value that costs more than kMaxSteps or lies deeper than kMaxDepth is invalid and says so.
  std::vector<Violation> run(const base::json::Value& value);
  /// Steps of both walks.
  std::int64_t steps_used() const noexcept { return deciding_.used() + explaining_.used(); }

 private:
  using Value = base::json::Value;
  /// kPushed: a frame has to run before anybody knows.
  enum class Verdict : std::uint8_t { kBad, kGood, kPushed };
  enum class Alone : std::uint8_t { kHolds, kFails, kWrongKind };
  /// What becomes of a child's marks (of the members and items that it looked at): the same set as the parent's, a set
  /// that is added to the parent's when the child holds, or none.
  enum class Marks : std::uint8_t { kShared, kWhenGood, kNone };
  static constexpr std::uint32_t kHere = kNone;  ///< A schema for the same value as its parent's.

  struct Frame {
    const Node* node = nullptr;
    const Value* value = nullptr;
    std::uint32_t at = kHere;  ///< Position of the value among the members or items of the parent's.
    Stages todo = 0;
    std::uint8_t depth = 0;
    bool is_good = true;
    bool is_quiet = true;  ///< Nobody wants reasons: the first failure ends it.
    bool owns_marks = false, adds_marks = false;
    bool lacks_marks = false;           ///< An alternative failed, so it is not known what it would have looked at.
    std::uint32_t marks = kNone;        ///< Offset in marks_.
    std::uint32_t first = 0, best = 0;  ///< Where in the report the alternatives begin and the best one ends.
    // Of the current stage; all 0 when it begins.
    bool flag = false;
    std::uint32_t index = 0, sub = 0, count = 0, hint = 0;

    Stage stage() const noexcept;
    void begin_stage() noexcept;
  };

  bool walk(const Value& root);
  Verdict enter(NodeId id, const Value& value, std::uint32_t at, bool is_quiet, Marks marks);
  Verdict advance(Frame& frame);
  Verdict run_stage(Frame& frame);
  /// Tells the current stage what its child said.
  void take(Frame& frame, bool is_good);
  Verdict finish(Frame& frame);

  // One stage each (schema_stages.cpp). kPushed, or anything else when it is over.
  Verdict items(Frame& frame);
  Verdict contains(Frame& frame);
  Verdict members(Frame& frame);
  Verdict plain_members(Frame& frame);
  NodeId next_for_member(Frame& frame, const Value::Member& member, const Value*& subject);
  Verdict dependents(Frame& frame);
  Verdict all_of(Frame& frame);
  Verdict alternatives(Frame& frame, const std::vector<NodeId>& forms, bool is_one);
  void judge_alternatives(Frame& frame, std::size_t forms, bool is_one);
  Verdict negation(Frame& frame);
  Verdict condition(Frame& frame);
  Verdict unevaluated(Frame& frame);
  /// Enters a child that has to hold for its parent to hold.
  Verdict need(Frame& frame, NodeId id, const Value& value, std::uint32_t at, Marks marks);
  /// Enters a child of the current stage and takes what it says at once, if it can.
  Verdict apply(Frame& frame, NodeId id, const Value& value, std::uint32_t at, bool is_quiet, Marks marks);

  std::uint32_t new_marks(const Value& value);
  void mark(const Frame& frame, std::uint32_t index) noexcept;
  bool is_marked(const Frame& frame, std::uint32_t index) const noexcept;

  // What a schema says of a value without asking other schemas (schema_assertions.cpp). `at` and `is_quiet` as in
  // Frame.
  Alone check_alone(const Node& node, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_options(const Node& node, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_string(const StringRules& rules, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_number(const NumberRules& rules, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_array(const ArrayRules& rules, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_object(const Node& node, const Value& value, std::uint32_t at, bool is_quiet);
  bool check_range(const Range& range, std::uint64_t actual, const char* min, const char* max, std::string_view unit,
                   std::uint32_t at, bool is_quiet);
  bool is_among(const Options& options, const Value& value);
  void complain_missing(const ObjectRules& rules, const Value& value, std::uint32_t at);
  void complain_unknown(const ObjectRules& rules, std::string_view keyword, std::string_view name, std::uint32_t at);

  /// About the value at `at` of the topmost frame's, or that value itself. Without a message: "expected <expected>, got
  /// <actual>".
  void complain(std::uint32_t at, std::string_view keyword, std::string expected, std::string actual,
                std::string message = {});

  const Program& program_;
  boost::container::small_vector<Frame, 16> frames_;
  boost::container::small_vector<std::uint64_t, 8> marks_;
  Report* report_ = nullptr;
  Work deciding_, explaining_{0};
  Work* work_ = &deciding_;
};

/// A value in a message, short: containers by kind, long texts cut.
std::string show(const base::json::Value& value);

}  // namespace toolrack::registry::schema
