/// A FakeHost that runs the plugin against a scripted GitHub, and checks each output against the manifest.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/tool.hpp"

namespace toolrack::github::testing {

namespace sdk = toolrack::testing;

inline constexpr std::string_view kApi = "https://api.github.com";

/// The manifest as the host reads it.
const registry::Tool& manifest();

class SkillHost : public ::testing::Test {
 protected:
  SkillHost();

  /// One answer to one request below the API's base URL.
  void on(std::string_view method, std::string_view path, int status, std::string body = "{}") {
    on(method, path, sdk::FakeReply(status, std::move(body)));
  }
  void on(std::string_view method, std::string_view path, const sdk::FakeReply& reply);
  /// `input` has owner and repo added. A success is checked against the output schema.
  const sdk::Outcome& run(std::string_view skill, std::string_view more_input = "");
  /// With nothing added.
  const sdk::Outcome& run_raw(std::string_view skill, const std::string& input);
  /// The value at a JSON Pointer of the output, as JSON; "(absent)" when there is none.
  std::string at(const char* pointer) const;
  /// "GET /repos/o/r?x=y" of each request that was sent.
  std::vector<std::string> sent();
  sdk::SentRequest last() { return host.requests().back(); }

  sdk::FakeHost host;
  sdk::Outcome outcome;
  rapidjson::Document output;
};

}  // namespace toolrack::github::testing
