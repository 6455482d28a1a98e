/// A FakeHost that runs the plugin against scripted providers, and checks each input and output against the manifest.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <string>
#include <string_view>

#include "registry/tool.hpp"

namespace toolrack::voice::testing {

namespace sdk = toolrack::testing;

/// The manifest as the host reads it.
const registry::Tool& manifest();
const registry::Skill& skill_of(std::string_view name);

constexpr const char* kElevenLabsSpeech = "/v1/text-to-speech/*";
constexpr const char* kOpenAiSpeech = "/v1/audio/speech";
constexpr const char* kGeminiSpeech = "/v1beta/models/*";

class VoiceHost : public ::testing::Test {
 protected:
  VoiceHost();

  /// What `provider` answers to generate_voice from now on.
  void speech(std::string_view provider, const sdk::FakeReply& reply);
  /// `input` has to fit the skill's schema, a success its output schema.
  const sdk::Outcome& run(std::string_view skill, std::string_view provider, const std::string& input);
  /// generate_voice.
  const sdk::Outcome& speak(std::string_view provider, const std::string& input = R"({"text":"Hello"})");
  /// The value at a JSON Pointer of the output, as JSON; "(absent)" when there is none.
  std::string at(const char* pointer) const;
  sdk::SentRequest last() { return host.requests().back(); }

  sdk::FakeHost host;
  sdk::Outcome outcome;
  rapidjson::Document output;
};

}  // namespace toolrack::voice::testing
