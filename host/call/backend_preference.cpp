#include "call/backend_preference.hpp"

#include <fmt/format.h>

namespace toolrack::call {

using base::ErrorCode;
using base::fail;
namespace json = base::json;

namespace {

using Sort = BackendPreference::Sort;

constexpr std::size_t kMostNames = 50;

base::Result<std::vector<std::string>> read_names(std::string_view member, const json::Value& value) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("\"backend.{}\" is not a list of at most {} backends' names", member, kMostNames));
  };
  if (!value.IsArray() || value.Size() > kMostNames) return wrong();
  std::vector<std::string> names;
  for (const auto& name : value.GetArray()) {
    if (!name.IsString()) return wrong();
    names.emplace_back(json::view(name));
  }
  return names;
}

base::Result<BackendPreference::Sort> read_sort(const json::Value& value) {
  const auto word = value.IsString() ? json::view(value) : std::string_view();
  if (word == "price") return Sort::kPrice;
  if (word == "latency") return Sort::kLatency;
  if (word == "throughput") return Sort::kThroughput;
  return fail(ErrorCode::kInvalidRequest, R"("backend.sort" is none of "price", "latency" and "throughput")",
              "Leave it out to have health, price and latency decide.");
}

}  // namespace

base::Result<BackendPreference> read_backend_preference(const json::Value& value) {
  if (!value.IsObject()) return fail(ErrorCode::kInvalidRequest, "\"backend\" is not an object");
  BackendPreference out;
  for (const auto& [name, member] : value.GetObject()) {
    const auto key = json::view(name);
    if (key == "order") {
      out.order = TRY(read_names(key, member));
    } else if (key == "only") {
      out.only = TRY(read_names(key, member));
    } else if (key == "ignore") {
      out.ignore = TRY(read_names(key, member));
    } else if (key == "sort") {
      out.sort = TRY(read_sort(member));
    } else if (key == "allow_fallbacks") {
      if (!member.IsBool()) return fail(ErrorCode::kInvalidRequest, "\"backend.allow_fallbacks\" is not true or false");
      out.allow_fallbacks = member.GetBool();
    } else {
      return fail(ErrorCode::kInvalidRequest, fmt::format("\"backend.{}\" is no member of backend", key),
                  "It takes order, only, ignore, sort and allow_fallbacks.");
    }
  }
  return out;
}

}  // namespace toolrack::call
