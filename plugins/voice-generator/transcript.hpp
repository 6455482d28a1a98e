/// What the providers heard, told alike.
#pragma once

#include <rapidjson/document.h>

#include <string>

namespace toolrack::voice {

struct Transcript {
  bool is_one = false;  ///< false: the answer holds no text.
  std::string text;
  std::string language;         ///< As the provider names it; "" when it does not.
  std::string segments = "[]";  ///< JSON: [{start_s, end_s, text}].
  double duration_s = 0;
};

Transcript openai_transcript(const rapidjson::Value& body);
/// ElevenLabs tells words: a segment is a sentence of them.
Transcript elevenlabs_transcript(const rapidjson::Value& body);
/// Gemini writes the document that it was asked for: {language, segments}. The seconds are counted by its tokens.
Transcript gemini_transcript(const rapidjson::Value& body);

}  // namespace toolrack::voice
