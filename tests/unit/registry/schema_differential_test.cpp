// clang-format off
// First of all, so that RapidJSON's asserts become exceptions inside valijson.
#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
// clang-format on

#include "registry/input_validator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

// valijson as an oracle: on schemas and values that both understand alike, both must say the same. It runs in a child,
// because it ends the process on what it does not expect. The subset leaves out
//   numbers      1.0 as an integer (it says no), multipleOf (it knows integers only), integers beyond 2^53,
//   formats      it checks some, each a little differently,
//   2020-12      prefixItems, dependentSchemas and dependentRequired, unevaluated*, minContains, maxContains, $anchor:
//   it
//                knows draft 7 and ignores the rest in silence,
//   references   it overflows the stack on endless ones, and reads names by rules of its own,
//   depth        it recurses, so schemas and values are nested three levels at most,
//   patterns     std::regex, so only what means the same to it; no white space classes, nothing outside ASCII.

namespace toolrack::registry {
namespace {

namespace json = base::json;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string schema(int depth) {
    if (depth == 0 && below(12) == 0) return below(2) == 0 ? "true" : "false";
    std::vector<std::string> keywords;
    const int count = 1 + below(4);
    for (int i = 0; i < count; ++i) add_keyword(keywords, depth);
    return fmt::format("{{{}}}", fmt::join(keywords, ","));
  }

  std::string value(int depth) {
    switch (below(depth == 0 ? 5 : 8)) {
      case 0:
        return "null";
      case 1:
        return below(2) == 0 ? "true" : "false";
      case 2:
        return number();
      case 3:
      case 4:
        return string();
      case 5:
        return array(depth);
      default:
        return object(depth);
    }
  }

 private:
  int below(int n) { return std::uniform_int_distribution<>(0, n - 1)(random_); }
  std::string pick(std::initializer_list<const char*> options) {
    return options.begin()[below(static_cast<int>(options.size()))];
  }
  std::string number() { return pick({"-1", "0", "1", "2", "3", "6", "2.5", "-0.5"}); }
  std::string string() { return pick({R"("")", R"("a")", R"("ab")", R"("äb")", R"("abc")", R"("x-1")", R"("b7")"}); }
  std::string name() { return pick({R"("a")", R"("ab")", R"("b")", R"("x-1")"}); }
  std::string small() { return pick({"0", "1", "2", "3"}); }

  std::string array(int depth) {
    std::vector<std::string> items;
    for (int i = below(4); i > 0; --i) items.push_back(value(depth - 1));
    return fmt::format("[{}]", fmt::join(items, ","));
  }

  std::string object(int depth) {
    std::vector<std::string> members;
    for (const auto* key : {R"("a")", R"("ab")", R"("b")", R"("x-1")"})
      if (below(2) == 0) members.push_back(fmt::format("{}:{}", key, value(depth - 1)));
    return fmt::format("{{{}}}", fmt::join(members, ","));
  }

  std::string list(int depth) {
    std::vector<std::string> schemas;
    for (int i = 1 + below(3); i > 0; --i) schemas.push_back(schema(depth - 1));
    return fmt::format("[{}]", fmt::join(schemas, ","));
  }

