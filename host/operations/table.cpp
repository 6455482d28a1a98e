#include "operations/table.hpp"

#include <algorithm>
#include <cassert>

namespace toolrack::operations {

Table::Table() {
  for (auto* group :
       {tool_operations, knowledge_operations, job_operations, webhook_operations, approval_operations,
        provider_operations, key_operations, asset_operations, usage_operations, gateway_operations, log_operations}) {
    for (auto& operation : group()) {
      auto validator = registry::compile_schema(operation.input_schema);
      assert(validator && "an operation's schema compiles; table_test shows it");
      entries_.push_back({std::move(operation), *std::move(validator)});
    }
  }
}

const Table::Entry* Table::find(std::string_view name) const noexcept {
  const auto has_name = [name](const Entry& entry) {
    return entry.operation.name == name || std::ranges::count(entry.operation.aliases, name) > 0;
  };
  const auto found = std::ranges::find_if(entries_, has_name);
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace toolrack::operations
