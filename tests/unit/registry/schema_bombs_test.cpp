// Schemas and values made to cost: tests/data/schema_bombs.json. Each is refused by name or done within its bound on
// the counter of work; the time is printed, because it says more about the machine.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "registry/schema_checker.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {
namespace {

namespace json = base::json;
using json::Value;

json::Document rows() {
  std::ifstream file(std::string(TOOLRACK_SOURCE_DIR) + "/tests/data/schema_bombs.json", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(*json::parse(text.str()));
}

std::string text_of(const Value& row, std::string_view key) {
  return std::string(json::find_string(row, key).value_or(""));
}

void append(std::string& out, std::string_view part, int i, int times) {
  for (std::size_t at = 0; at < part.size();) {
    const auto rest = part.substr(at);
    const int value = rest.starts_with("{i}")   ? i
                      : rest.starts_with("{n}") ? i + 1
                      : rest.starts_with("{r}") ? times - 1 - i
                                                : -1;
    if (value < 0) {
      out += part[at++];
    } else {
      out += std::to_string(value);
      at += 3;
    }
  }
}

/// head, `open` so many times, middle, `open2` and `close` as often, tail. {i} counts from 0, {n} from 1, {r}
/// backwards.
std::string build(const Value& recipe) {
  const auto times = static_cast<int>(json::find_int(recipe, "times").value_or(0));
  auto out = text_of(recipe, "head");
  const auto open = text_of(recipe, "open"), open2 = text_of(recipe, "open2"), close = text_of(recipe, "close");
  for (int i = 0; i < times; ++i) append(out, open, i, times);
  out += text_of(recipe, "middle");
  for (int i = 0; i < times && !open2.empty(); ++i) append(out, open2, i, times);
  for (int i = 0; i < times && !close.empty(); ++i) append(out, close, i, times);
  return out + text_of(recipe, "tail");
}

struct Seen {
  std::string outcome, words;
  std::int64_t steps = 0;
};

Seen run(const Value& row, const std::string& schema_text, const std::string& value_text) {
  const auto schema = json::parse(schema_text);
  if (!schema) return {"refused", schema.error().message()};
  const auto program = compile(*schema, Formats::kAssert);
  if (!program) return {"refused", program.error().message()};
  json::Limits limits;
  if (text_of(row, "name").find("without the usual limits") != std::string::npos) {
    limits = {.max_bytes = 64 << 20, .max_depth = 1'000, .max_values = 2'000'000};
  }
  const auto value = json::parse(value_text, limits);
  if (!value) return {"unreadable", value.error().message()};
  Checker checker(**program);
  const auto violations = checker.run(*value);
  if (violations.empty()) return {"valid", "", checker.steps_used()};
  const bool is_spent = violations.front().keyword.empty();
  return {is_spent ? "too much" : "invalid", violations.front().message, checker.steps_used()};
}

TEST(SchemaBombs, AreRefusedOrEndWithinTheirBudget) {
  int controls = 0;
  const auto list = rows();
  for (const auto& row : list.GetArray()) {
    const auto name = text_of(row, "name");
    EXPECT_NE(text_of(row, "why"), "") << name;
    controls += name.starts_with("control:") ? 1 : 0;
    const auto schema = build(*json::find(row, "schema"));
    const auto* recipe = json::find(row, "value");
    const auto value = recipe != nullptr ? build(*recipe) : "null";
    const auto start = std::chrono::steady_clock::now();
    const auto seen = run(row, schema, value);
    const auto ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-70s %-10s %8lld steps %7.1f ms\n", name.c_str(), seen.outcome.c_str(),
                static_cast<long long>(seen.steps), ms);
    EXPECT_EQ(seen.outcome, text_of(row, "expect")) << name << ": " << seen.words;
    EXPECT_NE(seen.words.find(text_of(row, "says")), std::string::npos) << name << ": " << seen.words;
    EXPECT_LE(seen.steps, json::find_int(row, "max_steps").value_or(0)) << name;
  }
  EXPECT_GE(controls, 3) << "without a harmless twin a refusal shows nothing";
}

}  // namespace
}  // namespace toolrack::registry::schema
