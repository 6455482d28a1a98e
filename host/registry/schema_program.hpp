/// A JSON Schema, compiled: a flat table of nodes that name each other by number, keywords grouped by the type of value
/// they apply to, so that checking a value touches only what concerns it. Private to the registry.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

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
};

struct StringRules {
  Range length;  ///< In code points.
  std::unique_ptr<const re2::RE2> pattern;
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

struct PatternProperty {
  std::unique_ptr<const re2::RE2> pattern;
  NodeId schema = kNone;
};

/// What else must hold when the object has a member of that name.
struct Dependent {
  std::string name;
  std::vector<std::string> required;
  NodeId schema = kNone;
};

struct ObjectRules {
  std::vector<Property> properties;  ///< Sorted by `by_size_then_bytes`.
  std::size_t required_count = 0;
  std::vector<PatternProperty> patterns;
  NodeId additional = kNone;
  NodeId names = kNone;
  Range count;
  std::vector<Dependent> dependents;

  const Property* find(std::string_view name) const noexcept;
};

/// Order of ObjectRules::properties; sizes decide most comparisons.
bool by_size_then_bytes(std::string_view a, std::string_view b) noexcept;

/// Schemas that apply to the value itself, not to a part of it.
struct InPlace {
  NodeId ref = kNone;
  std::vector<NodeId> all_of, any_of, one_of;
  NodeId not_schema = kNone;
  NodeId if_schema = kNone, then_schema = kNone, else_schema = kNone;
};

struct Node {
  std::uint8_t types = kAnyType;
  bool never = false;  ///< The schema `false`.
  const base::json::Value* constant = nullptr;
  const base::json::Value* options = nullptr;  ///< The array of `enum`.
  std::unique_ptr<StringRules> string;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::unique_ptr<InPlace> in_place;
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
base::Result<std::unique_ptr<const Program>> compile(const base::json::Value& schema);

}  // namespace toolrack::registry::schema
