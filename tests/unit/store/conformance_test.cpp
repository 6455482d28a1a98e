#include "store/lmdb/lmdb_store.hpp"
#include "store_conformance.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::store {
namespace {

struct Lmdb : StoreUnderTest {
  Lmdb() {
    auto opened = LmdbStore::open(directory_.path(), {.initial_map_bytes = 16 << 20});
    if (!opened) throw std::runtime_error(opened.error().message());
    store_ = std::move(*opened);
  }
  Store& store() override { return *store_; }
  testing::TempDirectory directory_;
  std::unique_ptr<LmdbStore> store_;
};

struct Memory : StoreUnderTest {
  explicit Memory(std::chrono::milliseconds delay) : store_(delay) {}
  Store& store() override { return store_; }
  testing::MemoryStore store_;
};

std::unique_ptr<StoreUnderTest> make_lmdb() { return std::make_unique<Lmdb>(); }
std::unique_ptr<StoreUnderTest> make_memory() { return std::make_unique<Memory>(std::chrono::milliseconds(0)); }
/// Whoever counts on an answer before the batch is through is found out.
std::unique_ptr<StoreUnderTest> make_slow_memory() { return std::make_unique<Memory>(std::chrono::milliseconds(1)); }

INSTANTIATE_TEST_SUITE_P(Every, StoreConformance,
                         ::testing::Values(std::pair("Lmdb", &make_lmdb), std::pair("Memory", &make_memory),
                                           std::pair("SlowMemory", &make_slow_memory)),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace toolrack::store
