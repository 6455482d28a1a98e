#include "sources/native/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "registry/compatibility.hpp"
#include "registry/semver.hpp"
#include "registry/tool.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::sources::native {
namespace {

std::string key_of(const registry::Tool& tool) { return fmt::format("{}@{}", tool.id(), tool.version); }

void describe_tool(PluginFile& row, const registry::Tool& tool, const std::string& build_id) {
  row.tool = tool.id();
  row.version = tool.version;
  row.build_id = build_id;
}

}  // namespace

void describe_failure(PluginFile& row, const LoadError& error) {
  row.state = PluginState::kFailed;
  row.code = error.name();
  row.message = error.message();
  row.remedy = error.remedy();
}

void Scan::run(const std::vector<Candidate>& candidates) {
  for (const auto& candidate : candidates) paths_.insert(candidate.path);
  for (const auto& candidate : candidates) look(candidate);
  // It has gone after it was seen to rest: perhaps to come again.
  if (options_.resting != nullptr)
    for (const auto& [path, entry] : before_)
      if (entry.module != nullptr && options_.resting->contains(path) && paths_.insert(path).second)
        leave(path, &entry);
  // Incumbents first, so that nobody who comes later by name or by time can take away what serves.
  for (auto& look : looks_) {
    const auto tool = look.kind == Kind::kSame ? look.entry.module->tool() : nullptr;
    if (tool == nullptr) continue;
    const auto module = std::exchange(look.entry.module, nullptr);
    if (!is_trusted(*module, look.entry.row.bundled)) continue;  // Its file is not there to be read anew.
    if (admit(look.entry, *tool, module->build_id())) serve(look.entry, module, *tool);
  }
  for (auto& look : looks_)
    if (look.kind == Kind::kHeld) hold(look);
  if (!settings_.allow_breaking) refuse_breaks();
  for (auto& look : looks_)
    if (look.kind == Kind::kNew) take(look);
  for (auto& look : looks_) entries.emplace(look.path, std::move(look.entry));
}

void Scan::look(const Candidate& candidate) {
  const auto& path = candidate.path;
  if (std::ranges::find(order, path) != order.end()) return;  // The same directory given twice.
  if (candidate.failure) return look_at_directory(candidate);
  const auto* known = find_known(path);
  auto stamped = stamp_with_knowledge(path, settings_.require_safe_permissions);
  if (options_.resting != nullptr) {
    const auto resting = options_.resting->find(path);
    if (resting == options_.resting->end() || (stamped && resting->second != *stamped)) return leave(path, known);
  }

  Look look{.path = path, .entry = {}, .checked = {}};
  auto& entry = look.entry;
  entry.row.path = path;
  entry.row.bundled = candidate.bundled;
  const auto keep = [&] {
    order.push_back(path);
    looks_.push_back(std::move(look));
  };
  if (!stamped) {
    note_fault(look, known, stamped.error(), false);
    return keep();
  }
  entry.stamp = *stamped;
  entry.row.size = stamped->size;
  const bool is_same = known != nullptr && known->stamp == *stamped;
  if (is_same && known->module != nullptr && !known->is_faulty() && is_trusted(*known->module, candidate.bundled)) {
    // Nothing to read; whether it may still serve depends on who came before it this time.
    look.kind = Kind::kSame;
    entry.module = known->module;
    if (options_.retries_failed) entry.module->try_again();
    return keep();
  }
  if (is_same && known->is_settled && !options_.retries_failed) {
    entry = *known;
    look.kind = entry.module != nullptr ? Kind::kHeld : Kind::kBad;
    return keep();
  }
  auto checked =
      path.ends_with(kManifestSuffix) ? check_manifest_file(path) : check_file(path, settings_.allow_unique_symbols);
  if (!checked) {
    const auto code = checked.error().code();
    if (code == LoadCode::kTruncated && options_.growing.contains(path)) return leave(path, known);
    note_fault(look, known, checked.error(), code != LoadCode::kPermissions);
    return keep();
  }
  if (trust_.is_required && !candidate.bundled) {
    if (const auto vouched = check_signer(path, *stamped, *checked); !vouched) {
      note_fault(look, known, vouched.error(), vouched.error().code() == LoadCode::kSignature);
      return keep();
    }
  }
  look.kind = Kind::kNew;
  look.checked = *std::move(checked);
  keep();
}

/// Notes who vouches for it, and the digest that what is loaded later must have. `stamped` was taken before the file
/// was checked.
LoadResult<void> Scan::check_signer(const std::string& path, const FileStamp& stamped, CheckedFile& checked) const {
  auto digest = signed_digest(path);
  if (!digest) return tl::unexpected(digest.error());
  // The manifest was read before the digest: both have to be of one file, or a signed one could lend its name to
  // another.
  const auto again = stamp_with_knowledge(path, settings_.require_safe_permissions);
  if (!again || *again != stamped)
    return load_fail(LoadCode::kState, "it changed while its signature was checked; it is looked at again");
  auto signer = check_signature(path, *digest, trust_.keys);
  if (!signer) return tl::unexpected(signer.error());
  checked.signed_digest = *std::move(digest);
  checked.signer = *std::move(signer);
  return {};
}

