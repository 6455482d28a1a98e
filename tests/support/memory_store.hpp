/// A store without a disk: the plainest thing that keeps the contract, so that it can referee the real ones.
///
/// `delay` makes every batch take a while, as a sync or a network would, so that callers which wait where they must not
/// show.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "base/mutex.hpp"
#include "store/commit_rules.hpp"
#include "store/store.hpp"

namespace toolrack::testing {

class MemoryStore final : public store::Store {
 public:
  /// `left`: begins with what is in another one, as after a process that was killed. Null: empty.
  explicit MemoryStore(std::chrono::milliseconds delay = {}, const MemoryStore* left = nullptr)
      : delay_(delay), tables_(left == nullptr ? Tables() : left->copy()), writer_([this] { run(); }) {}
  ~MemoryStore() override {
    {
      base::Lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void submit(store::Commit commit, store::Done done) override {
    base::Lock lock(mutex_);
    queue_.emplace_back(std::move(commit), std::move(done));
    wake_.notify_one();
  }

  base::Result<std::unique_ptr<store::Snapshot>> snapshot() override {
    base::Lock lock(mutex_);
    return std::make_unique<View>(tables_, before_scan_);
  }

  /// While set, every commit fails with kStoreFailed and leaves nothing.
  void set_failing(bool failing) {
    base::Lock lock(mutex_);
    failing_ = failing;
  }
  /// The same for those commits only that touch this collection; empty: none.
  void set_failing_for(std::string collection) {
    base::Lock lock(mutex_);
    failing_for_ = std::move(collection);
  }
  /// Called by whoever scans, between the snapshot and its first row: for what happens in the store meanwhile.
  using BeforeScan = std::function<void(std::string_view collection)>;
  void set_before_scan(BeforeScan hook) {
    base::Lock lock(mutex_);
    before_scan_ = std::move(hook);
  }
  /// While set, commits are checked and answered but leave nothing: for what runs millions of times.
  void set_forgetful(bool forgetful) {
    base::Lock lock(mutex_);
    forgetful_ = forgetful;
  }

 private:
  using Name = std::pair<std::string, std::string>;  // Collection and key.
  using Tables = std::map<Name, store::Document>;
  using Outcome = base::Result<store::Receipt>;

  class View final : public store::Snapshot {
   public:
    View(Tables tables, BeforeScan before_scan) : tables_(std::move(tables)), before_scan_(std::move(before_scan)) {}
    base::Result<std::optional<store::Document>> get(std::string_view collection, std::string_view key) override {
      TRY(store::check_name(collection, key));
      const auto found = tables_.find({std::string(collection), std::string(key)});
      if (found == tables_.end()) return std::nullopt;
      return found->second;
    }
    base::Result<void> scan(std::string_view collection, std::string_view prefix, std::string_view first, Order order,
                            const std::function<bool(std::string_view, const store::Document&)>& visit) override {
      TRY(store::check_collection(collection));
      if (before_scan_) before_scan_(collection);
      std::vector<const Tables::value_type*> rows;
      for (const auto& row : tables_)
        if (row.first.first == collection && std::string_view(row.first.second).starts_with(prefix))
          rows.push_back(&row);
      if (order == Order::kBackward) std::reverse(rows.begin(), rows.end());
      for (const auto* row : rows) {
        const std::string_view key = row->first.second;
        const bool is_before_first = order == Order::kForward ? key < first : !first.empty() && key > first;
        if (!is_before_first && !visit(key, row->second)) break;
      }
      return {};
    }

   private:
    const Tables tables_;
    const BeforeScan before_scan_;
  };

  Tables copy() const {
    base::Lock lock(mutex_);
    return tables_;
  }

  static std::optional<std::int64_t> integer(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  }

  static std::pair<std::string, std::string> name_of(const store::Operation& operation) {
    return std::visit([](const auto& one) { return std::pair(one.collection, one.key); }, operation);
  }

  static bool touches(const store::Commit& commit, const std::string& collection) {
    return std::ranges::any_of(commit, [&](const auto& one) { return name_of(one).first == collection; });
  }

  /// Applies to a copy; the caller keeps the copy only when everything was accepted.
  static Outcome apply(Tables& tables, const store::Commit& commit) {
    if (auto valid = store::check_commit(commit); !valid) return tl::unexpected(std::move(valid).error());
    store::Receipt receipt;
    for (std::size_t i = 0; i < commit.size(); ++i) {
      const auto name = name_of(commit[i]);
      const auto at = tables.find(name);
      const bool exists = at != tables.end();
      const auto refuse = [&](store::Refusal why) {
        return store::Receipt{.refusal = why, .operation = i, .counters = {}};
      };
      const auto put = [&](std::string json) {
        auto& document = tables[name];
        document.json = std::move(json);
        ++document.version;
      };
      if (const auto* one = std::get_if<store::Put>(&commit[i])) {
        put(one->json);
      } else if (const auto* absent = std::get_if<store::PutIfAbsent>(&commit[i])) {
        if (exists) return refuse(store::Refusal::kExists);
        put(absent->json);
      } else if (std::holds_alternative<store::Delete>(commit[i])) {
        if (exists) tables.erase(at);
      } else if (const auto* expect = std::get_if<store::ExpectVersion>(&commit[i])) {
        if ((exists ? at->second.version : 0) != expect->version) return refuse(store::Refusal::kVersion);
      } else if (const auto* add = std::get_if<store::AddI64>(&commit[i])) {
        const auto before = exists ? integer(at->second.json) : std::optional<std::int64_t>(0);
        if (!before) return base::fail(base::ErrorCode::kInvalidRequest, "no counter");
        std::int64_t sum = 0;
        if (__builtin_add_overflow(*before, add->delta, &sum) || (add->floor && sum < *add->floor))
          return refuse(store::Refusal::kFloor);
        put(std::to_string(sum));
        receipt.counters.push_back(sum);
      }
    }
    return receipt;
  }

  Outcome apply(const store::Commit& commit) TR_REQUIRES(mutex_) {
    if (failing_ || (!failing_for_.empty() && touches(commit, failing_for_)))
      return base::fail(base::ErrorCode::kStoreFailed, "The store was told to fail.");
    auto copy = tables_;
    auto outcome = apply(copy, commit);
    if (outcome && outcome->accepted() && !forgetful_) tables_.swap(copy);
    return outcome;
  }

  void run() {
    for (;;) {
      std::vector<std::pair<store::Commit, store::Done>> batch;
      {
        base::Lock lock(mutex_);
        while (queue_.empty() && !stopping_) lock.wait(wake_);
        if (queue_.empty()) return;
        batch.swap(queue_);
      }
      if (delay_.count() > 0) std::this_thread::sleep_for(delay_);
      std::vector<Outcome> outcomes;
      {
        base::Lock lock(mutex_);
        for (const auto& [commit, done] : batch) outcomes.push_back(apply(commit));
      }
      for (std::size_t i = 0; i < batch.size(); ++i) batch[i].second(std::move(outcomes[i]));
    }
  }

  const std::chrono::milliseconds delay_;
  mutable base::Mutex mutex_;
  std::condition_variable wake_;
  Tables tables_ TR_GUARDED_BY(mutex_);
  std::vector<std::pair<store::Commit, store::Done>> queue_ TR_GUARDED_BY(mutex_);
  bool failing_ TR_GUARDED_BY(mutex_) = false;
  std::string failing_for_ TR_GUARDED_BY(mutex_);
  BeforeScan before_scan_ TR_GUARDED_BY(mutex_);
  bool forgetful_ TR_GUARDED_BY(mutex_) = false;
  bool stopping_ TR_GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

}  // namespace toolrack::testing
