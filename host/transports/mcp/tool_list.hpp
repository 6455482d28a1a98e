/// The results of tools/list as bytes that are made once per exposure, era and catalogue.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "operations/table.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// One per loop; used by that loop's thread.
class ToolLists {
 public:
  explicit ToolLists(const operations::Table& table) : table_(table) {}

  /// The result object of tools/list. kToolNotFound when the exposure names a tool that is not there.
  base::Result<std::shared_ptr<const std::string>> result(const registry::Catalogue& catalogue,
                                                          const registry::Exposure& exposure, Revision revision);

 private:
  static constexpr std::size_t kMaxLists = 64;  ///< Exposures come from URLs: more of them are made anew each time.

  base::Result<std::string> make(const registry::Catalogue& catalogue, const registry::Exposure& exposure,
                                 Revision revision) const;

  const operations::Table& table_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> lists_;
};

}  // namespace toolrack::mcp
