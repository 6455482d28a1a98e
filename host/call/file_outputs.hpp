/// Files that a skill left behind: stored as assets, and named by links in its output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/pool.hpp"
#include "call/call.hpp"
#include "registry/outcome.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"

namespace toolrack::call {

/// Where the files go. Owned by the app; all of it outlives the calls.
struct FileOutputs {
  services::assets::Assets& assets;
  const services::assets::AssetLinks& links;
  base::Pool& pool;  ///< Reads and writes disks.

  struct Stored {
    std::string output;
    std::vector<registry::Part> files;  ///< As CallOutcome has them; empty when nobody reads the answer as content.
  };
  /// The output with each member `x_path` that holds a file name, or an array of them, replaced by `x_url` and
  /// `x_asset`, at any depth. Files are read through `files` alone; without it every name is kInvalidOutput, named
  /// file_refused, as is one that leads out of the directory. `content`: what an answer may hold itself; null: its
  /// files are not looked at. Waits for disks: in `pool`.
  base::Result<Stored> store(std::string_view output_json, registry::CallFiles* files, std::string_view account,
                             const ContentLimits* content = nullptr) const;
  /// An asset of `bytes`, as a link. Waits for disks: in `pool`.
  base::Result<registry::Part> keep(const services::assets::Assets::New& what, std::string_view bytes) const;
};

}  // namespace toolrack::call
