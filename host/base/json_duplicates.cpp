#include "base/json_duplicates.hpp"

#include <algorithm>
#include <vector>

namespace toolrack::base::json {
namespace {

/// Up to here comparing every pair is faster than sorting, and needs no memory.
constexpr std::size_t kPairwise = 8;

std::optional<std::string_view> twice(const Value& object) {
  const auto begin = object.MemberBegin();
  const auto end = object.MemberEnd();
  if (object.MemberCount() <= kPairwise) {
    for (auto a = begin; a != end; ++a)
      for (auto b = begin; b != a; ++b)
        if (view(a->name) == view(b->name)) return view(a->name);
    return std::nullopt;
  }
  std::vector<std::string_view> names;
  names.reserve(object.MemberCount());
  for (auto member = begin; member != end; ++member) names.push_back(view(member->name));
  // By length first: cheap, and names need no alphabetical order here.
  std::sort(names.begin(), names.end(),
            [](std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
  const auto found = std::adjacent_find(names.begin(), names.end());
  if (found == names.end()) return std::nullopt;
  return *found;
}

/// On the way back from a find, each level puts its token before the pointer: paths cost nothing when all is well.
void prepend(Duplicate& found, std::string_view token) {
  std::string pointer;
  append_token(pointer, token);
  found.pointer.insert(0, pointer);
}

}  // namespace

void append_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

std::optional<Duplicate> find_duplicate(const Value& root) {
  if (root.IsObject()) {
    if (const auto key = twice(root)) return Duplicate{{}, *key};
    for (auto member = root.MemberBegin(); member != root.MemberEnd(); ++member) {
      if (!member->value.IsObject() && !member->value.IsArray()) continue;
      if (auto found = find_duplicate(member->value)) {
        prepend(*found, view(member->name));
        return found;
      }
    }
  } else if (root.IsArray()) {
    for (rapidjson::SizeType i = 0; i < root.Size(); ++i) {
      if (!root[i].IsObject() && !root[i].IsArray()) continue;
      if (auto found = find_duplicate(root[i])) {
        prepend(*found, std::to_string(i));
        return found;
      }
    }
  }
  return std::nullopt;
}

}  // namespace toolrack::base::json
