/// Finds objects that name a member twice; RapidJSON keeps both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace toolrack::base::json {

struct Duplicate {
  std::string pointer;   ///< JSON Pointer of the object; empty for the root.
  std::string_view key;  ///< Inside the document.
};

/// The first object, parents before children, that has two members of one name. Recurses as deep as the document.
std::optional<Duplicate> find_duplicate(const Value& root);

/// Appends "/<token>", escaped as RFC 6901 wants.
void append_token(std::string& pointer, std::string_view token);

}  // namespace toolrack::base::json
