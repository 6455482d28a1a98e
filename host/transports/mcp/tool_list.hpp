/// The results of tools/list as bytes that are made once per exposure, tool set, era and catalogue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "operations/table.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Lists by what they were made for; whoever was not asked for longest goes first.
class RecentLists {
 public:
  using Bytes = std::shared_ptr<const std::string>;
  RecentLists(std::size_t most_lists, std::size_t most_bytes) : most_lists_(most_lists), most_bytes_(most_bytes) {}

  Bytes find(std::string_view key);
  /// A list that is larger than all of them may be is not kept.
  void put(std::string key, Bytes list);
  void clear() noexcept;
  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  using Entries = std::list<std::pair<std::string, Bytes>>;
  const std::size_t most_lists_, most_bytes_;
  std::size_t bytes_ = 0;
  Entries entries_;  ///< The one that was asked for last comes first.
  std::unordered_map<std::string_view, Entries::iterator> by_key_;
};

/// One per loop; used by that loop's thread.
class ToolLists {
 public:
  explicit ToolLists(const operations::Table& table) : table_(table) {}

  /// The result object of tools/list. kToolNotFound when the exposure names a tool that is not there.
  base::Result<std::shared_ptr<const std::string>> result(const registry::Catalogue& catalogue,
                                                          const registry::Exposure& exposure, Revision revision);

 private:
  static constexpr std::size_t kMostLists = 64, kMostBytes = 8 << 20;

  base::Result<std::string> make(const registry::Catalogue& catalogue, const registry::Exposure& exposure,
                                 Revision revision) const;

  const operations::Table& table_;
  std::uint64_t generation_ = 0;
  RecentLists common_{4, SIZE_MAX};  ///< All tools, to everybody: few, and nothing pushes them out.
  RecentLists of_keys_{kMostLists, kMostBytes};
  /// Those that URLs have chosen tools for: whoever makes up URLs pushes out others who do.
  RecentLists of_urls_{kMostLists, kMostBytes};
};

}  // namespace toolrack::mcp
