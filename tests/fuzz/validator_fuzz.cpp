/// A schema and a value (a line each; what follows the second line is more values) -> verdict.
#include <algorithm>
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;

void check_value(const registry::InputValidator& validator, const json::Value& value, std::string_view schema) {
  const auto verdict = validator.check(value);
  const auto text = registry::to_json(verdict);
  require(registry::to_json(validator.check(value)) == text, "the same question has the same answer", text);
  require(verdict.size() <= 32, "a verdict has an end", text);
  require(json::parse(text).has_value(), "a verdict is JSON", text);
  for (const auto& violation : verdict) {
    require(!violation.message.empty(), "a violation says why", text);
    require(json::at(value, violation.pointer) != nullptr, "a violation is somewhere in the value", text);
    require(base::is_utf8(violation.message), "messages are UTF-8", violation.message);
  }
  // Members have no order and numbers no spelling. Only one who gave up may see it differently.
  const auto other = json::parse(json::canonical(value));
  require(other.has_value(), "canonical text is JSON");
  const bool gave_up = std::ranges::any_of(verdict, [](const auto& violation) { return violation.keyword.empty(); });
  if (!gave_up)
    require(validator.check(*other).empty() == verdict.empty(), "a value's spelling does not decide about it",
            std::string(schema) + "\n" + json::dump(value) + "\n" + text);
}

}  // namespace

void check(std::string_view input) {
  const auto schema = take_until(input, "\n");
  const auto compiled = registry::compile_schema(schema);
  if (!compiled) return;
  constexpr int kMost = 4;
  for (int i = 0; i < kMost && !input.empty(); ++i) {
    const auto value = json::parse(take_until(input, "\n"));
    if (value) check_value(**compiled, *value, schema);
  }
}

}  // namespace toolrack::fuzz
