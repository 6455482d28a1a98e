/// Does a schema still take every value that another one takes? Private to compatibility.cpp, which also lint uses.
///
/// Keywords are compared one by one, so it tells too much rather than too little: what it cannot follow (`not`, `if`,
/// `patternProperties`, ...) has to stay as it was. Pure; bounded work whatever the schemas are.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace toolrack::registry {

/// One thing that is taken away. `pointer` leads into the newer document, or into the older one when `is_gone`.
struct Break {
  std::string pointer;
  bool is_gone = false;
  std::string message;  ///< "\"depth\" is required now".
};

class SchemaNarrowing {
 public:
  /// Both documents outlive it; `$ref`s lead into them. The pointers say where they stand in their manifests.
  SchemaNarrowing(const base::json::Value& before, std::string before_pointer, const base::json::Value& after,
                  std::string after_pointer);

  /// Once. Empty: `after` takes whatever `before` took.
  std::vector<Break> find();

 private:
  using Value = base::json::Value;
  /// A schema and where it stands.
  struct Place {
    const Value* schema;
    std::string pointer;
    Place member(std::string_view name) const;  ///< `schema` is null when there is none.
    Place item(rapidjson::SizeType index) const;
    bool is_there() const noexcept { return schema != nullptr; }
  };

  void compare(Place before, Place after);
  void compare_keywords(const Place& before, const Place& after);
  void compare_values(const Place& before, const Place& after);
  void compare_bounds(const Place& before, const Place& after);
  void compare_texts(const Place& before, const Place& after);
  void compare_items(const Place& before, const Place& after);
  void compare_members(const Place& before, const Place& after);
  void compare_required(const Place& before, const Place& after);
  void compare_alternatives(const Place& before, const Place& after);
  void require_same(const Place& before, const Place& after, std::string_view keyword);
  /// Whether the one takes all of the other, without telling what not.
  bool covers(const Place& before, const Place& after);
  /// What its `$ref` into the document of `root` leads to; nothing there when it has none.
  static Place target_of(const Place& place, const Place& root);
  /// Where a schema that is a reference and nothing else leads in the end.
  static Place follow(Place place, const Place& root);
  void add(std::string pointer, std::string message) {
    breaks_.push_back({std::move(pointer), false, std::move(message)});
  }

  const Place before_, after_;
  std::vector<Break> breaks_;
  std::vector<std::pair<const Value*, const Value*>> open_;  // Being compared: references may lead in circles.
  std::size_t steps_ = 0;
  unsigned types_ = 0;  // That both of what is being compared take.
};

}  // namespace toolrack::registry
