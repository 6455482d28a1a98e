#include "accounts/principal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace toolrack::accounts {
namespace {

struct Row {
  Scope scope;
  std::string_view name;
};
constexpr std::array kScopes{Row{Scope::kToolsRead, "tools:read"}, Row{Scope::kToolsCall, "tools:call"},
                             Row{Scope::kKeysRead, "keys:read"},   Row{Scope::kKeysWrite, "keys:write"},
                             Row{Scope::kUsageRead, "usage:read"}, Row{Scope::kApprovalsWrite, "approvals:write"},
                             Row{Scope::kAdmin, "admin"}};

std::string known_scopes() {
  std::string all;
  for (const auto& row : kScopes) all += (all.empty() ? "" : ", ") + std::string(row.name);
  return all;
}

}  // namespace

base::Result<Scopes> Scopes::parse(const std::vector<std::string>& names) {
  Scopes scopes;
  for (const auto& name : names) {
    const auto row = std::ranges::find(kScopes, name, &Row::name);
    if (row == kScopes.end())
      return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no scope.", name),
                        fmt::format("Use some of: {}.", known_scopes()));
    scopes.bits_ |= static_cast<std::uint32_t>(row->scope);
  }
  return scopes;
}

std::vector<std::string_view> Scopes::names() const {
  std::vector<std::string_view> names;
  for (const auto& row : kScopes)
    if (has(row.scope)) names.push_back(row.name);
  return names;
}

std::string_view to_string(Scope scope) noexcept {
  const auto row = std::ranges::find(kScopes, scope, &Row::scope);
  return row == kScopes.end() ? std::string_view() : row->name;
}

}  // namespace toolrack::accounts
