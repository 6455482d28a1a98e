/// A JSON Schema, compiled: a flat table of nodes that name each other by number, keywords grouped by the type of value
/// they apply to, so that checking a value touches only what concerns it. Private to the registry.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "registry/input_validator.hpp"
#include "registry/schema_format.hpp"
#include "registry/schema_pattern.hpp"
#include "registry/schema_work.hpp"

namespace toolrack::registry::schema {

using NodeId = std::uint32_t;
inline constexpr NodeId kNone = std::numeric_limits<NodeId>::max();
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// Bits of Node::types. "number" is kInteger | kFraction: 1.0 is an integer.
enum TypeBit : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kFraction = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAnyType = 127
};

struct Range {
  std::uint64_t min = 0, max = kNoLimit;
  bool is_open() const noexcept { return min == 0 && max == kNoLimit; }
};

/// The values of `enum`; of many, those with the same hash are found by it.
struct Options {
  const base::json::Value* list = nullptr;                             ///< An array.
  std::vector<std::pair<std::uint64_t, rapidjson::SizeType>> by_hash;  ///< Sorted; empty for short lists.
};

struct StringRules {
  Range length;  ///< In code points.
  std::shared_ptr<const Pattern> pattern;
  const Format* format = nullptr;
};

/// Null: the keyword is not there. The values belong to the program's pool.
struct NumberRules {
  const base::json::Value* minimum = nullptr;
  const base::json::Value* maximum = nullptr;
  const base::json::Value* exclusive_minimum = nullptr;
  const base::json::Value* exclusive_maximum = nullptr;
  const base::json::Value* multiple_of = nullptr;
};

struct ArrayRules {
  std::vector<NodeId> prefix;
  NodeId rest = kNone;  ///< Of the items behind the prefix.
  NodeId contains = kNone;
  NodeId unevaluated = kNone;
  Range contained{1, kNoLimit};
  Range count;
  bool unique = false;
};

struct Property {
  std::string name;
  NodeId schema = kNone;
  bool is_declared = false;  ///< False: only named by `required`, so it may still be an additional property.
  bool is_required = false;
};

/// Properties by name. Callers tend to send members in the order of the schema, so a lookup looks first where the last
/// one ended.
class Properties {
 public:
  void add(Property property) { list_.push_back(std::move(property)); }
  /// Once, behind the last `add`.
  void index();
  /// Null when there is none. `hint` is where to look first; out: behind the property found.
  const Property* find(std::string_view name, std::uint32_t& hint) const noexcept;
  const std::vector<Property>& list() const noexcept { return list_; }

 private:
  std::vector<Property> list_;
  std::vector<std::uint32_t> sorted_;  ///< By size, then bytes: sizes decide most comparisons.
};

struct PatternProperty {
  std::shared_ptr<const Pattern> pattern;
  NodeId schema = kNone;
};

/// What else must hold when the object has a member of that name.
struct Dependent {
  std::string name;
  std::vector<std::string> required;
  NodeId schema = kNone;
};

struct ObjectRules {
  Properties properties;
  std::uint32_t required_count = 0;
  std::vector<PatternProperty> patterns;
  NodeId additional = kNone;
  NodeId names = kNone;
  NodeId unevaluated = kNone;
  Range count;
  std::vector<Dependent> dependents;

  bool has_member_schemas() const noexcept;
};

/// Schemas that apply to the value itself, not to a part of it.
struct InPlace {
  std::vector<NodeId> all_of, any_of, one_of;  ///< `$ref` is the first of all_of.
  NodeId not_schema = kNone;
  NodeId if_schema = kNone, then_schema = kNone, else_schema = kNone;
};

/// Parts of a node that apply other nodes, in the order in which they run: what looks at the work of others comes last.
enum class Stage : std::uint8_t {
  kItems,
  kContains,
  kMembers,
  kDependents,
  kAllOf,
  kAnyOf,
  kOneOf,
  kNot,
  kIf,
  kUnevaluatedItems,
  kUnevaluatedMembers,
};
using Stages = std::uint16_t;  ///< A set of them.
constexpr Stages bit(Stage stage) noexcept { return static_cast<Stages>(1U << static_cast<unsigned>(stage)); }
inline constexpr Stages kNeedsMarks = bit(Stage::kUnevaluatedItems) | bit(Stage::kUnevaluatedMembers);

struct Node {
  std::uint8_t types = kAnyType;
  bool never = false;                                      ///< The schema `false`.
  Stages array_stages = 0, object_stages = 0, stages = 0;  ///< `stages`: for other values.
  const base::json::Value* constant = nullptr;
  std::unique_ptr<Options> options;
  std::unique_ptr<StringRules> string;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::unique_ptr<InPlace> in_place;

  Stages stages_for(const base::json::Value& value) const noexcept {
    return value.IsObject() ? object_stages : (value.IsArray() ? array_stages : stages);
  }
  /// Sets the stages from the rules.
  void finish() noexcept;
};

/// Immutable after `compile`. Node 0 is the root.
struct Program {
  Program() : pool(1024) {}
  std::vector<Node> nodes;
  /// Holds constants and limits; its chunks are small because most schemas have few (RapidJSON's default is 64 KiB).
  rapidjson::MemoryPoolAllocator<> pool;
};

/// Guards against schemas that cost too much to check: at most this many schemas apply to one value in a row.
inline constexpr std::size_t kMaxInPlaceDepth = 64;
inline constexpr std::size_t kMaxNodes = 20'000;

/// kInvalidManifest, its message naming the place as a JSON Pointer.
base::Result<std::unique_ptr<const Program>> compile(const base::json::Value& schema, Formats formats);

}  // namespace toolrack::registry::schema
