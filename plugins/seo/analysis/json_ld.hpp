/// Structured data in <script type="application/ld+json">.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

struct JsonLdBlock {
  bool is_valid = false;           ///< It is JSON, and an object or a list of objects.
  std::string error;               ///< What is wrong and where, when not valid.
  std::string context;             ///< First @context that is a string; "(object)" when it is none.
  std::vector<std::string> types;  ///< Every @type of the top level and of @graph, at most 20.
  std::size_t untyped = 0;         ///< Objects there without @type, @id references aside.
  std::size_t bytes = 0;
};

JsonLdBlock read_json_ld(std::string_view text);

}  // namespace toolrack::seo
