#include "registry/schema_program.hpp"

#include <algorithm>
#include <numeric>

namespace toolrack::registry::schema {
namespace {

bool by_size_then_bytes(std::string_view a, std::string_view b) noexcept {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

void Properties::index() {
  sorted_.resize(list_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0U);
  std::sort(sorted_.begin(), sorted_.end(),
            [this](auto a, auto b) { return by_size_then_bytes(list_[a].name, list_[b].name); });
}

const Property* Properties::find(std::string_view name, std::uint32_t& hint) const noexcept {
  if (hint < list_.size() && list_[hint].name == name) return &list_[hint++];
  const auto it = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                   [this](auto i, std::string_view n) { return by_size_then_bytes(list_[i].name, n); });
  if (it == sorted_.end() || list_[*it].name != name) return nullptr;
  hint = *it + 1;
  return &list_[*it];
}

bool ObjectRules::has_member_schemas() const noexcept {
  const auto is_declared = [](const Property& property) { return property.is_declared; };
  return !patterns.empty() || additional != kNone || names != kNone ||
         std::any_of(properties.list().begin(), properties.list().end(), is_declared);
}

void Node::finish() noexcept {
  const auto when = [](bool is_there, Stage stage) { return is_there ? bit(stage) : Stages{0}; };
  if (in_place) {
    stages = static_cast<Stages>(
        when(!in_place->all_of.empty(), Stage::kAllOf) | when(!in_place->any_of.empty(), Stage::kAnyOf) |
        when(!in_place->one_of.empty(), Stage::kOneOf) | when(in_place->not_schema != kNone, Stage::kNot) |
        when(in_place->if_schema != kNone, Stage::kIf));
  }
  array_stages = object_stages = stages;
  if (array) {
    array_stages |= when(!array->prefix.empty() || array->rest != kNone, Stage::kItems);
    array_stages |= when(array->contains != kNone, Stage::kContains);
    array_stages |= when(array->unevaluated != kNone, Stage::kUnevaluatedItems);
  }
  if (object) {
    object_stages |= when(object->has_member_schemas(), Stage::kMembers);
    object_stages |= when(!object->dependents.empty(), Stage::kDependents);
    object_stages |= when(object->unevaluated != kNone, Stage::kUnevaluatedMembers);
  }
}

}  // namespace toolrack::registry::schema
