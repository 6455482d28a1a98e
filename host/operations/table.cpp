#include "operations/table.hpp"

#include <algorithm>
#include <cassert>

namespace toolrack::operations {

Table::Table() {
  for (auto* group : {tool_operations, knowledge_operations, job_operations, webhook_operations, approval_operations,
                      provider_operations, key_operations, asset_operations, usage_operations, gateway_operations,
                      version_operations, log_operations}) {
    for (auto& operation : group()) {
      auto validator = registry::compile_schema(operation.input_schema);
      assert(validator && "an operation's schema compiles; table_test shows it");
      names_.emplace_back(operation.name, entries_.size());
      for (const auto& alias : operation.aliases) names_.emplace_back(alias, entries_.size());
      entries_.push_back({std::move(operation), *std::move(validator)});
    }
  }
  std::ranges::sort(names_);
}

const Table::Entry* Table::find(std::string_view name) const noexcept {
  const auto found = std::ranges::lower_bound(names_, name, {}, &std::pair<std::string_view, std::size_t>::first);
  return found == names_.end() || found->first != name ? nullptr : &entries_[found->second];
}

}  // namespace toolrack::operations