bool Scan::is_trusted(const Served& module, bool is_bundled) const {
  return is_bundled || trust_.covers(module.signer());
}

/// A volume that is away for a moment must not take its tools with it.
void Scan::look_at_directory(const Candidate& candidate) {
  Look fault{.path = candidate.path, .entry = {}, .checked = {}};
  fault.entry.row.path = candidate.path;
  fault.entry.row.bundled = candidate.bundled;
  describe_failure(fault.entry.row, *candidate.failure);
  order.push_back(candidate.path);
  looks_.push_back(std::move(fault));
  for (const auto& [path, entry] : before_) {
    if (entry.module == nullptr || std::filesystem::path(path).parent_path() != candidate.path) continue;
    paths_.insert(path);
    order.push_back(path);
    looks_.push_back(
        {.path = path, .kind = entry.is_faulty() ? Kind::kHeld : Kind::kSame, .entry = entry, .checked = {}});
  }
}

void Scan::leave(const std::string& path, const FileEntry* known) {
  left.push_back(path);
  if (known == nullptr) return;
  order.push_back(path);
  looks_.push_back({.path = path,
                    .kind = known->module == nullptr ? Kind::kBad
                            : known->is_faulty()     ? Kind::kHeld
                                                     : Kind::kSame,
                    .entry = *known,
                    .checked = {}});
}

void Scan::note_fault(Look& look, const FileEntry* known, const LoadError& error, bool is_settled) {
  describe_failure(look.entry.row, error);
  look.entry.is_settled = is_settled;
  if (known == nullptr || known->module == nullptr) return;
  look.entry.module = known->module;
  look.kind = Kind::kHeld;
}

/// What the file was before it became faulty serves on, unless somebody else has its place by now.
void Scan::hold(Look& look) {
  const auto module = std::exchange(look.entry.module, nullptr);
  const auto tool = module == nullptr ? nullptr : module->tool();
  if (tool == nullptr || !is_trusted(*module, look.entry.row.bundled)) return;
  if (holders_.contains(key_of(*tool)) || find_clash(*tool)) return;
  serve(look.entry, module, *tool);
}

/// What a new file takes the place of: what was in it before, or what has lost its own file while this one came.
std::shared_ptr<Served> Scan::module_before(const Look& look) const {
  const auto* known = find_known(look.path);
  if (known == nullptr || (known->module != nullptr && !is_served_now(*known->module)))
    return find_predecessor(look.path, look.checked->tool->id());
  return nullptr;
}

/// A version that takes something away from callers of the one before it does not serve, lower ones first: each is held
/// against what serves, what it would replace, and what comes with it.
void Scan::refuse_breaks() {
  std::vector<Look*> newcomers;
  for (auto& look : looks_)
    if (look.kind == Kind::kNew) newcomers.push_back(&look);
  if (newcomers.empty()) return;
  const auto version_of = [](const registry::Tool& tool) { return registry::Semver::parse(tool.version); };
  std::ranges::stable_sort(newcomers, [&](const Look* a, const Look* b) {
    return version_of(*a->checked->tool) < version_of(*b->checked->tool);
  });
  std::vector<std::shared_ptr<const registry::Tool>> served;
  for (const auto& [key, module] : serving)
    if (auto tool = module->tool()) served.push_back(std::move(tool));
  for (auto* look : newcomers) {
    const auto& tool = *look->checked->tool;
    const auto replaced = module_before(*look);
    std::shared_ptr<const registry::Tool> before;
    const auto consider = [&](std::shared_ptr<const registry::Tool> one) {
      if (one == nullptr || one->id() != tool.id() || !registry::must_be_compatible(one->version, tool.version)) return;
      if (before == nullptr || version_of(*before) < version_of(*one)) before = std::move(one);
    };
    for (const auto& one : served) consider(one);
    if (replaced != nullptr) consider(replaced->tool());
    const auto breaks = before == nullptr ? std::vector<registry::Break>() : registry::find_breaks(*before, tool);
    if (breaks.empty() || options_.forced.contains(key_of(tool)) ||
        options_.forced.contains(fmt::format("{}@{}", tool.slug, tool.version))) {
      served.push_back(look->checked->tool);
      continue;
    }
    auto& entry = look->entry;
    describe_tool(entry.row, tool, look->checked->elf.build_id);
    describe_failure(
        entry.row, LoadError(LoadCode::kIncompatible, fmt::format("{} takes away from callers of {}: {}", key_of(tool),
                                                                  before->version, registry::to_text(breaks))));
    // Not settled: the one before may go, and then nothing is taken away.
    entry.module = replaced;
    look->kind = entry.module != nullptr ? Kind::kHeld : Kind::kBad;
    hold(*look);
  }
}

