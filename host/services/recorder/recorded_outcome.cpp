/// outcome_of.
#include "base/json.hpp"
#include "services/assets/asset.hpp"
#include "services/recorder/recorded_call.hpp"

namespace toolrack::services::recorder {

namespace {

namespace json = base::json;

constexpr json::Limits kWholeReply{.max_bytes = 512 << 20, .max_depth = 200, .max_values = 50'000'000};
constexpr std::string_view kAnyAsset = "as_*";
constexpr std::string_view kAssets = "/v1/assets/";

/// A new asset has a new id and a new link each time; its bytes are told by their digest.
std::string_view without_asset(std::string_view text) {
  if (assets::is_asset_id(text)) return kAnyAsset;
  const auto at = text.find(kAssets);
  if (at == std::string_view::npos || !(text.starts_with("http") || text.starts_with('/'))) return text;
  const auto id = text.substr(at + kAssets.size());
  return assets::is_asset_id(id.substr(0, id.find_first_of("/?#"))) ? "/v1/assets/as_*" : text;
}

void put_lasting(json::Writer& writer, const json::Value& value);

void put_lasting_object(json::Writer& writer, const json::Value& value) {
  const auto id = json::find_string(value, "id");
  const bool is_asset = id && assets::is_asset_id(*id);
  writer.StartObject();
  for (const auto& member : value.GetObject()) {
    if (is_asset && json::view(member.name) == "expires") continue;
    json::key(writer, json::view(member.name));
    put_lasting(writer, member.value);
  }
  writer.EndObject();
}

void put_lasting(json::Writer& writer, const json::Value& value) {
  if (value.IsObject()) return put_lasting_object(writer, value);
  if (value.IsString()) return json::put(writer, without_asset(json::view(value)));
  if (!value.IsArray()) return json::raw(writer, json::canonical(value));
  writer.StartArray();
  for (const auto& item : value.GetArray()) put_lasting(writer, item);
  writer.EndArray();
}

}  // namespace

std::string outcome_of(std::string_view reply) {
  const auto document = json::parse(reply, kWholeReply);
  if (!document) return {};
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (const auto* name : {"status", "output", "content", "error"}) {
    const auto* value = json::find(*document, name);
    if (value == nullptr) continue;
    json::key(writer, name);
    put_lasting(writer, *value);
  }
  writer.EndObject();
  const auto lasting = json::parse(json::view(buffer), kWholeReply);
  return lasting ? json::canonical(*lasting) : std::string(json::view(buffer));
}

}  // namespace toolrack::services::recorder
