/// ValueMaker: what it makes from a schema is nearly always valid, and the same for the same seed.
#include "lint/value_maker.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "registry/input_validator.hpp"

namespace toolrack::lint {
namespace {

struct Row {
  const char* name;
  const char* schema;
};

class MadeValues : public testing::TestWithParam<Row> {};

TEST_P(MadeValues, AreValidMoreOftenThanNot) {
  const auto schema = base::json::parse(GetParam().schema);
  ASSERT_TRUE(schema);
  const auto validator = registry::compile_schema(*schema);
  ASSERT_TRUE(validator) << validator.error().message();
  int valid = 0;
  std::string last;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    last = ValueMaker(*schema, seed).make();
    const auto value = base::json::parse(last);
    ASSERT_TRUE(value) << last;
    valid += (*validator)->check(*value).empty() ? 1 : 0;
  }
  EXPECT_GT(valid, 100) << last;
}

TEST_P(MadeValues, AreTheSameForTheSameSeed) {
  const auto schema = base::json::parse(GetParam().schema);
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    EXPECT_EQ(ValueMaker(*schema, seed).make(), ValueMaker(*schema, seed).make());
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, MadeValues,
    testing::Values(
        Row{"object",
            R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a"]})"},
        Row{"bounds", R"({"type":"integer","minimum":3,"maximum":5})"},
        Row{"exclusive", R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})"},
        Row{"multiples", R"({"type":"number","minimum":0.5,"maximum":2,"multipleOf":0.5})"},
        Row{"lengths", R"({"type":"string","minLength":20,"maxLength":25})"},
        Row{"formats",
            R"({"type":"object","required":["d","u"],"properties":{"d":{"type":"string","format":"date-time"},
                          "u":{"type":"string","format":"uri"}}})"},
        Row{"arrays", R"({"type":"array","minItems":2,"maxItems":4,"items":{"enum":["x","y"]}})"},
        Row{"tuple",
            R"({"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"minItems":2,"maxItems":2})"},
        Row{"reference", R"({"$defs":{"n":{"type":"integer","minimum":0}},"type":"object","required":["n"],
                            "properties":{"n":{"$ref":"#/$defs/n"}}})"},
        Row{"recursion",
            R"({"type":"object","required":["v"],"properties":{"v":{"type":"boolean"},"next":{"$ref":"#"}}})"},
        Row{"choice", R"({"oneOf":[{"type":"string","minLength":1},{"type":"integer"}]})"},
        Row{"one_of_members", R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},
                                 "oneOf":[{"required":["a"]},{"required":["b"]}]})"},
        Row{"several_types", R"({"type":["string","null"]})"}, Row{"constant", R"({"const":{"a":[1]}})"},
        Row{"anything", R"({})"}),
    [](const auto& info) { return info.param.name; });

TEST(ValueMaker, MakesDifferentValues) {
  const auto schema = base::json::parse(R"({"type":"string"})");
  std::set<std::string> made;
  for (std::uint64_t seed = 0; seed < 100; ++seed) made.insert(ValueMaker(*schema, seed).make());
  EXPECT_GT(made.size(), 8U);
}

TEST(ValueMaker, EndsWhereASchemaDoesNot) {
  const auto schema = base::json::parse(R"({"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}})");
  EXPECT_LT(ValueMaker(*schema, 1).make().size(), 10'000U);
}

}  // namespace
}  // namespace toolrack::lint
