/// Assets on a directory of the test's own and a store in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/assets/assets.hpp"
#include "services/assets/directory_store.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::testing {

struct AssetsFixture {
  explicit AssetsFixture(services::assets::AssetSettings settings = {})
      : bytes(open_bytes()), assets(records, *bytes, clock, settings) {}

  std::unique_ptr<services::assets::DirectoryStore> open_bytes() {
    auto opened = services::assets::DirectoryStore::open_directory(root());
    if (!opened) throw std::runtime_error(opened.error().message());
    return *std::move(opened);
  }
  std::filesystem::path root() const { return directory.path() / "assets"; }

  base::Result<services::assets::Asset> put(std::string_view account, std::string_view text,
                                            std::string_view name = "note.txt") {
    auto writer = TRY(assets.create({.account = account, .name = name, .media_type = "text/plain"}));
    TRY(writer->append(text));
    return writer->close();
  }
  /// Files below the root, whatever they are.
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root()))
      if (entry.is_regular_file()) ++count;
    return count;
  }

  TempDirectory directory;
  FakeClock clock;
  MemoryStore records;
  std::unique_ptr<services::assets::DirectoryStore> bytes;
  services::assets::Assets assets;
};

}  // namespace toolrack::testing
