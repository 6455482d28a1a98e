/// Which arguments of which tools a remote gateway wants repeated in Mcp-Param-* headers (`x-mcp-header` in a tool's
/// input schema). Learned from the lists that pass by.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/tool.hpp"

namespace toolrack::stdio {

class ParamCache {
 public:
  /// Takes in the answer to a tools/list; anything else is ignored.
  void learn(std::string_view answer);
  /// Appends the header lines of one call.
  void add_headers(std::string_view tool, const base::json::Value* arguments, std::vector<std::string>& headers) const;

 private:
  std::map<std::string, std::vector<registry::HeaderArgument>, std::less<>> tools_;  // Those that have any.
};

}  // namespace toolrack::stdio
