#include "app/live_plugins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/plugins_json.hpp"
#include "app/versions_json.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;
namespace native = sources::native;

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

LivePlugins::LivePlugins(native::NativeSource& source, std::vector<native::PluginDirectory> directories,
                         Settings settings, base::Metrics& metrics, store::Store& store)
    : source_(source),
      directories_(std::move(directories)),
      changes_(metrics.counter("toolrack_catalogue_changes_total", "Times that tools came, went or were replaced.")),
      faults_(metrics.counter("toolrack_plugin_faults_total", "Plugin files that could not be served as they were.")),
      store_(store),
      settings_(std::move(settings)),
      trials_(settings_.loops) {}

base::Result<void> LivePlugins::open() {
  source_.on_lists([this] {
    const std::lock_guard lock(lists_mutex_);
    has_lists_ = true;
    lists_changed_.notify_one();
  });
  first_look_ = native::take_fingerprints(directories_);
  policies_.emplace(TRY(KeptPolicies::open(store_)));
  kept_trials_.emplace(TRY(KeptTrials::open(store_)));
  native::ScanOptions options;
  options.forced = forced();
  auto found = source_.scan(directories_, options);
  for (const auto& file : found.faults)
    log::write(log::Level::kWarning, "a plugin is not served",
               {{"file", file.path}, {"code", file.code}, {"reason", file.message}, {"remedy", file.remedy}});
  faults_.add(found.faults.size());
  tools_ = std::move(found.tools);
  catalogue_.emplace(TRY(build(policies_->all())));
  const auto first = catalogue_->load();
  if (settings_.trials.rolls_back) trials_.resume(kept_trials_->all(), *first, policies_->all());
  update_trials(*first, *first);
  source_.on_reversal([this](std::function<void()> published) { begin_reversal(std::move(published)); });
  lists_ = std::jthread([this](const std::stop_token& stop) { publish_lists(stop); });
  return {};
}

void LivePlugins::watch(native::Settling::Times times) {
  watcher_.emplace(directories_, std::move(first_look_), times, [this](const native::ScanOptions& options) {
    std::vector<std::string> left;
    if (const auto change = scan(options, &left); !change)
      log::write(log::Level::kError, "the plugins that have changed cannot be offered: everything stays as it was",
                 {{"reason", change.error().message()}, {"remedy", change.error().hint()}});
    return left;
  });
}

void LivePlugins::stop() {
  watcher_.reset();
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  judge_ = {};  // Asks it to stop, and waits for it; none begins any more.
  source_.on_lists(nullptr);
  lists_ = {};
  source_.on_reversal(nullptr);
  std::vector<std::jthread> reversals;
  {
    const std::lock_guard lock(reversal_mutex_);
    reversals.swap(reversals_);
  }
}

/// The body of `lists_`. What was read while the first scan was under way is in its catalogue already.
void LivePlugins::publish_lists(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(lists_mutex_);
      if (!lists_changed_.wait(lock, stop, [this] { return has_lists_; })) return;
      has_lists_ = false;
    }
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    auto tools = source_.take_lists();
    if (!tools) continue;
    tools_ = *std::move(tools);
    is_unpublished_ = true;
    if (auto next = build(policies_->all())) {
      publish(*std::move(next));
      log::write(log::Level::kInfo, "plugins have listed other skills", {});
    } else {
      log::write(log::Level::kError, "the skills that plugins list cannot be offered",
                 {{"reason", next.error().message()}, {"remedy", next.error().hint()}});
    }
  }
}

/// In a control thread of the source, which must not wait for a scan.
void LivePlugins::begin_reversal(std::function<void()> published) {
  const std::lock_guard lock(reversal_mutex_);
  reversals_.emplace_back([this, published = std::move(published)] {
    if (const auto change = scan({}, nullptr); !change)
      log::write(log::Level::kError, "a plugin that is back cannot be offered",
                 {{"reason", change.error().message()}, {"remedy", change.error().hint()}});
    published();
  });
}

base::Result<LivePlugins::Change> LivePlugins::rescan(std::string_view force) {
  native::ScanOptions options;
  options.retries_failed = true;
  if (!force.empty()) {
    const std::lock_guard lock(mutex_);
    forced_.emplace(force);
  }
  return scan(options, nullptr);
}

base::Result<LivePlugins::Change> LivePlugins::scan(native::ScanOptions options, std::vector<std::string>* left) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return base::fail(base::ErrorCode::kUnavailable, "the gateway stops");
  options.forced = forced();
  auto found = source_.scan(directories_, options);
  if (left != nullptr) *left = std::move(found.left);
  Change change{
      .added = std::move(found.added), .removed = std::move(found.removed), .faults = std::move(found.faults)};
  for (const auto& file : change.faults)
    log::write(log::Level::kWarning, "a plugin is not served as it is now",
               {{"file", file.path}, {"code", file.code}, {"reason", file.message}, {"remedy", file.remedy}});
  faults_.add(change.faults.size());
  std::ranges::move(found.retired.modules, std::back_inserter(retired_.modules));
  if (!change.is_change() && !found.has_new_lists && !is_unpublished_) {
    source_.drain(std::exchange(retired_, {}), nullptr);  // What nobody has ever been offered.
    return change;
  }
  tools_ = std::move(found.tools);
  is_unpublished_ = true;
  keep_forced(change.added);
  publish(TRY(build(policies_->all())));
  if (change.is_change())
    log::write(log::Level::kNotice, "the plugins have changed",
               {{"added", list(change.added)}, {"removed", list(change.removed)}});
  return change;
}

base::Result<void> LivePlugins::set_owners(std::vector<std::string> owners) {
  const std::lock_guard lock(mutex_);
  settings_.owners.swap(owners);
  auto next = build(policies_->all());
  if (!next) {
    settings_.owners.swap(owners);
    return tl::unexpected(std::move(next).error());
  }
  publish(*std::move(next));
  return {};
}

base::Result<void> LivePlugins::set_trust(native::Trust trust) {
  auto before = source_.set_trust(std::move(trust));
  auto change = rescan();
  if (change) return {};
  source_.set_trust(std::move(before));
  return tl::unexpected(std::move(change).error());
}

base::Result<std::shared_ptr<const registry::Catalogue>> LivePlugins::build(const registry::VersionPolicies& policies) {
  return registry::Catalogue::build(tools_, settings_.owners, catalogue_ ? catalogue_->load()->generation() + 1 : 1,
                                    policies, trials_.tallies(tools_));
}

void LivePlugins::publish(std::shared_ptr<const registry::Catalogue> next) {
  const auto& catalogue = *next;
  const auto keep = next;
  {
    const auto before = catalogue_->load();
    note_usual_versions(*before, catalogue);
    update_trials(*before, catalogue);
  }
  catalogue_->publish(std::move(next));
  is_unpublished_ = false;
  changes_.add();
  if (published_) published_(catalogue);
  source_.drain(std::exchange(retired_, {}), nullptr);
}

std::string to_json(const LivePlugins::Change& change) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  const auto array = [&](std::string_view name, const std::vector<std::string>& values) {
    base::json::key(writer, name);
    writer.StartArray();
    for (const auto& value : values) base::json::put(writer, value);
    writer.EndArray();
  };
  writer.StartObject();
  array("added", change.added);
  array("removed", change.removed);
  base::json::key(writer, "faults");
  base::json::raw(writer, plugins_json(change.faults), rapidjson::kArrayType);
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

}  // namespace toolrack::app
