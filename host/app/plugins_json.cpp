#include "app/plugins_json.hpp"

#include <map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace toolrack::app {
namespace {

template <typename Names>
void put_names(base::json::Writer& writer, const Names& names) {
  writer.StartArray();
  for (const auto& name : names) base::json::put(writer, name);
  writer.EndArray();
}

}  // namespace

std::string plugins_json(std::span<const sources::native::PluginFile> files) {
  using base::json::key;
  using base::json::put;
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  const auto text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(writer, name);
    put(writer, value);
  };
  writer.StartArray();
  for (const auto& file : files) {
    writer.StartObject();
    text("path", file.path);
    text("state", to_string(file.state));
    text("tool", file.tool);
    text("version", file.version);
    text("build_id", file.build_id);
    key(writer, "bundled");
    writer.Bool(file.bundled);
    key(writer, "size");
    writer.Uint64(file.size);
    key(writer, "calls");
    writer.Uint64(file.calls);
    key(writer, "misuses");
    writer.Uint64(file.misuses);
    key(writer, "loaded_at");
    if (file.loaded_at == 0)
      writer.Null();
    else
      put(writer, base::to_rfc3339(file.loaded_at).text);
    if (file.listed_skills != 0) {
      key(writer, "listed_skills");
      writer.Uint64(file.listed_skills);
    }
    text("list_problem", file.list_problem);
    key(writer, "demoted_skills");
    put_names(writer, file.demoted_skills);
    text("isolation", file.isolation);
    if (file.worker) {
      key(writer, "worker");
      writer.StartObject();
      key(writer, "process");
      if (file.worker->process == 0)
        writer.Null();
      else
        writer.Int64(file.worker->process);
      key(writer, "deaths");
      writer.Uint64(file.worker->deaths);
      text("sandbox", file.worker->sandbox);
      text("missing", file.worker->missing);
      text("trouble", file.worker->trouble);
      text("shared", file.worker->shared);
      if (!file.worker->plugins.empty()) {
        key(writer, "plugins");
        put_names(writer, file.worker->plugins);
      }
      writer.EndObject();
    }
    text("code", file.code);
    text("message", file.message);
    text("remedy", file.remedy);
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(base::json::view(buffer));
}

std::string safety_json(std::span<const sources::native::HangingFrame> hanging, std::string_view safe_mode) {
  using base::json::key;
  using base::json::put;
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  key(writer, "hanging");
  writer.StartArray();
  for (const auto& frame : hanging) {
    writer.StartObject();
    key(writer, "skill");
    put(writer, frame.name);
    key(writer, "where");
    put(writer, to_string(frame.where));
    key(writer, "ms");
    writer.Int64(frame.so_far.count());
    writer.EndObject();
  }
  writer.EndArray();
  if (!safe_mode.empty()) {
    key(writer, "safe_mode");
    base::json::raw(writer, safe_mode, rapidjson::kObjectType);
  }
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

std::string workers_json(std::span<const sources::native::PluginFile> files) {
  using base::json::key;
  using base::json::put;
  std::uint64_t running = 0, ended = 0;
  std::vector<std::string_view> down;
  std::map<std::int64_t, std::span<const std::string>> shared;  // By their process.
  std::string_view sandbox, missing;
  for (const auto& file : files) {
    if (!file.worker) continue;
    const auto& worker = *file.worker;
    if (worker.shared.empty())
      running += worker.process != 0 ? 1 : 0;
    else if (worker.process != 0)
      shared.emplace(worker.process, worker.plugins);
    ended += worker.deaths;
    if (!worker.trouble.empty()) down.push_back(file.tool);
    if (!worker.sandbox.empty()) sandbox = worker.sandbox;
    if (!worker.missing.empty()) missing = worker.missing;
  }
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  key(writer, "running");
  writer.Uint64(running + shared.size());
  key(writer, "ended");
  writer.Uint64(ended);
  key(writer, "down");
  put_names(writer, down);
  if (!shared.empty()) {
    key(writer, "shared");
    writer.StartArray();
    for (const auto& [process, plugins] : shared) put_names(writer, plugins);
    writer.EndArray();
  }
  for (const auto& [name, value] : {std::pair("sandbox", sandbox), std::pair("missing", missing)}) {
    if (value.empty()) continue;
    key(writer, name);
    put(writer, value);
  }
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

}  // namespace toolrack::app
