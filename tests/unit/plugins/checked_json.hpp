/// What the hosts of plugins' unit tests share: a skill's input and output fit its manifest, as a gateway sees to.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "base/json.hpp"

namespace toolrack::testing {

/// Fails the test with the first violation of the skill's schema. `validator`: of a registry::Skill.
template <typename Validator>
void expect_fits(const Validator& validator, const std::string& text) {
  const auto parsed = base::json::parse(text);
  ASSERT_TRUE(parsed) << text;
  const auto violations = validator.check(*parsed);
  EXPECT_TRUE(violations.empty()) << text << (violations.empty() ? "" : violations[0].message);
}

/// JSON of what a JSON Pointer leads to; "(absent)" when there is nothing, or no output.
inline std::string json_at(const rapidjson::Document& output, const char* pointer) {
  if (output.HasParseError()) return "(absent)";
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(output);
  if (value == nullptr) return "(absent)";
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value->Accept(writer);
  return buffer.GetString();
}

}  // namespace toolrack::testing
