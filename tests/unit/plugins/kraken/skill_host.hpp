/// A FakeHost that runs the plugin against a scripted Kraken, and checks each input and output against the manifest.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <string>
#include <string_view>

#include "registry/tool.hpp"

namespace toolrack::kraken::testing {

namespace sdk = toolrack::testing;

/// The manifest as the host reads it.
const registry::Tool& manifest();
const registry::Skill& skill_of(std::string_view name);
/// The provider that serves it.
const registry::Provider& provider_of(std::string_view skill);
sdk::CallOptions options_of(std::string_view skill);

class SkillHost : public ::testing::Test {
 protected:
  SkillHost();

  /// One answer below /0/public or /0/private: Kraken's envelope around `result`.
  void on_public(std::string_view name_and_query, const std::string& result);
  void on_private(std::string_view name, const std::string& result);
  void on(std::string_view method, std::string_view path, const sdk::FakeReply& reply);
  /// `input` has to fit the skill's schema, a success its output schema.
  const sdk::Outcome& run(std::string_view skill, const std::string& input = "{}");
  /// The value at a JSON Pointer of the output, as JSON; "(absent)" when there is none.
  std::string at(const char* pointer) const;
  sdk::SentRequest last() { return host.requests().back(); }

  sdk::FakeHost host;
  sdk::Outcome outcome;
  rapidjson::Document output;
};

}  // namespace toolrack::kraken::testing
