/// Files that a skill left behind: stored as assets, and named by links in its output.
#pragma once

#include <string>
#include <string_view>

#include "base/pool.hpp"
#include "registry/outcome.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"

namespace toolrack::call {

/// Where the files go. Owned by the app; all of it outlives the calls.
struct FileOutputs {
  services::assets::Assets& assets;
  const services::assets::AssetLinks& links;
  base::Pool& pool;  ///< Reads and writes disks.

  /// The output with each member `x_path` that holds a file name, or an array of them, replaced by `x_url` and
  /// `x_asset`, at any depth. Files are read through `files` alone; without it every name is kInvalidOutput, named
  /// file_refused, as is one that leads out of the directory. Waits for disks: in `pool`.
  base::Result<std::string> store(std::string_view output_json, registry::CallFiles* files,
                                  std::string_view account) const;
};

}  // namespace toolrack::call
