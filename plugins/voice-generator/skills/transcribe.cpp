/// Text from speech: the bytes of the asset go from the disk into the request, never through here, but for Gemini,
/// which takes them inside JSON.
#include <toolrack/json_text.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "errors.hpp"
#include "json.hpp"
#include "plan.hpp"
#include "skills/audio_file.hpp"
#include "skills/skills.hpp"
#include "transcript.hpp"
#include "transcript_request.hpp"

namespace toolrack::voice {
namespace {

Transcript transcript_by(Provider provider, const rapidjson::Value& body) {
  if (provider == Provider::kOpenAi) return openai_transcript(body);
  return provider == Provider::kElevenLabs ? elevenlabs_transcript(body) : gemini_transcript(body);
}

/// Of an answer that holds none.
Reply no_transcript(Provider provider, const rapidjson::Value& body) {
  std::string reason;
  if (provider == Provider::kGemini) {
    reason = text_at(body, "/promptFeedback/blockReason");
    if (reason.empty()) reason = text_at(body, "/candidates/0/finishReason");
  }
  if (reason == "MAX_TOKENS") {
    Reply reply = Reply::error(TR_INVALID_ARGUMENT, "voice.audio_too_large",
                               "Gemini did not come to the end of the recording", "Cut it into several calls.");
    reply.add_flags(TR_OUT_FINAL);
    return reply;
  }
  if (!reason.empty() && reason != "STOP") return silence(reason, "transcript");
  Reply reply =
      Reply::error(TR_UNAVAILABLE, "voice.garbage",
                   std::string(title_of(provider)) + " answered with a body that holds no text", "Try again later.");
  reply.add_flags(TR_OUT_PROVIDER | TR_OUT_FINAL);
  return reply;
}

}  // namespace

Task transcribe(Call call) {
  const rapidjson::Document input = parse(call.input());
  const rapidjson::Document options = parse(view(call.backend().options_json));
  const auto provider = provider_named(view(call.backend().provider));
  const std::string model = text_at(options, "/transcribe/model");
  if (!provider || model.empty())
    co_return cannot("voice.unknown_provider", "This provider transcribes nothing",
                     "Use elevenlabs, openai or gemini.");
  const std::string title = title_of(*provider);

  const std::string asset = text_at(input, "/audio_asset"), url = text_at(input, "/audio_url");
  if (asset.empty() == url.empty()) {
    co_return Reply::error(TR_INVALID_ARGUMENT, "voice.one_source",
                           "Exactly one of audio_asset and audio_url is needed.", "Leave out the other.");
  }
  AudioFile file = co_await audio_file(call, asset, url);
  if (file.failure) co_return std::move(*file.failure);
  const std::int64_t most = number_at(options, "/transcribe/max_bytes");
  if (file.bytes > most) {
    co_return cannot(
        "voice.audio_too_large",
        "The audio has " + std::to_string(file.bytes) + " bytes; " + title + " takes at most " + std::to_string(most),
        "Cut it, or compress it as MP3.");
  }

  TranscriptAsk ask;
  ask.provider = *provider;
  ask.model = model;
  ask.language = text_at(input, "/language");
  if (*provider == Provider::kGemini) {
    if (!is_heard_by_gemini(file)) {
      co_return cannot("voice.media_type_not_taken", "Gemini does not take \"" + file.media_type + "\"",
                       "Give MP3, WAV, FLAC or Ogg, or use another provider.");
    }
    InlineAudio audio = co_await inline_audio(call, file.id, file.bytes);
    if (audio.failure) co_return std::move(*audio.failure);
    ask.base64 = std::move(audio.base64);
  }
  const HttpRequest request = transcript_request(std::move(ask), file, call.random());
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(*provider, answer);

  const rapidjson::Document body = parse(answer.body());
  const Transcript transcript = transcript_by(*provider, body);
  if (!transcript.is_one) co_return no_transcript(*provider, body);
  const auto seconds = static_cast<std::int64_t>(std::ceil(transcript.duration_s));
  call.meter("usd", seconds * number_at(options, "/transcribe/micros_per_second"));
  call.meter("second", seconds * 1'000'000);
  co_return Reply::json(
      "{\"text\":" + json_quote(transcript.text) + ",\"language\":" + quote_or_null(transcript.language) +
      ",\"segments\":" + transcript.segments + ",\"duration_s\":" + std::to_string(transcript.duration_s) +
      ",\"provider\":" + json_quote(view(call.backend().provider)) + ",\"model\":" + json_quote(model) + "}");
}

}  // namespace toolrack::voice
