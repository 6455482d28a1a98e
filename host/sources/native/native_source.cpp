#include "sources/native/native_source.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <set>
#include <utility>

#include "base/mutex.hpp"
#include "services/log/log.hpp"
#include "sources/declarative/declarative_tool.hpp"
#include "sources/native/knowledge_folder.hpp"
#include "sources/native/module.hpp"
#include "sources/native/reaper.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

constexpr std::size_t kControlThreads = 4;

std::string key_of(const registry::Tool& tool) { return fmt::format("{}@{}", tool.id(), tool.version); }

bool is_candidate(const std::string& name) {
  const auto is_named = [&](std::string_view suffix) { return name.size() > suffix.size() && name.ends_with(suffix); };
  return name.front() != '.' && (is_named(".so") || is_named(kManifestSuffix));  // *.so.tmp and *.so~ do not end so.
}

void describe_failure(PluginFile& row, const LoadError& error) {
  row.state = PluginState::kFailed;
  row.code = error.name();
  row.message = error.message();
  row.remedy = error.remedy();
}

struct Candidate {
  std::string path;
  bool bundled = false;
  std::optional<LoadError> failure;  // Of a directory.
};

std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories) {
  std::vector<Candidate> out;
  for (const auto& directory : directories) {
    std::error_code failed;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at(directory.path, failed);
    for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
      auto name = at->path().filename().string();
      if (is_candidate(name)) names.push_back(std::move(name));
    }
    if (failed) {
      out.push_back({directory.path.string(), directory.bundled,
                     LoadError(LoadCode::kPermissions, fmt::format("cannot read the folder: {}", failed.message()))});
      continue;
    }
    std::sort(names.begin(), names.end());
    for (const auto& name : names) out.push_back({(directory.path / name).string(), directory.bundled, std::nullopt});
  }
  return out;
}

