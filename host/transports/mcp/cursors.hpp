/// Where a list goes on: after the entry that the page before ended with, or inside a plugin's own list.
///
/// A cursor holds that entry's name and not its place, so that whoever turns the page while tools come and go is shown
/// every entry that stays exactly once, and no older list has to be kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/seal.hpp"

namespace toolrack::mcp {

struct ListPlace {
  std::string after =
      {};  ///< Name of the last entry; with `lister`: its plugin's own cursor. Empty: from the beginning.
  std::string lister = {};  ///< "owner/slug@version" of the tool whose plugin is asked next; empty: manifests are read.
};

/// `list`: the method, the exposure and the tool set, which a cursor is bound to.
std::string make_cursor(const base::Seal::Key& key, std::string_view list, const ListPlace& place);
/// Nothing when the cursor was not made for this list.
std::optional<ListPlace> read_cursor(const base::Seal::Key& key, std::string_view list, std::string_view cursor);

}  // namespace toolrack::mcp
