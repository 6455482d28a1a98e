#include "app/kept_trials.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace toolrack::app {
namespace {

namespace json = base::json;

constexpr std::string_view kTrials = "tool_trials";

KeptTrial read_trial(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return {};
  const auto word = [&](std::string_view name) { return std::string(json::find_string(*parsed, name).value_or("")); };
  const auto number = [&](std::string_view name) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(json::find_int(*parsed, name).value_or(0), 0));
  };
  return {.version = word("version"),
          .build_id = word("build_id"),
          .against = word("against"),
          .older = {.calls = number("older_calls"), .errors = number("older_errors")}};
}

std::string to_json(const KeptTrial& trial) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::put_member(writer, "version", trial.version);
  json::put_member(writer, "build_id", trial.build_id);
  json::put_member(writer, "against", trial.against);
  json::put_member(writer, "older_calls", trial.older.calls);
  json::put_member(writer, "older_errors", trial.older.errors);
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace

base::Result<KeptTrials> KeptTrials::open(store::Store& store) {
  KeptTrials out(store);
  const auto snapshot = TRY(store.snapshot());
  TRY(snapshot->scan(kTrials, "", "", store::Snapshot::Order::kForward,
                     [&](std::string_view id, const store::Document& document) {
                       out.all_.emplace(id, read_trial(document.json));
                       return true;
                     }));
  return out;
}

base::Result<void> KeptTrials::keep(KeptTrial::ById all) {
  store::Commit commit;
  for (const auto& [id, trial] : all) {
    const auto before = all_.find(id);
    if (before == all_.end() || before->second != trial)
      commit.emplace_back(store::Put{.collection = std::string(kTrials), .key = id, .json = to_json(trial)});
  }
  for (const auto& [id, trial] : all_)
    if (!all.contains(id)) commit.emplace_back(store::Delete{.collection = std::string(kTrials), .key = id});
  if (commit.empty()) return {};
  TRY(store_->commit(std::move(commit)));
  all_ = std::move(all);
  return {};
}

}  // namespace toolrack::app
