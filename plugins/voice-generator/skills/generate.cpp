/// Speech from text: an asset, whose bytes pass through the plugin only where a provider wraps them in JSON.
#include <toolrack/json_text.hpp>

#include <string>

#include "errors.hpp"
#include "json.hpp"
#include "pcm.hpp"
#include "plan.hpp"
#include "requests.hpp"
#include "skills/skills.hpp"

namespace toolrack::voice {
namespace {

/// Gemini worked and was paid, and its answer is none: another try is another bill.
Reply garbage(const std::string& what) {
  Reply reply = Reply::error(TR_UNAVAILABLE, "voice.garbage", "Gemini answered with " + what, "Try again later.");
  reply.add_flags(TR_OUT_PROVIDER | TR_OUT_FINAL);
  return reply;
}

/// {audio_asset, provider, model, voice, format, characters, duration_s}. `duration_s`: less than 0 when not known.
Reply speech(const Call& call, const Plan& plan, std::string_view asset, double duration_s) {
  call.meter("usd", plan.characters * plan.model.micros_per_character);
  call.meter("character", plan.characters * 1'000'000);
  std::string out = "{\"audio_asset\":" + std::string(asset);
  out += ",\"provider\":" + json_quote(view(call.backend().provider));
  out += ",\"model\":" + json_quote(plan.model.id) + ",\"voice\":" + json_quote(plan.voice);
  out += ",\"format\":" + json_quote(plan.format->name) + ",\"characters\":" + std::to_string(plan.characters);
  out += ",\"duration_s\":" + (duration_s < 0 ? std::string("null") : std::to_string(duration_s)) + "}";
  return Reply::json(std::move(out));
}

/// The first part of the answer that is audio: where its data is in Lifted::data, and of what type it is.
struct Audio {
  std::int64_t place = -1;
  std::string media_type;
};

Audio audio_of(const rapidjson::Value& answer) {
  Audio audio;
  const rapidjson::Value* const parts = at(answer, "/candidates/0/content/parts");
  if (parts == nullptr || !parts->IsArray()) return audio;
  for (const rapidjson::Value& each : parts->GetArray()) {
    audio.place = number_at(each, "/inlineData/data", -1);
    audio.media_type = text_at(each, "/inlineData/mimeType");
    if (audio.place >= 0) return audio;
  }
  return audio;
}

/// Why an answer holds none.
Reply silence_of(const rapidjson::Value& answer) {
  if (!answer.IsObject()) return garbage("a body that is no JSON");
  std::string reason = text_at(answer, "/promptFeedback/blockReason");
  if (reason.empty()) reason = text_at(answer, "/candidates/0/finishReason");
  return silence(reason, "audio");
}

Task from_gemini(Call call, Plan plan) {
  const HttpRequest request = speech_request(plan);
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(plan.provider, answer);
  if ((answer.result_flags() & TR_RESULT_CUT) != 0) co_return garbage("more audio than fits");
  const Lifted lifted = lift_data(answer.body());
  const rapidjson::Document document = parse(lifted.json);
  const Audio audio = audio_of(document);
  if (audio.place < 0 || static_cast<std::size_t>(audio.place) >= lifted.data.size()) co_return silence_of(document);
  const auto rate = sample_rate(audio.media_type);
  if (!rate) co_return garbage("audio of the type \"" + audio.media_type + "\", which is not 16-bit mono");
  auto base64 = Base64::of(lifted.data[static_cast<std::size_t>(audio.place)]);
  if (!base64 || base64->size() == 0) co_return garbage("audio that is no base64");

  const std::string name = "speech." + std::string(plan.format->name);
  const Reply opened = co_await call.asset_open(name, plan.format->media_type);
  if (!opened.ok()) co_return opened;
  // Gemini's samples are little-endian, whatever RFC 2586 says of L16: a WAV takes them as they are.
  std::string piece;
  if (name.ends_with(".wav")) piece = wav_header(*rate, static_cast<std::uint32_t>(base64->size()));
  while (true) {
    auto bytes = base64->next();
    if (!bytes) co_return garbage("audio that is no base64");
    piece += *bytes;
    if (piece.empty()) break;
    const Reply appended = co_await call.asset_append(opened.number(), piece);
    if (!appended.ok()) co_return appended;
    piece.clear();
  }
  const Reply closed = co_await call.asset_close(opened.number());
  if (!closed.ok()) co_return closed;
  const double duration_s = static_cast<double>(base64->size()) / kBytesPerSample / *rate;
  co_return speech(call, plan, closed.body(), duration_s);
}

Task from_audio(Call call, Plan plan) {
  const HttpRequest request = speech_request(plan);
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(plan.provider, answer);
  constexpr double kPcmBytesPerSecond = 24'000.0 * kBytesPerSample;
  const rapidjson::Document asset = parse(answer.body());
  const bool is_pcm = std::string_view(plan.format->name) == "pcm";
  const double duration_s = is_pcm ? static_cast<double>(number_at(asset, "/bytes")) / kPcmBytesPerSecond : -1;
  co_return speech(call, plan, answer.body(), duration_s);
}

Task refuse(Reply why) { co_return why; }

}  // namespace

Task generate_voice(Call call) {
  Reply why;
  auto plan = make_plan(call, why);
  if (!plan) return refuse(std::move(why));
  return plan->provider == Provider::kGemini ? from_gemini(call, std::move(*plan)) : from_audio(call, std::move(*plan));
}

}  // namespace toolrack::voice
