/// A FakeHost that runs what asks search services, against scripted ones, and checks each input and output against the
/// manifest.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <string>
#include <string_view>

#include "registry/tool.hpp"

namespace toolrack::seo::testing {

namespace sdk = toolrack::testing;

/// The manifest as the host reads it.
const registry::Tool& seo_manifest();

constexpr const char* kSerperSearch = "/search";
constexpr const char* kSerperCompletions = "/autocomplete";
constexpr const char* kDataForSeoSearch = "/v3/serp/google/organic/live/advanced";
constexpr const char* kDataForSeoIdeas = "/v3/dataforseo_labs/google/keyword_ideas/live";

/// DataForSEO's answer around the result of one task.
std::string task_answer(const std::string& result, int code = 20000, const std::string& message = "Ok.");

class SearchHost : public ::testing::Test {
 protected:
  SearchHost();

  void answers(const char* path, const sdk::FakeReply& reply) { host.on_http("POST", path, reply); }
  /// `input` has to fit the skill's schema, a success its output schema.
  const sdk::Outcome& run(std::string_view skill, std::string_view provider, const std::string& input);
  /// The value at a JSON Pointer of the output, as JSON; "(absent)" when there is none.
  std::string at(const char* pointer) const;
  sdk::SentRequest last() { return host.requests().back(); }

  sdk::FakeHost host;
  sdk::Outcome outcome;
  rapidjson::Document output;
};

}  // namespace toolrack::seo::testing
