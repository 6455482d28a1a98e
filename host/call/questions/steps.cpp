#include "call/questions/steps.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace toolrack::call {
namespace {

using base::ErrorCode;
using base::fail;
using registry::Once;

constexpr std::size_t kMostBytes = 1 << 20;

}  // namespace

base::Result<Once::Begun> Steps::begin(std::string_view key) {
  const auto found = steps_.find(key);
  if (found == steps_.end()) {
    if (bytes_ + key.size() > kMostBytes)
      return fail(ErrorCode::kInvalidRequest, "the call's steps take more than 1 MiB", "Keep ids, or assets.");
    bytes_ += key.size();
    steps_.emplace(key, Step());
    return Once::Begun{};
  }
  if (found->second.is_done) return Once::Begun{.found = Once::Found::kDone, .value = found->second.value};
  return Once::Begun{.found = Once::Found::kUnknown, .value = {}};
}

base::Result<void> Steps::end(std::string_view key, Once::Ending ending, std::string_view value) {
  const auto found = steps_.find(key);
  if (found == steps_.end() || found->second.is_done || found->second.is_lost)
    return fail(ErrorCode::kInvalidRequest, fmt::format("no step \"{}\" has begun", key),
                "Each step begins, and ends once.");
  switch (ending) {
    case Once::Ending::kUndone:
      bytes_ -= key.size();
      steps_.erase(found);
      return {};
    case Once::Ending::kUnknown:
      found->second.is_lost = true;
      return {};
    case Once::Ending::kDone:
      break;
  }
  if (bytes_ + value.size() > kMostBytes)
    return fail(ErrorCode::kInvalidRequest, "the call's steps take more than 1 MiB", "Keep ids, or assets.");
  bytes_ += value.size();
  found->second.is_done = true;
  found->second.value = value;
  return {};
}

std::vector<Steps::Kept> Steps::all() const {
  std::vector<Kept> all;
  for (const auto& [key, step] : steps_)
    all.push_back({.key = key, .is_done = step.is_done, .is_lost = step.is_lost, .value = step.value});
  return all;
}

Steps Steps::from(std::vector<Kept> all) {
  Steps steps;
  for (auto& [key, is_done, is_lost, value] : all) {
    steps.bytes_ += key.size() + value.size();
    steps.steps_.emplace(std::move(key), Step{.is_done = is_done, .is_lost = is_lost, .value = std::move(value)});
  }
  return steps;
}

}  // namespace toolrack::call
