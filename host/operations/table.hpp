/// All operations, with their input schemas compiled.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "operations/operation.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::operations {

/// Immutable after construction; any thread.
class Table {
 public:
  Table();

  struct Entry {
    Operation operation;
    std::shared_ptr<const registry::InputValidator> validator;
  };
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  /// By name or alias; null when there is none. Asked for each call of a tool over MCP.
  const Entry* find(std::string_view name) const noexcept;

 private:
  std::vector<Entry> entries_;
  std::vector<std::pair<std::string_view, std::size_t>> names_;  ///< Of entries, aliases too; sorted.
};

// Each group stands in the file of its name.
std::vector<Operation> approval_operations();
std::vector<Operation> asset_operations();
std::vector<Operation> job_operations();
std::vector<Operation> webhook_operations();
std::vector<Operation> knowledge_operations();
std::vector<Operation> tool_operations();
std::vector<Operation> provider_operations();
std::vector<Operation> key_operations();
std::vector<Operation> usage_operations();
std::vector<Operation> gateway_operations();
std::vector<Operation> version_operations();
std::vector<Operation> log_operations();

}  // namespace toolrack::operations
