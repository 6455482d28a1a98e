#include "cli/operation_verb.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "cli/typed_value.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;

/// Of an option's words. To CLI11 an option that takes more than some 33 million is another kind: it splits words in
/// brackets, or takes one word only.
constexpr int kAnyNumber = 1'000'000;

std::string option_name(std::string_view member) {
  std::string name(member);
  for (auto& c : name)
    if (c == '_') c = '-';
  return "--" + name;
}

/// Is the member among those that are given without a name?
bool is_positional_member(const operations::Operation& operation, std::string_view name) {
  const auto names = fmt::format(" {} ", operation.cli_positional);
  return names.find(fmt::format(" {} ", name)) != std::string::npos;
}

}  // namespace

void add_options(CLI::App& command, const operations::Operation& operation, VerbInput& input) {
  const auto schema = json::parse(operation.input_schema);
  const auto* properties = json::find(*schema, "properties");
  if (properties == nullptr) return;
  for (const auto& property : properties->GetObject()) {
    const auto name = std::string(json::view(property.name));
    if (name == "q" || name == "owner") continue;  // Other spellings for URLs.
    const auto is_positional = is_positional_member(operation, name);
    const auto is_list = json::find_string(property.value, "type") == "array";
    auto help = std::string(json::find_string(property.value, "description").value_or(""));
    if (is_list && !is_positional) help += " Several words, or '' for none.";
    auto* option = command.add_option(is_positional ? name : option_name(name), input.values[name], help);
    const auto* required = json::find(*schema, "required");
    if (is_positional && required != nullptr &&
        std::ranges::any_of(required->GetArray(), [&](const json::Value& r) { return json::view(r) == name; }))
      option->required();
    // A question may be several words; what stands before it is one.
    if (!is_list && !(is_positional && name == "query")) option->expected(1)->allow_extra_args(!is_positional);
    // Otherwise the parser would read brackets itself, and a JSON array would not reach us.
    if (is_list) option->expected(1, kAnyNumber)->allow_extra_args(false);
    option->type_name(is_positional ? ""
                                    : fmt::format("{}{}", json::find_string(property.value, "type").value_or("text"),
                                                  is_list ? " ..." : ""));
  }
}

base::Result<HttpCall> to_http(const operations::Operation& operation, const VerbInput& input) {
  const auto schema = TRY(json::parse(operation.input_schema));
  const auto* properties = json::find(schema, "properties");
  HttpCall call{.method = std::string(operation.method), .path = std::string(operation.path), .body = {}};
  std::string query;
  json::Document body(rapidjson::kObjectType);
  for (const auto& [name, values] : input.values) {
    if (values.empty()) continue;
    const auto text = fmt::format("{}", fmt::join(values, " "));
    if (const auto segment = call.path.find(":" + name); segment != std::string::npos) {
      // owner/tool stands for two segments.
      const auto slash = name == "tool" ? text.find('/') : std::string::npos;
      const auto encoded = slash == std::string::npos ? base::percent_encode(text)
                                                      : base::percent_encode(text.substr(0, slash)) + "/" +
                                                            base::percent_encode(text.substr(slash + 1));
      call.path.replace(segment, name.size() + 1, encoded);
    } else if (operation.method == "POST") {
      auto value = TRY(typed_value(name, values, *json::find(*properties, name), body));
      body.AddMember(json::Value(name, body.GetAllocator()), std::move(value), body.GetAllocator());
    } else {
      query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, base::percent_encode(text));
    }
  }
  call.path += query;
  if (operation.method == "POST") call.body = json::dump(body);
  return call;
}

}  // namespace toolrack::cli
