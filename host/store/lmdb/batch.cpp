#include "store/lmdb/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "store/lmdb/environment.hpp"
#include "store/lmdb/record.hpp"

namespace toolrack::store::lmdb {
namespace {

/// Below this many keys a linear search beats a hash table.
constexpr std::size_t kIndexFrom = 16;

std::optional<std::int64_t> to_i64(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

int Batch::apply(const Commit& commit, base::Result<Receipt>& result) {
  slots_.clear();
  index_.clear();
  counters_.clear();
  for (std::size_t i = 0; i < commit.size(); ++i) {
    int code = 0;
    const auto step = std::visit(
        [&](const auto& operation) -> Step {
          auto* found = slot(operation.collection, operation.key, code);
          return found == nullptr ? Step{} : plan(*found, operation);
        },
        commit[i]);
    if (code != 0) return code;
    if (step.error) {
      result = tl::unexpected(*step.error);
      return 0;
    }
    if (step.refusal != Refusal::kNone) {
      result = Receipt{.refusal = step.refusal, .operation = i, .counters = {}};
      return 0;
    }
  }
  if (const int code = write(); code != 0) return code;
  result = Receipt{.refusal = Refusal::kNone, .operation = 0, .counters = counters_};
  return 0;
}

Batch::Step Batch::plan(Slot& slot, const Put& put) {
  if (slot.damage) return {.refusal = {}, .error = slot.damage};
  slot.is_touched = slot.exists = true;
  ++slot.version;
  slot.json = put.json;
  slot.counter.reset();
  return {};
}

Batch::Step Batch::plan(Slot& slot, const PutIfAbsent& put) {
  if (slot.exists) return {.refusal = Refusal::kExists, .error = {}};
  slot.is_touched = slot.exists = true;
  slot.version = 1;
  slot.json = put.json;
  return {};
}

Batch::Step Batch::plan(Slot& slot, const Delete&) {
  // Also of a damaged document: that is how an operator gets rid of one.
  slot.is_touched |= slot.exists;
  slot.exists = false;
  slot.version = 0;
  slot.counter.reset();
  slot.damage.reset();
  return {};
}

Batch::Step Batch::plan(Slot& slot, const ExpectVersion& expect) {
  if (slot.damage) return {.refusal = {}, .error = slot.damage};
  return {.refusal = slot.version == expect.version ? Refusal::kNone : Refusal::kVersion, .error = {}};
}

Batch::Step Batch::plan(Slot& slot, const AddI64& add) {
  if (slot.damage) return {.refusal = {}, .error = slot.damage};
  if (slot.exists && !slot.counter) slot.counter = to_i64(slot.json);
  if (slot.exists && !slot.counter)
    return {.refusal = {},
            .error = base::Error(base::ErrorCode::kInvalidRequest,
                                 fmt::format("\"{}\" in collection \"{}\" is no counter.", add.key, add.collection))};
  std::int64_t sum = 0;
  if (__builtin_add_overflow(slot.counter.value_or(0), add.delta, &sum) || (add.floor && sum < *add.floor))
    return {.refusal = Refusal::kFloor, .error = {}};
  slot.is_touched = slot.exists = true;
  ++slot.version;
  slot.counter = sum;
  counters_.push_back(sum);
  return {};
}

Batch::Slot* Batch::slot(std::string_view collection, std::string_view key, int& code) {
  auto full = full_key(collection, key);
  if (index_.empty()) {
    const auto found = std::ranges::find(slots_, full, &Slot::key);
    if (found != slots_.end()) return &*found;
  } else if (const auto found = index_.find(full); found != index_.end()) {
    return found->second;
  }
  auto name = to_val(full);
  MDB_val bytes{};
  code = mdb_get(transaction_, table_, &name, &bytes);
  if (code != 0 && code != MDB_NOTFOUND) return nullptr;
  auto& made = slots_.emplace_back();
  if (code == 0) {
    made.exists = true;
    if (auto record = decode(full, view(bytes))) {
      made.version = record->version;
      made.json = record->json;
    } else {
      made.damage = std::move(record).error();
    }
  }
  code = 0;
  made.key = std::move(full);
  if (!index_.empty()) {
    index_.emplace(made.key, &made);
  } else if (slots_.size() == kIndexFrom) {
    for (auto& one : slots_) index_.emplace(one.key, &one);
  }
  return &made;
}

int Batch::write() {
  for (const auto& slot : slots_) {
    if (!slot.is_touched) continue;
    is_changed_ = true;
    auto name = to_val(slot.key);
    if (!slot.exists) {
      const int code = mdb_del(transaction_, table_, &name, nullptr);
      if (code != 0 && code != MDB_NOTFOUND) return code;
      continue;
    }
    char digits[24];
    auto json = slot.json;
    if (slot.counter) json = {digits, std::to_chars(digits, digits + sizeof digits, *slot.counter).ptr};
    MDB_val room{kHeaderSize + json.size(), nullptr};
    if (const int code = mdb_put(transaction_, table_, &name, &room, MDB_RESERVE); code != 0) return code;
    encode(static_cast<char*>(room.mv_data), slot.key, slot.version, json);
  }
  return 0;
}

}  // namespace toolrack::store::lmdb
