#include "services/knowledge/http_embedder.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <cassert>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/mutex.hpp"

namespace toolrack::services::knowledge {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxReply = 32 << 20;
constexpr std::size_t kMaxDimensions = 16'384;
/// How soon a closed embedder lets go of a request.
constexpr std::chrono::milliseconds kLook{50};

/// One request, shared by the thread that waits and the loop that sends.
struct Exchange {
  base::Mutex mutex;
  std::condition_variable changed;
  std::optional<http::Outcome> outcome TR_GUARDED_BY(mutex);
  http::RequestId id = 0;  // Of the loop's thread.
};

std::string request_body(const EmbeddingSettings& settings, std::span<const std::string> texts) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "model");
  json::put(writer, settings.model);
  json::key(writer, "input");
  writer.StartArray();
  for (const auto& text : texts) json::put(writer, text);
  writer.EndArray();
  json::key(writer, "encoding_format");
  json::put(writer, "float");
  if (settings.dimensions != 0) {
    json::key(writer, "dimensions");
    writer.Uint64(settings.dimensions);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

Result<Vector> read_vector(const json::Value& row) {
  const auto* values = json::find(row, "embedding");
  if (values == nullptr || !values->IsArray() || values->Empty() || values->Size() > kMaxDimensions)
    return fail(ErrorCode::kProviderError, "the embedding endpoint's answer holds no vector");
  Vector vector;
  vector.reserve(values->Size());
  for (const auto& value : values->GetArray()) vector.push_back(value.IsNumber() ? value.GetFloat() : NAN);
  if (!normalize(vector))
    return fail(ErrorCode::kProviderError, "the embedding endpoint's answer holds no usable vector");
  return vector;
}

}  // namespace

bool normalize(Vector& vector) noexcept {
  double sum = 0;
  for (const float value : vector) sum += double{value} * value;
  const auto length = std::sqrt(sum);
  if (!std::isfinite(length) || length <= 0) return false;
  for (float& value : vector) value = static_cast<float>(value / length);
  return true;
}

HttpEmbedder::HttpEmbedder(EmbeddingSettings settings, std::string secret, Dependencies dependencies)
    : settings_(std::move(settings)),
      secret_(std::move(secret)),
      space_(fmt::format("{} {} {}", settings_.url, settings_.model, settings_.dimensions)),
      dependencies_(std::move(dependencies)) {}

Result<std::vector<Vector>> HttpEmbedder::read(std::string_view body, std::size_t count, std::size_t dimensions) {
  const auto document = json::parse(body, {.max_bytes = kMaxReply, .max_values = kMaxBatch * (kMaxDimensions + 16)});
  if (!document) return fail(ErrorCode::kProviderError, "the embedding endpoint's answer is no JSON");
  const auto* data = json::find(*document, "data");
  if (data == nullptr || !data->IsArray() || data->Size() != count)
    return fail(ErrorCode::kProviderError,
                fmt::format("the embedding endpoint's answer has not one vector for each of {} texts", count));
  std::vector<Vector> out(count);
  auto wanted = dimensions;
  for (rapidjson::SizeType i = 0; i < data->Size(); ++i) {
    const auto index = json::find_int((*data)[i], "index").value_or(i);
    if (index < 0 || static_cast<std::size_t>(index) >= count || !out[static_cast<std::size_t>(index)].empty())
      return fail(ErrorCode::kProviderError, "the embedding endpoint's answer counts its vectors wrongly");
    auto vector = TRY(read_vector((*data)[i]));
    if (wanted == 0) wanted = vector.size();
    if (vector.size() != wanted)
      return fail(ErrorCode::kProviderError,
                  fmt::format("the embedding endpoint gave {} dimensions instead of {}", vector.size(), wanted));
    out[static_cast<std::size_t>(index)] = std::move(vector);
  }
  return out;
}

http::Outcome HttpEmbedder::exchange(http::Request request) {
  const auto shared = std::make_shared<Exchange>();
  auto& loop = dependencies_.loops.next();
  auto& client = *dependencies_.clients[loop.index()];
  boost::asio::post(loop.context(), [shared, &client, request = std::move(request)]() mutable {
    shared->id = client.send(std::move(request), nullptr, [shared](http::Outcome outcome) {
      base::Lock lock(shared->mutex);
      shared->outcome = std::move(outcome);
      shared->changed.notify_one();
    });
  });
  bool is_told = false;
  base::Lock lock(shared->mutex);
  while (!shared->outcome) {
    lock.wait_for(shared->changed, kLook);
    if (!is_closed_.load() || std::exchange(is_told, true)) continue;
    boost::asio::post(loop.context(), [shared, &client] { client.cancel(shared->id); });
  }
  return std::move(*shared->outcome);
}

Result<std::vector<Vector>> HttpEmbedder::embed(std::span<const std::string> texts, std::chrono::milliseconds timeout) {
  assert(texts.size() <= kMaxBatch);
  if (is_closed_.load()) return fail(ErrorCode::kCancelled, "the gateway is stopping");
  auto& state = dependencies_.state;
  const auto& clock = dependencies_.clock;
  const auto began = clock.monotonic_ns();
  if (!state.admit(began))
    return fail(ErrorCode::kUnavailable, "the embedding endpoint has failed again and again and is given a pause");
  http::Request request;
  request.method = "POST";
  request.url = settings_.url;
  request.headers = {{"content-type", "application/json"}};
  if (!secret_.empty()) {
    request.headers.push_back({"authorization", "Bearer " + secret_});
    request.private_texts.push_back(secret_);
  }
  request.body = request_body(settings_, texts);
  request.timeout = request.connect_timeout = timeout;
  request.max_bytes = kMaxReply;
  request.max_redirects = 0;
  const auto outcome = exchange(std::move(request));
  const auto note_failure = [&](base::Error error) {
    if (!is_closed_.load()) state.note_failure(clock.monotonic_ns());
    return tl::unexpected(std::move(error));
  };
  if (!outcome) return note_failure(outcome.error().error);
  if (outcome->status < 200 || outcome->status >= 300)
    return note_failure(
        {ErrorCode::kProviderError, fmt::format("the embedding endpoint answered with status {}", outcome->status)});
  auto vectors = read(outcome->body, texts.size(), settings_.dimensions);
  if (!vectors) return note_failure(vectors.error());
  state.note_answer(clock.monotonic_ns() - began, outcome->body.size());
  return vectors;
}

}  // namespace toolrack::services::knowledge
