/// Text from speech: the bytes of the asset go from the disk into the request, never through here.
#include <toolrack/json_text.hpp>

#include <cmath>
#include <string>
#include <string_view>

#include "errors.hpp"
#include "json.hpp"
#include "plan.hpp"
#include "skills/audio_file.hpp"
#include "skills/skills.hpp"
#include "transcript.hpp"

namespace toolrack::voice {
namespace {

/// A multipart/form-data body, part by part.
class Form {
 public:
  Form(HttpRequest& request, std::uint64_t chance)
      : request_(request), boundary_("toolrack-" + std::to_string(chance) + "-form") {
    request_.header("content-type", "multipart/form-data; boundary=" + boundary_);
  }
  void add(std::string_view name, std::string_view value) {
    request_.body(head(name) + "\r\n\r\n" + std::string(value) + "\r\n");
  }
  void add_asset(std::string_view name, std::string_view file, std::string_view media_type, std::string_view id) {
    request_.body(head(name) + "; filename=\"" + std::string(file) + "\"\r\nContent-Type: " + std::string(media_type) +
                  "\r\n\r\n");
    request_.body_asset(id).body("\r\n");
  }
  void end() { request_.body("--" + boundary_ + "--\r\n"); }

 private:
  std::string head(std::string_view name) const {
    return "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"";
  }
  HttpRequest& request_;
  std::string boundary_;
};

}  // namespace

Task transcribe(Call call) {
  const rapidjson::Document input = parse(call.input());
  const rapidjson::Document options = parse(view(call.backend().options_json));
  const auto provider = provider_named(view(call.backend().provider));
  const std::string model = text_at(options, "/transcribe/model");
  if (!provider || *provider == Provider::kGemini || model.empty())
    co_return cannot("voice.unknown_provider", "This provider transcribes nothing", "Use elevenlabs or openai.");
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

  const bool is_openai = *provider == Provider::kOpenAi;
  HttpRequest request("POST", is_openai ? "/v1/audio/transcriptions" : "/v1/speech-to-text");
  request.header("user-agent", "toolrack-voice-generator/1.0").no_retry().no_redirect();
  Form form(request, call.random());
  form.add(is_openai ? "model" : "model_id", model);
  if (const std::string language = text_at(input, "/language"); !language.empty())
    form.add(is_openai ? "language" : "language_code", language);
  if (is_openai) form.add("response_format", "verbose_json");
  form.add_asset("file", "audio." + file.extension, file.media_type, file.id);
  form.end();
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(*provider, answer);

  const rapidjson::Document body = parse(answer.body());
  const Transcript transcript = is_openai ? openai_transcript(body) : elevenlabs_transcript(body);
  if (!transcript.is_one) {
    Reply reply = Reply::error(TR_UNAVAILABLE, "voice.garbage", title + " answered with a body that holds no text",
                               "Try again later.");
    reply.add_flags(TR_OUT_PROVIDER | TR_OUT_FINAL);
    co_return reply;
  }
  const auto seconds = static_cast<std::int64_t>(std::ceil(transcript.duration_s));
  call.meter("usd", seconds * number_at(options, "/transcribe/micros_per_second"));
  call.meter("second", seconds * 1'000'000);
  co_return Reply::json(
      "{\"text\":" + json_quote(transcript.text) + ",\"language\":" + quote_or_null(transcript.language) +
      ",\"segments\":" + transcript.segments + ",\"duration_s\":" + std::to_string(transcript.duration_s) +
      ",\"provider\":" + json_quote(view(call.backend().provider)) + ",\"model\":" + json_quote(model) + "}");
}

}  // namespace toolrack::voice
