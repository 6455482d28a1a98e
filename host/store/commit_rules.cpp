#include "store/commit_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace toolrack::store {
namespace {

using base::ErrorCode;

const std::string* document_of(const Operation& operation) noexcept {
  if (const auto* put = std::get_if<Put>(&operation)) return &put->json;
  if (const auto* put = std::get_if<PutIfAbsent>(&operation)) return &put->json;
  return nullptr;
}

}  // namespace

base::Result<void> check_collection(std::string_view collection) {
  const bool is_name = !collection.empty() && collection.size() <= kMaxCollection &&
                       std::ranges::all_of(collection, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (is_name) return {};
  return base::fail(ErrorCode::kInvalidRequest, fmt::format("Collection \"{}\" is not 1 to {} characters of a-z and _.",
                                                            collection.substr(0, 2 * kMaxCollection), kMaxCollection));
}

base::Result<void> check_name(std::string_view collection, std::string_view key) {
  if (auto valid = check_collection(collection); !valid) return valid;
  if (!key.empty() && key.size() <= kMaxKey) return {};
  return base::fail(
      ErrorCode::kInvalidRequest,
      fmt::format("A key in collection \"{}\" has {} bytes; 1 to {} are allowed.", collection, key.size(), kMaxKey));
}

base::Result<void> check_commit(const Commit& commit) {
  if (commit.size() > kMaxOperations)
    return base::fail(ErrorCode::kInvalidRequest, fmt::format("A commit has {} operations; at most {} are allowed.",
                                                              commit.size(), kMaxOperations));
  for (const auto& operation : commit) {
    auto valid = std::visit([](const auto& one) { return check_name(one.collection, one.key); }, operation);
    if (!valid) return valid;
    const auto* document = document_of(operation);
    if (document == nullptr || (!document->empty() && document->size() <= kMaxDocument)) continue;
    const auto& key = std::visit([](const auto& one) -> const std::string& { return one.key; }, operation);
    return base::fail(
        ErrorCode::kInvalidRequest,
        fmt::format("The document for \"{}\" has {} bytes; 1 to {} are allowed.", key, document->size(), kMaxDocument));
  }
  return {};
}

std::size_t weight(const Commit& commit) noexcept {
  std::size_t bytes = 0;
  for (const auto& operation : commit) {
    bytes += std::visit([](const auto& one) { return one.collection.size() + one.key.size(); }, operation);
    if (const auto* document = document_of(operation)) bytes += document->size();
  }
  return bytes;
}

}  // namespace toolrack::store
