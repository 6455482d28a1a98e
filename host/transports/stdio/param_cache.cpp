#include "transports/stdio/param_cache.hpp"

#include "registry/header_annotations.hpp"
#include "transports/stdio/headers.hpp"
#include "transports/stdio/line_input.hpp"

namespace toolrack::stdio {

namespace json = base::json;

void ParamCache::learn(std::string_view answer) {
  const auto document = json::parse(answer, {.max_bytes = LineInput::kMaxLine, .max_values = 10'000'000});
  const auto* tools = document ? json::at(*document, "/result/tools") : nullptr;
  if (tools == nullptr || !tools->IsArray()) return;
  for (const auto& tool : tools->GetArray()) {
    const auto name = json::find_string(tool, "name");
    const auto* schema = json::find(tool, "inputSchema");
    if (!name || schema == nullptr) continue;
    // What is wrong with others' annotations is theirs to know; what a header can be made of is sent.
    auto arguments = registry::read_header_annotations(*schema, "").arguments;
    if (arguments.empty())
      tools_.erase(std::string(*name));
    else
      tools_.insert_or_assign(std::string(*name), std::move(arguments));
  }
}

void ParamCache::add_headers(std::string_view tool, const json::Value* arguments,
                             std::vector<std::string>& headers) const {
  const auto known = tools_.find(tool);
  if (known == tools_.end()) return;
  for (const auto& argument : known->second) {
    const auto* value = arguments;
    for (const auto& step : argument.path) value = value == nullptr ? nullptr : json::find(*value, step);
    if (value == nullptr || value->IsNull()) continue;
    headers.push_back(
        header_line(argument.header, value->IsString() ? std::string(json::view(*value)) : json::dump(*value)));
  }
}

}  // namespace toolrack::stdio
