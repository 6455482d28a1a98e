#include "skills/audio_file.hpp"

#include <utility>

#include "base64_out.hpp"
#include "json.hpp"

namespace toolrack::voice {
namespace {

constexpr std::uint64_t kMostFetched = 50'000'000;

struct FileType {
  const char* media_type;
  const char* extension;
};
/// What both providers read; OpenAI goes by the file's name. The first of an extension is its usual type.
constexpr FileType kFileTypes[] = {
    {"audio/mpeg", "mp3"}, {"audio/mp3", "mp3"},   {"audio/mp4", "m4a"},   {"audio/x-m4a", "m4a"},
    {"audio/wav", "wav"},  {"audio/wave", "wav"},  {"audio/x-wav", "wav"}, {"audio/flac", "flac"},
    {"audio/ogg", "ogg"},  {"audio/webm", "webm"}, {"video/mp4", "mp4"},   {"video/webm", "webm"},
};

const FileType* type_of(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  for (const FileType& each : kFileTypes)
    if (media_type == each.media_type) return &each;
  return nullptr;
}

/// Servers that do not know a file's type say so in these ways; its name tells then.
bool says_nothing(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  return media_type.empty() || media_type == "application/octet-stream" || media_type == "binary/octet-stream";
}

const FileType* type_of_name(std::string_view url) {
  const std::string_view path = url.substr(0, url.find_first_of("?#"));
  for (const FileType& each : kFileTypes)
    if (path.ends_with(std::string(".") + each.extension)) return &each;
  return nullptr;
}

/// What cannot be fetched for one provider cannot be for another; neither has been asked for anything yet.
Reply not_fetched(tr_status status, const std::string& code, const std::string& why, std::string hint) {
  Reply reply = Reply::error(status, code, "The audio could not be fetched: " + why, std::move(hint));
  reply.add_flags(TR_OUT_FINAL | TR_OUT_NOT_BILLED);
  return reply;
}

/// Nothing when `answer` is the description of the whole file as an asset.
std::optional<Reply> fault_of_fetch(const Reply& answer, const std::string& url) {
  constexpr const char* kCheck = "Check the URL, and that its server gives the file to everybody.";
  if (answer.status() == TR_CANCELLED || answer.status() == TR_SUSPENDED) return answer;
  if (answer.status() != TR_OK) {
    const std::string code = answer.code().empty() ? "voice.audio_not_fetched" : answer.code().str();
    const std::string hint = answer.hint().empty() ? kCheck : answer.hint().str();
    return not_fetched(answer.status(), code, answer.message().str(), hint);
  }
  if (!answer.ok()) {
    return not_fetched(TR_INVALID_ARGUMENT, "voice.audio_not_fetched",
                       url + " answers with HTTP status " + std::to_string(answer.number()), kCheck);
  }
  if ((answer.result_flags() & TR_RESULT_CUT) != 0) {
    return not_fetched(TR_INVALID_ARGUMENT, "voice.audio_too_large",
                       url + " has more than " + std::to_string(kMostFetched) + " bytes",
                       "Cut it, compress it as MP3, or upload it and pass audio_asset.");
  }
  return std::nullopt;
}

}  // namespace

Async<AudioFile> audio_file(Call call, std::string asset, std::string url) {
  AudioFile file;
  if (asset.empty()) {
    HttpRequest request("GET", url);
    request.header("user-agent", "toolrack-voice-generator/1.0").no_credential();
    request.max_bytes(kMostFetched).to_asset();
    const Reply fetched = co_await call.http(request);
    file.failure = fault_of_fetch(fetched, url);
    if (file.failure) co_return file;
    const rapidjson::Document description = parse(fetched.body());
    asset = text_at(description, "/id");
  }
  const Reply stat = co_await call.asset_stat(asset);
  if (!stat.ok()) {
    file.failure = stat;
    co_return file;
  }
  const rapidjson::Document about = parse(stat.body());
  file.id = std::move(asset);
  file.media_type = text_at(about, "/media_type");
  file.bytes = number_at(about, "/bytes");
  const FileType* type = type_of(file.media_type);
  if (type == nullptr && says_nothing(file.media_type)) type = type_of_name(url);
  if (type == nullptr) {
    file.failure =
        Reply::error(TR_INVALID_ARGUMENT, "voice.media_type_not_taken",
                     "The file is of the type \"" + file.media_type + "\", which is no audio that is transcribed",
                     "Give MP3, M4A, MP4, WAV, FLAC, Ogg or WebM, with its media type.");
    co_return file;
  }
  if (says_nothing(file.media_type)) file.media_type = type->media_type;
  file.extension = type->extension;
  co_return file;
}

Async<InlineAudio> inline_audio(Call call, std::string id, std::int64_t bytes) {
  constexpr std::uint64_t kPiece = 1 << 20;
  InlineAudio out;
  Base64Out text(static_cast<std::size_t>(bytes));
  for (std::uint64_t offset = 0; offset < static_cast<std::uint64_t>(bytes);) {
    const Reply piece = co_await call.asset_read(id, offset, kPiece);
    if (!piece.ok()) {
      out.failure = piece;
      co_return out;
    }
    if (piece.body().empty()) break;
    text.add(piece.body());
    offset += piece.body().size();
  }
  out.base64 = std::move(text).finish();
  co_return out;
}

}  // namespace toolrack::voice