/// Drains all of them and waits until they are closed. Those that take longer than `patience` are named once: a plugin
/// that does not return holds everything up, and nothing else would say which one.
void close_all(const std::vector<std::shared_ptr<Served>>& modules, std::chrono::milliseconds patience) {
  base::Mutex mutex;
  std::condition_variable changed;
  std::set<Served*> left;
  for (const auto& module : modules) left.insert(module.get());
  for (const auto& module : modules) {
    module->drain([&, one = module.get()] {
      base::Lock lock(mutex);
      left.erase(one);
      changed.notify_all();
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  base::Lock lock(mutex);
  for (;;) {
    const auto time_left = deadline - std::chrono::steady_clock::now();
    if (left.empty() || time_left <= time_left.zero()) break;
    lock.wait_for(changed, time_left);
  }
  for (const auto* one : left)
    services::log::write(services::log::Level::kWarning, "a plugin does not let its calls or itself end",
                         {{"tool", one->id()}});
  while (!left.empty()) lock.wait(changed);
}

/// Returns once every handler that was queued on the loops, and what those queued, has run.
void wait_for_loops(base::Loops& loops) {
  for (int round = 0; round < 2; ++round) {
    const auto passed = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(loops.size()));
    for (std::size_t i = 0; i < loops.size(); ++i)
      boost::asio::post(loops[i].context(), [passed] { passed->count_down(); });
    passed->wait();
  }
}

}  // namespace

/// One pass over the files; decides who serves. Its members are the state after the scan.
class NativeSource::Scan {
 public:
  Scan(NativeSource& source, std::map<std::string, Entry> before,
       std::map<std::string, std::shared_ptr<Served>> serving)
      : source_(source), before_(std::move(before)), serving_before_(std::move(serving)) {}

  void visit(const Candidate& candidate) {
    if (!paths_.insert(candidate.path).second) return;  // The same directory given twice.
    order.push_back(candidate.path);
    auto& entry = entries[candidate.path];
    entry.row.path = candidate.path;
    entry.row.bundled = candidate.bundled;
    if (candidate.failure) return describe_failure(entry.row, *candidate.failure);

    const auto& settings = source_.runtime_->settings();
    auto stamped = stamp(candidate.path, settings.require_safe_permissions);
    if (!stamped) return describe_failure(entry.row, stamped.error());
    if (candidate.path.ends_with(kManifestSuffix)) {
      auto beside = stamp_knowledge(candidate.path, settings.require_safe_permissions);
      if (!beside) return describe_failure(entry.row, beside.error());
      stamped->knowledge = *std::move(beside);
    }
    entry.stamp = *stamped;
    entry.row.size = stamped->size;
    const auto known = before_.find(candidate.path);
    const bool is_same = known != before_.end() && known->second.stamp == *stamped;
    if (is_same && known->second.module != nullptr) {
      // Nothing to read; whether it may still serve depends on who came before it this time.
      const auto tool = known->second.module->tool();
      if (tool != nullptr && admit(entry, *tool, known->second.module->build_id()))
        serve(entry, known->second.module, *tool);
      return;
    }
    if (is_same && known->second.is_settled) {
      entry = known->second;
      return;
    }
    auto checked = candidate.path.ends_with(kManifestSuffix)
                       ? check_manifest_file(candidate.path)
                       : check_file(candidate.path, settings.allow_unique_symbols);
    if (!checked) {
      describe_failure(entry.row, checked.error());
      entry.is_settled = checked.error().code() != LoadCode::kPermissions;
      return;
    }
    entry.row.tool = checked->tool->id();
    entry.row.version = checked->tool->version;
    entry.row.build_id = checked->elf.build_id;
    if (!admit(entry, *checked->tool, checked->elf.build_id)) return;
    checked->tool->bundled = candidate.bundled;
    const auto tool = checked->tool;
    auto module = find_equal(*checked);
    if (module != nullptr) {
      module->set_path(candidate.path);
    } else {
      module = source_.make_module(entry.row, std::move(*checked));
      made.push_back(module);
    }
    serve(entry, module, *tool);
  }

  std::map<std::string, Entry> entries;
  std::vector<std::string> order;
  std::map<std::string, std::shared_ptr<Served>> serving;
  std::vector<std::shared_ptr<Served>> in_order, made;

 private:
  struct Holder {
    std::string tool, path;
  };
  using Holders = std::map<std::string, Holder>;

  /// False when another file stands in its way; the row says which.
  bool admit(Entry& entry, const registry::Tool& tool, const std::string& build_id) {
    const auto key = key_of(tool);
    if (const auto taken = holders_.find(key); taken != holders_.end()) {
      entry.row.tool = tool.id();
      entry.row.version = tool.version;
      entry.row.build_id = build_id;
      const auto& other = *serving.at(key);
      if (!build_id.empty() && other.build_id() == build_id) {
        entry.row.state = PluginState::kDuplicate;
        entry.row.message = fmt::format("the same build as {}, which serves", taken->second);
      } else {
        describe_failure(entry.row, LoadError(LoadCode::kDuplicateId,
                                              fmt::format("{} is {} as well, in another build ({} there, {} here)",
                                                          taken->second, key, other.build_id(), build_id)));
      }
      return false;
    }
    if (const auto clash = find_clash(tool)) {
      entry.row.tool = tool.id();
      entry.row.version = tool.version;
      entry.row.build_id = build_id;
      describe_failure(entry.row, *clash);
      return false;
    }
    return true;
  }

  /// A name that would lead to two tools. Two owners may use one slug: who is meant by it alone is settled elsewhere.
  std::optional<LoadError> find_clash(const registry::Tool& tool) const {
    const auto find = [&](const Holders& holders, const std::string& name, std::string_view what) {
      const auto taken = holders.find(name);
      return taken == holders.end() || taken->second.tool == tool.id()
                 ? std::nullopt
                 : std::optional<LoadError>(std::in_place, LoadCode::kNameClash,
                                            fmt::format("{} and {} ({}) both {} \"{}\"", tool.id(), taken->second.tool,
                                                        taken->second.path, what, name));
    };
    for (const auto& skill : tool.skills)
      if (auto clash = find(flat_names_, skill.flat_name, "offer")) return clash;
    if (auto clash = find(aliases_, tool.slug, "answer to")) return clash;
    for (const auto& alias : tool.aliases) {
      if (auto clash = find(slugs_, alias, "answer to")) return clash;
      if (auto clash = find(aliases_, alias, "answer to")) return clash;
    }
    return std::nullopt;
  }

  void serve(Entry& entry, const std::shared_ptr<Served>& module, const registry::Tool& tool) {
    entry.module = module;
    holders_.emplace(key_of(tool), entry.row.path);
    const Holder holder{tool.id(), entry.row.path};
    for (const auto& skill : tool.skills) flat_names_.emplace(skill.flat_name, holder);
    for (const auto& alias : tool.aliases) aliases_.emplace(alias, holder);
    slugs_.emplace(tool.slug, holder);
    serving.emplace(key_of(tool), module);
    in_order.push_back(module);
  }

  /// The module that serves this very build already: its file was touched, copied again or moved.
  std::shared_ptr<Served> find_equal(const CheckedFile& file) const {
    const auto found = serving_before_.find(key_of(*file.tool));
    if (found == serving_before_.end() || file.elf.build_id.empty()) return nullptr;
    const auto tool = found->second->tool();
    const bool is_equal = found->second->build_id() == file.elf.build_id && tool != nullptr &&
                          tool->manifest_json == file.tool->manifest_json && tool->bundled == file.tool->bundled;
    return is_equal ? found->second : nullptr;
  }

  NativeSource& source_;
  const std::map<std::string, Entry> before_;
  const std::map<std::string, std::shared_ptr<Served>> serving_before_;
  std::set<std::string> paths_;
  std::map<std::string, std::string> holders_;  // Key to path.
  Holders flat_names_, slugs_, aliases_;
};

NativeSource::NativeSource(Environment environment)
    : runtime_(std::make_unique<Runtime>(std::move(environment))),
      reaper_(std::make_unique<Reaper>(*runtime_->environment().metrics)),
      control_(std::make_unique<base::Pool>("plugin-control", kControlThreads)) {}

NativeSource::~NativeSource() {
  std::vector<std::shared_ptr<Served>> open;
  {
    base::Lock lock(mutex_);
    open.assign(open_.begin(), open_.end());
    entries_.clear();
    serving_.clear();
    companions_.clear();
  }
  close_all(open, runtime_->settings().drain_timeout);
  control_->stop();
  reaper_->stop();
  wait_for_loops(*runtime_->environment().loops);
}

std::shared_ptr<Served> NativeSource::make_declarative(PluginFile row, const CheckedFile& file) {
  const auto& environment = runtime_->environment();
  const declarative::Services services{.loop_count = environment.loops->size(),
                                       .http = environment.http,
                                       .places = environment.places,
                                       .credentials = environment.credentials,
                                       .base_urls = &runtime_->base_urls,
                                       .clock = environment.clock};
  auto made = std::make_shared<declarative::DeclarativeTool>(services, file.tool, file.programs, std::move(row));
  for (auto& skill : file.tool->skills)
    if (file.programs[skill.index]) skill.handler = made;
  return made;
}

std::shared_ptr<Served> NativeSource::make_module(PluginFile row, CheckedFile file) {
  const auto tool = file.tool;
  const auto path = row.path;
  std::shared_ptr<Served> of_requests;
  if (std::ranges::any_of(file.programs, [](const auto& program) { return program.has_value(); }))
    of_requests = make_declarative(std::move(row), file);
  if (tool->source == "declarative") {
    base::Lock lock(mutex_);
    open_.insert(of_requests);
    return of_requests;
  }
  auto module = std::make_shared<Module>(*runtime_, *reaper_, *control_, path, std::move(file.elf), tool);
  for (auto& skill : tool->skills)
    if (skill.handler == nullptr) skill.handler = module;
  base::Lock lock(mutex_);
  open_.insert(module);
  if (of_requests != nullptr) {
    open_.insert(of_requests);
    companions_.emplace(module.get(), of_requests);
  }
  return module;
}

ScanResult NativeSource::scan(const std::vector<PluginDirectory>& directories) {
  const std::lock_guard one_at_a_time(scan_mutex_);
  std::map<std::string, Entry> entries;
  std::map<std::string, std::shared_ptr<Served>> serving;
  {
    base::Lock lock(mutex_);
    entries = entries_;
    serving = serving_;
  }
  Scan scan(*this, std::move(entries), serving);
  for (const auto& candidate : list_candidates(directories)) scan.visit(candidate);

  ScanResult out;
  for (const auto& module : scan.in_order) {
    if (auto tool = module->tool()) out.tools.push_back(std::move(tool));
  }
  for (const auto& [key, module] : scan.serving) {
    const auto before = serving.find(key);
    if (before == serving.end() || before->second != module) out.added.push_back(key);
  }
  for (const auto& [key, module] : serving) {
    const auto after = scan.serving.find(key);
    if (after != scan.serving.end() && after->second == module) continue;
    out.removed.push_back(key);
    out.retired.modules.push_back(module);
  }
  {
    base::Lock lock(mutex_);
    entries_ = std::move(scan.entries);
    order_ = std::move(scan.order);
    serving_ = std::move(scan.serving);
  }
  for (const auto& module : scan.made) {
    if (const auto tool = module->tool(); tool != nullptr && tool->eager) module->load_soon();
  }
  return out;
}

void NativeSource::drain(RetiredModules retired, std::function<void()> closed) {
  {
    base::Lock lock(mutex_);
    for (std::size_t i = 0; i < retired.modules.size(); ++i) {
      const auto companion = companions_.extract(retired.modules[i].get());
      if (!companion.empty()) retired.modules.push_back(companion.mapped());
    }
  }
  if (retired.modules.empty()) {
    if (closed) reaper_->post(std::move(closed));
    return;
  }
  const auto left = std::make_shared<std::atomic<std::size_t>>(retired.modules.size());
  for (const auto& module : retired.modules) {
    module->drain([this, module, left, closed] {
      {
        base::Lock lock(mutex_);
        open_.erase(module);
      }
      if (left->fetch_sub(1, std::memory_order_acq_rel) == 1 && closed) closed();
    });
  }
}

void NativeSource::move_providers(BaseUrls base_urls) {
  runtime_->base_urls.publish(std::make_shared<const BaseUrls>(std::move(base_urls)));
}

std::vector<PluginFile> NativeSource::files() const {
  base::Lock lock(mutex_);
  std::vector<PluginFile> out;
  out.reserve(order_.size());
  for (const auto& path : order_) {
    const auto& entry = entries_.at(path);
    out.push_back(entry.module == nullptr ? entry.row : entry.module->report());
    out.back().path = path;
  }
  return out;
}

}  // namespace toolrack::sources::native
