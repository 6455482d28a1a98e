#include "registry/version_policy_json.hpp"

#include "base/clock.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

template <typename Texts>
void put_texts(json::Writer& writer, std::string_view name, const Texts& texts) {
  if (texts.empty()) return;
  json::key(writer, name);
  writer.StartArray();
  for (const auto& text : texts) json::put(writer, text);
  writer.EndArray();
}

template <typename Visit>
void each_text(const json::Value& object, std::string_view name, Visit visit) {
  const auto* list = json::find(object, name);
  if (list == nullptr || !list->IsArray()) return;
  for (const auto& item : list->GetArray())
    if (item.IsString()) visit(std::string(json::view(item)));
}

std::string read_text(const json::Value& object, std::string_view name) {
  return std::string(json::find_string(object, name).value_or(""));
}

}  // namespace

void write_members(json::Writer& writer, const VersionPolicy& policy) {
  const auto text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    json::key(writer, name);
    json::put(writer, value);
  };
  text("promoted", policy.promoted);
  if (policy.is_disabled) {
    json::key(writer, "is_disabled");
    writer.Bool(true);
  }
  put_texts(writer, "disabled", policy.disabled);
  if (policy.canary) {
    json::key(writer, "canary");
    writer.StartObject();
    text("version", policy.canary->version);
    json::key(writer, "percent");
    writer.Double(policy.canary->share * 100.0 / Canary::kWhole);
    put_texts(writer, "keys", policy.canary->keys);
    writer.EndObject();
  }
  if (!policy.set_back.empty()) {
    json::key(writer, "set_back");
    writer.StartArray();
    for (const auto& one : policy.set_back) {
      writer.StartObject();
      text("version", one.version);
      text("build_id", one.build_id);
      text("reason", one.reason);
      json::key(writer, "unix_ns");
      writer.Int64(one.unix_ns);
      text("at", base::to_rfc3339(one.unix_ns).text);
      writer.EndObject();
    }
    writer.EndArray();
  }
  put_texts(writer, "before", policy.before);
  put_texts(writer, "forced", policy.forced);
}

VersionPolicy read_version_policy(const json::Value& object) {
  VersionPolicy policy;
  policy.promoted = read_text(object, "promoted");
  policy.is_disabled = json::find_bool(object, "is_disabled").value_or(false);
  each_text(object, "disabled", [&](std::string text) { policy.disabled.insert(std::move(text)); });
  each_text(object, "before", [&](std::string text) { policy.before.push_back(std::move(text)); });
  each_text(object, "forced", [&](std::string text) { policy.forced.insert(std::move(text)); });
  if (const auto* canary = json::find(object, "canary"); canary != nullptr && canary->IsObject()) {
    policy.canary.emplace().version = read_text(*canary, "version");
    const auto* percent = json::find(*canary, "percent");
    if (percent != nullptr && percent->IsNumber()) policy.canary->share = Canary::share_of(percent->GetDouble());
    each_text(*canary, "keys", [&](std::string text) { policy.canary->keys.push_back(std::move(text)); });
  }
  if (const auto* list = json::find(object, "set_back"); list != nullptr && list->IsArray())
    for (const auto& one : list->GetArray())
      if (one.IsObject())
        policy.set_back.push_back({.version = read_text(one, "version"),
                                   .build_id = read_text(one, "build_id"),
                                   .reason = read_text(one, "reason"),
                                   .unix_ns = json::find_int(one, "unix_ns").value_or(0)});
  return policy;
}

}  // namespace toolrack::registry
