#include "app/live_plugins.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/plugins_json.hpp"
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
                         std::vector<std::string> owners, base::Metrics& metrics)
    : source_(source),
      directories_(std::move(directories)),
      changes_(metrics.counter("toolrack_catalogue_changes_total", "Times that tools came, went or were replaced.")),
      faults_(metrics.counter("toolrack_plugin_faults_total", "Plugin files that could not be served as they were.")),
      owners_(std::move(owners)) {}

base::Result<void> LivePlugins::open() {
  first_look_ = native::take_fingerprints(directories_);
  auto found = source_.scan(directories_);
  for (const auto& file : found.faults)
    log::write(log::Level::kWarning, "a plugin is not served",
               {{"file", file.path}, {"code", file.code}, {"reason", file.message}, {"remedy", file.remedy}});
  faults_.add(found.faults.size());
  tools_ = found.tools;
  catalogue_.emplace(TRY(registry::Catalogue::build(std::move(found.tools), owners_, 1)));
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
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
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
  options.forced = forced_;
  auto found = source_.scan(directories_, options);
  if (left != nullptr) *left = std::move(found.left);
  Change change{
      .added = std::move(found.added), .removed = std::move(found.removed), .faults = std::move(found.faults)};
  for (const auto& file : change.faults)
    log::write(log::Level::kWarning, "a plugin is not served as it is now",
               {{"file", file.path}, {"code", file.code}, {"reason", file.message}, {"remedy", file.remedy}});
  faults_.add(change.faults.size());
  std::ranges::move(found.retired.modules, std::back_inserter(retired_.modules));
  if (!change.is_change() && !is_unpublished_) return change;
  tools_ = std::move(found.tools);
  is_unpublished_ = true;
  publish(TRY(registry::Catalogue::build(tools_, owners_, catalogue_->load()->generation() + 1)));
  log::write(log::Level::kNotice, "the plugins have changed",
             {{"added", list(change.added)}, {"removed", list(change.removed)}});
  return change;
}

base::Result<void> LivePlugins::set_owners(std::vector<std::string> owners) {
  const std::lock_guard lock(mutex_);
  auto next = TRY(registry::Catalogue::build(tools_, owners, catalogue_->load()->generation() + 1));
  owners_ = std::move(owners);
  publish(std::move(next));
  return {};
}

void LivePlugins::publish(std::shared_ptr<const registry::Catalogue> next) {
  const auto& catalogue = *next;
  const auto keep = next;
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