void Scan::take(Look& look) {
  auto& entry = look.entry;
  auto& file = *look.checked;
  const auto tool = file.tool;
  const auto predecessor = find_predecessor(look.path, tool->id());
  describe_tool(entry.row, *tool, file.elf.build_id);
  if (!admit(entry, *tool, file.elf.build_id)) {
    if (!entry.is_faulty()) return;  // A second copy of what serves: nobody meant to keep what was here before.
    const auto* known = find_known(look.path);
    if (known != nullptr) entry.module = known->module;
    return hold(look);
  }
  tool->bundled = entry.row.bundled;
  if (auto equal = find_equal(file)) {
    equal->set_path(look.path);
    return serve(entry, equal, *tool);
  }
  const auto* known = find_known(look.path);
  const auto before =
      known == nullptr || known->module == nullptr || is_served_now(*known->module) ? predecessor : known->module;
  const bool replaces = before != nullptr || std::ranges::any_of(serving_before_, [&](const auto& one) {
                          return one.second->id() == tool->id();
                        });
  auto module = hooks_.make(entry.row, std::move(file));
  made.push_back(module);
  if (replaces) {
    if (const auto error = hooks_.bring_up(*module, predecessor)) {
      failed.push_back(module);
      describe_failure(entry.row, *error);
      entry.is_settled = true;
      entry.module = before;
      return hold(look);
    }
  }
  serve(entry, module, *tool);
}

/// False when another file stands in its way; the row says which.
bool Scan::admit(FileEntry& entry, const registry::Tool& tool, const std::string& build_id) {
  const auto key = key_of(tool);
  if (const auto taken = holders_.find(key); taken != holders_.end()) {
    describe_tool(entry.row, tool, build_id);
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
    describe_tool(entry.row, tool, build_id);
    describe_failure(entry.row, *clash);
    return false;
  }
  return true;
}

/// A name that would lead to two tools. Two owners may use one slug: who is meant by it alone is settled elsewhere.
std::optional<LoadError> Scan::find_clash(const registry::Tool& tool) const {
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
  for (const auto& resource : tool.resources)
    if (auto clash = find(uris_, resource.uri, "offer the resource")) return clash;
  for (const auto& prompt : tool.prompts)
    if (auto clash = find(prompts_, prompt.flat_name, "offer the prompt")) return clash;
  if (auto clash = find(aliases_, tool.slug, "answer to")) return clash;
  for (const auto& alias : tool.aliases) {
    if (auto clash = find(slugs_, alias, "answer to")) return clash;
    if (auto clash = find(aliases_, alias, "answer to")) return clash;
  }
  return std::nullopt;
}

void Scan::serve(FileEntry& entry, const std::shared_ptr<Served>& module, const registry::Tool& tool) {
  entry.module = module;
  holders_.emplace(key_of(tool), entry.row.path);
  const Holder holder{tool.id(), entry.row.path};
  for (const auto& skill : tool.skills) flat_names_.emplace(skill.flat_name, holder);
  for (const auto& resource : tool.resources) uris_.emplace(resource.uri, holder);
  for (const auto& prompt : tool.prompts) prompts_.emplace(prompt.flat_name, holder);
  for (const auto& alias : tool.aliases) aliases_.emplace(alias, holder);
  slugs_.emplace(tool.slug, holder);
  serving.emplace(key_of(tool), module);
  in_order.push_back(module);
}

const FileEntry* Scan::find_known(const std::string& path) const {
  const auto known = before_.find(path);
  return known == before_.end() ? nullptr : &known->second;
}

/// The module that serves this very build already: its file was touched, copied again or moved.
std::shared_ptr<Served> Scan::find_equal(const CheckedFile& file) const {
  const auto found = serving_before_.find(key_of(*file.tool));
  if (found == serving_before_.end() || file.elf.build_id.empty()) return nullptr;
  const auto tool = found->second->tool();
  const bool is_equal = found->second->build_id() == file.elf.build_id && tool != nullptr &&
                        tool->manifest_json == file.tool->manifest_json && tool->bundled == file.tool->bundled &&
                        is_trusted(*found->second, file.tool->bundled);
  return is_equal ? found->second : nullptr;
}

/// The version of the tool that goes when this file comes: what was in the file before, or whose own file is gone.
std::shared_ptr<Served> Scan::find_predecessor(const std::string& path, const std::string& id) const {
  const auto* known = find_known(path);
  if (known != nullptr && known->module != nullptr && known->module->id() == id && !is_served_now(*known->module))
    return known->module;
  for (const auto& [key, module] : serving_before_) {
    if (module->id() != id || is_served_now(*module)) continue;
    const bool has_file = std::ranges::any_of(before_, [&, one = module](const auto& entry) {
      return entry.second.module == one && paths_.contains(entry.first);
    });
    if (!has_file) return module;
  }
  return nullptr;
}

bool Scan::is_served_now(const Served& module) const {
  return std::ranges::any_of(serving, [&](const auto& one) { return one.second.get() == &module; });
}

}  // namespace toolrack::sources::native