  void add_keyword(std::vector<std::string>& out, int depth) {
    const auto add = [&](std::string_view keyword, std::string_view text) {
      const auto start = fmt::format("\"{}\":", keyword);
      for (const auto& other : out)
        if (other.starts_with(start)) return;
      out.push_back(start + std::string(text));
    };
    switch (below(depth == 0 ? 13 : 26)) {
      case 0:
      case 1:
        return add("type", pick({R"("string")", R"("integer")", R"("number")", R"("object")", R"("array")",
                                 R"(["null","boolean"])"}));
      case 2:
        return add("enum", fmt::format("[{},{},{}]", value(1), string(), number()));
      case 3:
        return add("const", value(1));
      case 4:
        return add("minLength", small());
      case 5:
        return add("maxLength", small());
      case 6:
        return add("minimum", number());
      case 7:
        return add("maximum", number());
      case 8:
        return add(pick({"exclusiveMinimum", "exclusiveMaximum"}), number());
      case 9:
        return add("maxLength", small());
      case 10:
        return add("pattern", pick({R"("^a")", R"("b$")", R"("^[a-z]+$")", R"("[0-9]")", R"("^x-")"}));
      case 11:
        return add("required", fmt::format("[{}]", name()));
      case 12:
        return add(pick({"minItems", "maxItems", "minProperties", "maxProperties"}), small());
      case 13:
      case 14:
        return add("properties", fmt::format(R"({{"a":{},"ab":{}}})", schema(depth - 1), schema(depth - 1)));
      case 15:
        return add("additionalProperties", below(2) == 0 ? "false" : schema(depth - 1));
      case 16:
        return add("patternProperties", fmt::format(R"({{"^x-":{},"b":{}}})", schema(depth - 1), schema(depth - 1)));
      case 17:
        return add("propertyNames", fmt::format(R"({{"maxLength":{}}})", small()));
      case 18:
        return add("items", below(3) == 0 ? list(depth) : schema(depth - 1));
      case 19:
        return add("contains", schema(depth - 1));
      case 20:
        return add("uniqueItems", "true");
      case 21:
        return add("allOf", list(depth));
      case 22:
        return add("anyOf", list(depth));
      case 23:
        return add("oneOf", list(depth));
      case 24:
        return add("not", schema(depth - 1));
      default:
        add("if", schema(depth - 1));
        add("then", schema(depth - 1));
        return add("else", schema(depth - 1));
    }
  }

  std::mt19937 random_;
};

class Oracle {
 public:
  explicit Oracle(const json::Value& schema) {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::RapidJsonAdapter(schema), schema_);
  }
  bool takes(const json::Value& value) {
    return validator_.validate(schema_, valijson::adapters::RapidJsonAdapter(value), nullptr);
  }

 private:
  valijson::Schema schema_;
  valijson::Validator validator_;
};

struct Pairs {
  std::string schema;
  std::vector<std::string> values;
};

std::vector<Pairs> pairs(unsigned seed) {
  Generator generate(seed);
  std::vector<Pairs> out(1'500);
  for (auto& one : out) {
    one.schema = generate.schema(2);
    for (int j = 0; j < 12; ++j) one.values.push_back(generate.value(2));
  }
  return out;
}

/// The oracle's answers from `first` on, one byte a pair, as far as it gets.
std::string ask(const std::vector<Pairs>& all, std::size_t first) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const auto child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    for (std::size_t i = first; i < all.size(); ++i) {
      const auto schema = json::parse(all[i].schema);
      Oracle oracle(*schema);
      std::string answers;
      for (const auto& text : all[i].values) answers += oracle.takes(*json::parse(text)) ? '1' : '0';
      if (::write(ends[1], answers.data(), answers.size()) < 0) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string out;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return out;
}

TEST(SchemaDifferential, AgreesWithValijsonOnGeneratedSchemasAndValues) {
  constexpr unsigned kSeed = 20'26;
  const auto all = pairs(kSeed);
  int valid = 0, invalid = 0, deaths = 0;
  std::string answers;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [schema_text, values] = all[i];
    if (answers.empty()) answers = ask(all, i);
    if (answers.size() < values.size()) {  // It died of this one; a new child goes on behind it.
      answers.clear();
      ++deaths;
      continue;
    }
    const auto ours = compile_schema(schema_text);
    ASSERT_TRUE(ours) << schema_text << ": " << ours.error().message();
    for (std::size_t j = 0; j < values.size(); ++j) {
      const auto violations = (*ours)->check(*json::parse(values[j]));
      ASSERT_EQ(violations.empty(), answers[j] == '1') << "seed " << kSeed << ", schema " << i << "\n"
                                                       << schema_text << "\n"
                                                       << values[j] << "\n"
                                                       << (violations.empty() ? "" : violations[0].message);
      ++(violations.empty() ? valid : invalid);
    }
    answers.erase(0, values.size());
  }
  std::printf("%d valid and %d invalid pairs alike; the oracle died of %d of %zu schemas\n", valid, invalid, deaths,
              all.size());
  EXPECT_GT(valid, 3'000) << "a test whose answers are all alike shows nothing";
  EXPECT_GT(invalid, 3'000);
  EXPECT_LT(deaths, 15) << "an oracle that says nothing is none";
}

}  // namespace
}  // namespace toolrack::registry
