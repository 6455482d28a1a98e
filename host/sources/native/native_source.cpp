#include "sources/native/native_source.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <set>
#include <utility>

#include "base/mutex.hpp"
#include "services/log/log.hpp"
#include "sources/declarative/declarative_tool.hpp"
#include "sources/native/listed_skills.hpp"
#include "sources/native/module.hpp"
#include "sources/native/reaper.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

constexpr std::size_t kControlThreads = 4;

/// Drains all of them and waits until they are closed. Those that take longer than `patience` are named once: a plugin
/// that does not return holds everything up, and nothing else would say which one.
void close_all(const std::vector<std::shared_ptr<Served>>& modules, std::chrono::milliseconds patience) {
  base::Mutex mutex;
  std::condition_variable changed;
  std::set<Served*> left;
  for (const auto& module : modules) left.insert(module.get());
  for (const auto& module : modules) {
    module->drain(patience, [&, one = module.get()] {
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

NativeSource::NativeSource(Environment environment)
    : runtime_(std::make_unique<Runtime>(std::move(environment))),
      reaper_(std::make_unique<Reaper>(*runtime_->environment().metrics)),
      control_(std::make_unique<base::Pool>("plugin-control", kControlThreads)),
      frame_watch_(std::make_unique<FrameWatch>(runtime_->frames(), *runtime_->environment().metrics,
                                                runtime_->settings().hang_patience)),
      trust_{.is_required = runtime_->settings().require_signature, .keys = runtime_->settings().trusted_keys} {
  frame_watch_->start([this] {
    reaper_->relieve();
    control_->relieve();
  });
}

NativeSource::~NativeSource() {
  std::vector<std::shared_ptr<Served>> open;
  std::map<Served*, std::shared_ptr<Offer>> offers;
  {
    base::Lock lock(mutex_);
    open.assign(open_.begin(), open_.end());
    entries_.clear();
    serving_.clear();
    in_order_.clear();
    companions_.clear();
    offers.swap(offers_);
  }
  for (const auto& [module, offer] : offers) offer->forget();
  close_all(open, runtime_->settings().drain_timeout);
  control_->stop();
  reaper_->stop();
  wait_for_loops(*runtime_->environment().loops);
}

std::shared_ptr<Served> NativeSource::make_declarative(PluginFile row, const CheckedFile& file) {
  const auto& environment = runtime_->environment();
  const declarative::Services services{.loops = environment.loops,
                                       .http = environment.http,
                                       .places = environment.places,
                                       .credentials = environment.credentials,
                                       .base_urls = &runtime_->base_urls,
                                       .clock = environment.clock};
  auto made = std::make_shared<declarative::DeclarativeTool>(services, file.tool, file.programs, std::move(row));
  made->set_signer(file.signer);
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
  auto module = std::make_shared<Module>(*runtime_, *reaper_, *control_, path, std::move(file.elf), tool,
                                         std::move(file.signed_digest));
  module->set_signer(std::move(file.signer));
  if (runtime_->settings().copies_at_once) module->copy_now();
  if (auto* listed = module->listed())
    listed->on_read([this] {
      base::Lock lock(mutex_);
      if (lists_heard_) lists_heard_();
    });
  for (auto& skill : tool->skills)
    if (skill.handler == nullptr) skill.handler = module;
  for (auto& service : tool->services) service.handler = module;
  base::Lock lock(mutex_);
  open_.insert(module);
  if (of_requests != nullptr) {
    open_.insert(of_requests);
    companions_.emplace(module.get(), of_requests);
  }
  return module;
}

std::optional<LoadError> NativeSource::bring_up(Served& next, const std::shared_ptr<Served>& old) {
  if (old != nullptr) next.take_over_from(old);
  const auto tool = next.tool();
  if (old != nullptr && tool != nullptr && tool->state == registry::StateHandOver::kExclusive) {
    // It cannot be up before the old one has gone, which happens once it is published; calls wait for it.
    if (auto* module = dynamic_cast<Module*>(&next))
      module->fall_back_with([this, weak = module->weak_from_this()](const LoadError& why, Module::Left left,
                                                                     std::function<void(bool)> done) {
        fall_back(weak.lock(), why, std::move(left), std::move(done));
      });
    next.load_soon(nullptr);
    return std::nullopt;
  }
  const auto told = std::make_shared<std::promise<std::optional<LoadError>>>();
  auto answer = told->get_future();
  next.load_soon([told](std::optional<LoadError> why_not) { told->set_value(std::move(why_not)); });
  return answer.get();
}

/// Makes the plugin anew that has gone for `failed`, of its own code and with what it has saved.
void NativeSource::fall_back(const std::shared_ptr<Served>& failed, const LoadError& why, Module::Left left,
                             std::function<void(bool)> done) {
  const auto row = failed->report();
  const auto give_up = [id = failed->id()](const std::string& reason) {
    services::log::write(services::log::Level::kError,
                         "neither the plugin nor the one before it, which was to be taken back, comes up",
                         {{"tool", id}, {"reason", reason}});
  };
  const auto path = left.file.path().string();
  auto checked = check_file(path, runtime_->settings().allow_unique_symbols);
  if (!checked) return give_up(checked.error().message()), done(false);
  checked->tool->bundled = row.bundled;
  checked->signed_digest = std::move(left.signed_digest);
  checked->signer = std::move(left.signer);
  PluginFile before;
  before.path = path;
  const auto restored = std::dynamic_pointer_cast<Module>(make_module(std::move(before), *std::move(checked)));
  if (!runtime_->settings().copies_at_once) restored->copy_now();  // `left.file` goes with us.
  restored->set_path(row.path);
  if (left.saved) restored->inherit(*std::move(left.saved));
  restored->load_soon([this, failed, restored, why, give_up, done](const std::optional<LoadError>& why_not) {
    if (why_not) {
      give_up(why_not->message());
      close(restored, runtime_->settings().drain_timeout, nullptr);
      return done(false);
    }
    services::log::write(services::log::Level::kWarning, "a plugin does not come up: the one before it is back",
                         {{"tool", failed->id()}, {"reason", why.message()}});
    base::Lock lock(mutex_);
    reversals_.push_back({.failed = failed, .restored = restored, .why = why});
    if (reverse_) return reverse_([done] { done(true); });
    done(true);
  });
}

void NativeSource::on_reversal(Reverse reverse) {
  base::Lock lock(mutex_);
  reverse_ = std::move(reverse);
}

std::shared_ptr<Offer> NativeSource::offer_of(const std::shared_ptr<Served>& module) {
  std::shared_ptr<Offer> known;
  {
    base::Lock lock(mutex_);
    if (const auto found = offers_.find(module.get()); found != offers_.end()) known = found->second;
  }
  if (known != nullptr) {
    known->renew(module->tool());
    return known;
  }
  auto offer = Offer::make(module->tool());  // Scans alone make them, and there is one at a time.
  base::Lock lock(mutex_);
  offers_.emplace(module.get(), offer);
  return offer;
}

ScanResult NativeSource::scan(const std::vector<PluginDirectory>& directories, const ScanOptions& options) {
  const std::lock_guard one_at_a_time(scan_mutex_);
  FileEntries entries;
  ServedByKey serving;
  std::vector<Reversal> reversals;
  {
    base::Lock lock(mutex_);
    entries = entries_;
    serving = serving_;
    reversals.swap(reversals_);
  }
  // The file is what it was when it failed, and serves what it was before.
  auto known = serving;
  for (const auto& [failed, restored, why] : reversals) {
    for (auto& [path, entry] : entries) {
      if (entry.module != failed) continue;
      entry.row = failed->report();
      describe_failure(entry.row, why);
      entry.module = restored;
      entry.is_settled = true;
    }
    std::erase_if(known, [&, one = failed](const auto& entry) { return entry.second == one; });
    if (const auto tool = restored->tool())
      known.insert_or_assign(fmt::format("{}@{}", tool->id(), tool->version), restored);
  }
  Scan scan(entries, known, runtime_->settings(), trust_, options,
            {.make = [this](PluginFile row, CheckedFile file) { return make_module(std::move(row), std::move(file)); },
             .bring_up = [this](Served& next, const std::shared_ptr<Served>& old) { return bring_up(next, old); }});
  scan.run(list_candidates(directories, mounts_));
  ask_for_skills(scan.made, scan.failed);

  ScanResult out;
  out.left = std::move(scan.left);
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
  for (const auto& path : scan.order) {
    const auto& row = scan.entries.at(path).row;
    const auto before = entries.find(path);
    const bool is_told =
        before != entries.end() && before->second.row.code == row.code && before->second.row.message == row.message;
    if (!row.code.empty() && !is_told) out.faults.push_back(row);
  }
  out.has_new_lists = settle_lists(scan.in_order);
  for (const auto& module : scan.in_order) out.tools.push_back(offer_of(module)->tool());
  {
    base::Lock lock(mutex_);
    entries_ = std::move(scan.entries);
    order_ = std::move(scan.order);
    serving_ = std::move(scan.serving);
    in_order_ = scan.in_order;
  }
  for (const auto& reversal : reversals)
    if (std::ranges::find(scan.in_order, reversal.restored) == scan.in_order.end())
      out.retired.modules.push_back(reversal.restored);
  for (const auto& module : scan.failed) close(module, runtime_->settings().drain_timeout, nullptr);
  for (const auto& module : scan.made) {
    if (const auto tool = module->tool(); tool != nullptr && tool->eager) module->load_soon(nullptr);
  }
  return out;
}

Trust NativeSource::set_trust(Trust trust) {
  const std::lock_guard one_at_a_time(scan_mutex_);
  return std::exchange(trust_, std::move(trust));
}

void NativeSource::drain(RetiredModules retired, std::function<void()> closed) {
  constexpr std::chrono::milliseconds kQueueForExclusive{2'000};
  if (retired.modules.empty()) {
    if (closed) reaper_->post(std::move(closed));
    return;
  }
  const auto left = std::make_shared<std::atomic<std::size_t>>(retired.modules.size());
  const auto one_is_closed = [left, closed] {
    if (left->fetch_sub(1, std::memory_order_acq_rel) == 1 && closed) closed();
  };
  for (const auto& module : retired.modules) {
    std::shared_ptr<Offer> offer;
    {
      base::Lock lock(mutex_);
      if (const auto found = offers_.find(module.get()); found != offers_.end()) offer = found->second;
    }
    const auto tool = module->tool();
    auto patience = runtime_->settings().drain_timeout;
    if (tool != nullptr && tool->state == registry::StateHandOver::kExclusive)
      patience = std::min(patience, kQueueForExclusive);
    if (offer == nullptr) {
      close(module, patience, one_is_closed);
      continue;
    }
    offer->withdraw(runtime_->environment().loops->next(), patience,
                    [this, module, one_is_closed](std::chrono::milliseconds time_left) {
                      close(module, time_left, one_is_closed);
                    });
  }
}

/// Drains a module, and what does the host's part of its skills.
void NativeSource::close(const std::shared_ptr<Served>& module, std::chrono::milliseconds patience,
                         std::function<void()> closed) {
  std::vector<std::shared_ptr<Served>> parts{module};
  {
    base::Lock lock(mutex_);
    const auto companion = companions_.extract(module.get());
    if (!companion.empty()) parts.push_back(companion.mapped());
  }
  const auto left = std::make_shared<std::atomic<std::size_t>>(parts.size());
  for (const auto& part : parts) {
    part->drain(patience, [this, part, left, closed] {
      forget(part);
      if (left->fetch_sub(1, std::memory_order_acq_rel) == 1 && closed) closed();
    });
  }
}

void NativeSource::forget(const std::shared_ptr<Served>& closed) {
  constexpr std::size_t kMostShown = 100;
  auto row = closed->report();
  std::shared_ptr<Offer> offer;  // Its end may come from within itself, so not below the lock.
  base::Lock lock(mutex_);
  open_.erase(closed);
  if (const auto found = offers_.find(closed.get()); found != offers_.end()) {
    offer = std::move(found->second);
    offers_.erase(found);
  }
  if (row.state != PluginState::kResident) return;
  if (resident_.size() == kMostShown) resident_.pop_front();
  resident_.push_back(std::move(row));
}

void NativeSource::move_providers(BaseUrls base_urls) {
  runtime_->base_urls.publish(std::make_shared<const BaseUrls>(std::move(base_urls)));
}

std::vector<PluginFile> NativeSource::files() const {
  base::Lock lock(mutex_);
  std::vector<PluginFile> out;
  std::set<const Served*> shown;
  for (const auto& path : order_) {
    const auto& entry = entries_.at(path);
    if (entry.module == nullptr || entry.is_faulty()) out.push_back(entry.row);
    if (entry.module == nullptr) continue;
    shown.insert(entry.module.get());
    out.push_back(entry.module->report());
    out.back().path = path;
  }
  for (const auto& [module, companion] : companions_) shown.insert(companion.get());
  for (const auto& module : open_)
    if (!shown.contains(module.get())) out.push_back(module->report());
  out.insert(out.end(), resident_.begin(), resident_.end());
  return out;
}

}  // namespace toolrack::sources::native
