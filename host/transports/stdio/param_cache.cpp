#include "transports/stdio/param_cache.hpp"

#include <algorithm>

#include "transports/stdio/headers.hpp"
#include "transports/stdio/line_input.hpp"

namespace toolrack::stdio {
namespace {

namespace json = base::json;

/// The characters of an RFC 9110 token; another suffix could smuggle a header of its own.
bool is_token(std::string_view text) {
  const auto is_fit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, is_fit);
}

}  // namespace

void ParamCache::find_params(const json::Value& schema, std::vector<std::string>& path, std::vector<Param>& found) {
  const auto* properties = json::find(schema, "properties");
  if (properties == nullptr || !properties->IsObject()) return;
  for (const auto& property : properties->GetObject()) {
    path.emplace_back(json::view(property.name));
    const auto suffix = json::find_string(property.value, "x-mcp-header");
    if (suffix && is_token(*suffix)) found.push_back({.header = "Mcp-Param-" + std::string(*suffix), .path = path});
    find_params(property.value, path, found);
    path.pop_back();
  }
}

void ParamCache::learn(std::string_view answer) {
  const auto document = json::parse(answer, {.max_bytes = LineInput::kMaxLine, .max_values = 10'000'000});
  const auto* tools = document ? json::at(*document, "/result/tools") : nullptr;
  if (tools == nullptr || !tools->IsArray()) return;
  for (const auto& tool : tools->GetArray()) {
    const auto name = json::find_string(tool, "name");
    const auto* schema = json::find(tool, "inputSchema");
    if (!name || schema == nullptr) continue;
    std::vector<std::string> path;
    std::vector<Param> params;
    find_params(*schema, path, params);
    if (params.empty())
      tools_.erase(std::string(*name));
    else
      tools_.insert_or_assign(std::string(*name), std::move(params));
  }
}

void ParamCache::add_headers(std::string_view tool, const json::Value* arguments,
                             std::vector<std::string>& headers) const {
  const auto known = tools_.find(tool);
  if (known == tools_.end()) return;
  for (const auto& param : known->second) {
    const auto* value = arguments;
    for (const auto& step : param.path) value = value == nullptr ? nullptr : json::find(*value, step);
    if (value == nullptr || value->IsNull()) continue;
    headers.push_back(
        header_line(param.header, value->IsString() ? std::string(json::view(*value)) : json::dump(*value)));
  }
}

}  // namespace toolrack::stdio
