#include "lint/plugin_checks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lint/rig.hpp"

namespace toolrack::lint {
namespace {

namespace fs = std::filesystem;

std::size_t count_entries(const char* folder) {
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// What a process has, and a plugin that has gone must not have left.
struct Belongings {
  std::size_t threads = 0, descriptors = 0, resident_kib = 0;

  static Belongings now() {
    std::size_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return {count_entries("/proc/self/task"), count_entries("/proc/self/fd"),
            resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024};
  }
};

/// A thread that was joined is in /proc for a moment longer.
std::size_t threads_at_rest(std::size_t expected) {
  auto threads = count_entries("/proc/self/task");
  for (int i = 0; i < 200 && threads > expected; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    threads = count_entries("/proc/self/task");
  }
  return threads;
}

void note_all(const Rig& rig, Notes& notes) {
  for (const auto& fault : rig.faults()) notes.add(fault);
}

/// create() and destroy() alone, on a host that has nothing to offer.
void make_and_destroy(const tr_entry* entry, Notes& notes) {
  tr_host host{};
  host.struct_size = sizeof host;
  host.abi_major = TR_ABI_MAJOR;
  host.abi_minor = TR_ABI_MINOR;
  host.flags = TR_HOST_STRICT;
  host.impl = &notes;
  host.get_service = [](const tr_host* me, const char* id) noexcept -> const void* {
    static_cast<Notes*>(me->impl)->add(fmt::format("get_service(\"{}\") before start()", id),
                                       "Services belong to start() and later; create() makes the plugin, no more.");
    return nullptr;
  };
  host.explain = [](const tr_host*, tr_str) noexcept {};
  const tr_plugin* plugin = nullptr;
  const auto status = entry->create(&host, &plugin);
  if (status != TR_OK) return notes.add(fmt::format("create() refuses with status {}", status));
  if (plugin == nullptr || plugin->destroy == nullptr || plugin->invoke == nullptr)
    return notes.add("create() gives no tr_plugin with invoke() and destroy()");
  plugin->destroy(plugin->self);
}

void check_life(const Bench& bench, Notes& notes) {
  constexpr std::uint64_t kInstances = 100;
  notes.begin("made and destroyed without a start", 0);
  make_and_destroy(bench.entry, notes);
  const auto before = Belongings::now();
  for (std::uint64_t i = 0; i < kInstances; ++i) {
    notes.begin("started and stopped", 0);
    Rig rig(bench.subject, bench.entry, {.seed = bench.seed + i});
    if (!rig.has_started())
      notes.add("it does not start: " + rig.refusal(),
                "If it needs the operator's settings, give them: --settings '{...}' or --settings @FILE.");
    rig.close();
    note_all(rig, notes);
    if (!rig.has_started()) return;
  }
  notes.begin("several instances side by side", 0);
  std::vector<std::unique_ptr<Rig>> several;
  for (int i = 0; i < 3; ++i) several.push_back(std::make_unique<Rig>(bench.subject, bench.entry, RigOptions{}));
  for (const auto& rig : several) {
    rig->close();
    note_all(*rig, notes);
  }
  const auto threads = threads_at_rest(before.threads);
  if (threads > before.threads)
    notes.add(fmt::format("{} of its threads run after destroy()", threads - before.threads),
              "Join them in destroy().");
}

/// Loaded and unloaded over and over: what is left behind adds up. A build that keeps libraries for its sanitizer loads
/// once, and makes the plugin over and over.
void check_leaks(const Bench& bench, Notes& notes) {
  constexpr std::uint64_t kWarm = 20, kRounds = 100, kGrowthKib = 640;
  const bool keeps = sources::native::default_unload_policy() == sources::native::UnloadPolicy::kRetain;
  Belongings warm;
  for (std::uint64_t i = 0; i < kWarm + kRounds; ++i) {
    notes.begin("loaded and unloaded", 0);
    if (i == kWarm) warm = Belongings::now();
    if (!keeps && bench.subject.unload())
      return notes.add("it stays in memory after it was unloaded",
                       "A thread_local with a destructor, or -z nodelete, holds it; each reload costs its size.",
                       Severity::kWarning);
    const auto entry = bench.subject.load();
    if (!entry) return notes.add(entry.error().message(), std::string(entry.error().remedy()));
    Rig(bench.subject, *entry, {}).close();
  }
  const auto after = Belongings::now();
  const auto threads = threads_at_rest(warm.threads);
  if (threads > warm.threads)
    notes.add(fmt::format("{} threads more after {} loads", threads - warm.threads, kRounds),
              "Join them in destroy().");
  if (after.descriptors > warm.descriptors)
    notes.add(fmt::format("{} descriptors more after {} loads", after.descriptors - warm.descriptors, kRounds),
              "Close them in destroy().");
  if (!keeps && after.resident_kib > warm.resident_kib + kGrowthKib)
    notes.add(fmt::format("{} KiB more memory after {} loads", after.resident_kib - warm.resident_kib, kRounds),
              "Free in destroy() what create() and start() made.");
}

/// What is wrong with a call on a host that lacks `service`; empty: with one that has them all. Null: it does not
/// start, which is an answer.
std::optional<std::vector<std::string>> faults_without(const Bench& bench, const registry::Skill& skill,
                                                       const std::string& service) {
  const auto input = skill.examples.empty() ? std::string("{}") : skill.examples.front().input_json;
  RigOptions options{.far_end = FarEnd::kFine};
  if (!service.empty()) options.without.insert(service);
  Rig rig(bench.subject, bench.entry, options);
  if (!rig.has_started()) return std::nullopt;
  rig.begin(skill, input);
  rig.finish();
  rig.close();
  return rig.faults();
}

/// A host may lack any service, but for the four that are always there.
void check_services(const Bench& bench, Notes& notes) {
  constexpr std::array kOptional{TR_SERVICE_ASK,     TR_SERVICE_ONCE,   TR_SERVICE_HTTP, TR_SERVICE_TOOLS,
                                 TR_SERVICE_CATALOG, TR_SERVICE_ASSETS, TR_SERVICE_KV};
  for (const auto& skill : bench.subject.tool().skills) {
    if (!bench.subject.is_native(skill)) continue;
    notes.begin("with every service, in the skill " + skill.name, 0);
    const auto always = faults_without(bench, skill, "");
    for (const auto* service : kOptional) {
      notes.begin(fmt::format("without {}, in the skill {}", service, skill.name), 0);
      const auto faults = faults_without(bench, skill, service);
      if (!always || !faults) continue;
      for (const auto& fault : *faults)
        if (std::ranges::find(*always, fault) == always->end())
          notes.add(fmt::format("without {}, in the skill {}: {}", service, skill.name, fault));
    }
  }
}

/// A skill that the manifest does not know.
void check_unknown_skill(const Bench& bench, Notes& notes) {
  if (bench.subject.tool().lists_skills) return notes.skip("the plugin lists skills itself, and may know this one");
  notes.begin("the skill no_such_skill", 0);
  Rig rig(bench.subject, bench.entry, {});
  if (!rig.has_started()) return notes.skip("it does not start: " + rig.refusal());
  const auto call = rig.begin("no_such_skill", "{}");
  const bool is_done = rig.finish();
  rig.close();
  note_all(rig, notes);
  if (is_done && rig.outcome(call).status == TR_OK)
    notes.add("it answers a skill that its manifest does not have",
              "Complete with TR_UNIMPLEMENTED when the name is none of yours.", Severity::kWarning);
}

constexpr std::array kPluginChecks{
    PluginCheck{"life", "made, started, stopped and destroyed, a hundred times and side by side", check_life},
    PluginCheck{"services", "each service missing in turn", check_services},
    PluginCheck{"unknown_skill", "a skill that the manifest does not have", check_unknown_skill},
    PluginCheck{"leaks", "loaded and unloaded: threads, descriptors, memory", check_leaks},
};

}  // namespace

std::span<const PluginCheck> plugin_checks() noexcept { return kPluginChecks; }

}  // namespace toolrack::lint
