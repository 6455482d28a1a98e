#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>

#include "store/lmdb/lmdb_store.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::store {
namespace {

constexpr std::uint64_t kInFlight = 32;
constexpr LmdbSettings kSettings{.initial_map_bytes = 1 << 20};  // So that it grows under the kills too.

/// The process that will be killed: commits rows from `first` on, kInFlight at a time, and reports each accepted one.
/// Every fifth commit is one that the store must refuse.
[[noreturn]] void work(const std::filesystem::path& directory, std::uint64_t first, int reports) {
  auto store = LmdbStore::open(directory, kSettings);
  if (!store) ::_exit(1);
  std::atomic<std::uint64_t> next{first};
  std::function<void()> submit_next = [&] {
    const auto i = next.fetch_add(1);
    const auto id = std::to_string(i);
    Commit commit = {PutIfAbsent{"rows", id, "1"}, AddI64{"counters", "total", 1, {}},
                     AddI64{"counters", "of_" + std::to_string(i % 7), 1, {}}};
    const bool is_refused = i % 5 == 0;
    if (is_refused) commit.push_back(ExpectVersion{"counters", "never", 1});
    (*store)->submit(std::move(commit), [&, i, is_refused](base::Result<Receipt> receipt) {
      if (!receipt || receipt->accepted() == is_refused) ::_exit(2);
      if (!is_refused && ::write(reports, &i, sizeof i) != sizeof i) ::_exit(3);
      submit_next();
    });
  };
  for (std::uint64_t i = 0; i < kInFlight; ++i) submit_next();
  for (;;) ::pause();
}

struct Contents {
  std::set<std::uint64_t> rows;
  std::map<std::string, std::uint64_t> counters;
};

Contents read_all(Store& store) {
  Contents contents;
  auto view = store.snapshot();
  EXPECT_TRUE(view.has_value());
  EXPECT_TRUE((*view)->scan("rows", "", "", Snapshot::Order::kForward, [&](std::string_view key, const Document&) {
    contents.rows.insert(std::stoull(std::string(key)));
    return true;
  }));
  EXPECT_TRUE(
      (*view)->scan("counters", "", "", Snapshot::Order::kForward, [&](std::string_view key, const Document& document) {
        contents.counters.emplace(key, std::stoull(document.json));
        return true;
      }));
  return contents;
}

/// TOOLRACK_CRASH_ROUNDS makes a campaign of it.
int rounds() {
  const char* given = std::getenv("TOOLRACK_CRASH_ROUNDS");
  return given == nullptr ? 60 : std::atoi(given);
}

TEST(LmdbCrash, KilledAtAnyMomentLosesNothingAcknowledgedAndAppliesNothingRefused) {
  // L1.
  const testing::TempDirectory directory;
  std::mt19937 random(20'261'121);
  std::set<std::uint64_t> acknowledged;
  std::uint64_t first = 1;
  for (int round = 0; round < rounds(); ++round) {
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    const pid_t worker = ::fork();
    if (worker == 0) {
      ::close(reports[0]);
      work(directory.path(), first, reports[1]);
    }
    ::close(reports[1]);
    // Some die while they open the store, the others somewhere in the middle of their work.
    std::uint64_t id = 0;
    for (auto left = round % 6 == 0 ? 0u : 1 + random() % 400; left > 0; --left) {
      ASSERT_EQ(::read(reports[0], &id, sizeof id), static_cast<ssize_t>(sizeof id)) << "the worker ended by itself";
      acknowledged.insert(id);
    }
    timespec moment{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 1'500'000)};
    ::ppoll(nullptr, 0, &moment, nullptr);  // Where in its transaction the kill comes is left to chance.
    ::kill(worker, SIGKILL);
    while (::read(reports[0], &id, sizeof id) == sizeof id) acknowledged.insert(id);
    ::close(reports[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(worker, &status, 0), worker);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the worker ended by itself with " << WEXITSTATUS(status);

    auto store = LmdbStore::open(directory.path(), kSettings);
    ASSERT_TRUE(store.has_value()) << store.error().message();
    auto contents = read_all(**store);
    std::uint64_t of = 0;
    for (const auto& [name, value] : contents.counters)
      if (name != "total") of += value;
    EXPECT_EQ(contents.counters["total"], contents.rows.size());
    EXPECT_EQ(of, contents.rows.size());
    for (const auto& row : contents.rows) ASSERT_NE(row % 5, 0u) << "a refused commit left something";
    for (const auto& row : acknowledged) ASSERT_TRUE(contents.rows.contains(row)) << row << " was acknowledged";

    // Who got no answer asks again; what was done already is not done twice.
    const auto last = contents.rows.empty() ? 1 : *contents.rows.rbegin();
    for (auto i = last > 3 ? last - 3 : 1; i < last + 3; ++i) {
      if (i % 5 == 0) continue;
      const auto id_text = std::to_string(i);
      const auto again = (*store)->commit({PutIfAbsent{"rows", id_text, "1"}, AddI64{"counters", "total", 1, {}},
                                           AddI64{"counters", "of_" + std::to_string(i % 7), 1, {}}});
      EXPECT_EQ(again->accepted(), !contents.rows.contains(i)) << i;
    }
    first = last + kInFlight + 3;
  }
  EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(rounds()) * 50);
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
}

}  // namespace
}  // namespace toolrack::store
