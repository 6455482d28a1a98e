/// Words of the command line as JSON values, read as a schema wants them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace toolrack::cli {

/// One value for `property`, a JSON Schema: a list takes every word (or one word that is a JSON array; one that is
/// empty is the empty list), an object a word that is JSON, true stands for a flag without a word. Where the schema
/// gives no type, a word that reads as JSON is taken as such, else as a string. kInvalidRequest names `name` and what
/// was expected.
base::Result<base::json::Value> typed_value(std::string_view name, const std::vector<std::string>& words,
                                            const base::json::Value& property, base::json::Document& document);

}  // namespace toolrack::cli
