/// What is known of a file that a skill produced or a caller uploaded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::services::assets {

struct Asset {
  std::string id;  ///< "as_" and 32 hex digits from the kernel's generator: nobody finds one by guessing.
  std::string account, name, media_type;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< Of the bytes, hex.
  std::int64_t created_ns = 0, expires_ns = 0;
};

/// Has `text` the form of an id? Only such a text may become part of a path or a key.
bool is_asset_id(std::string_view text) noexcept;
std::string make_asset_id();

/// A media type that may stand in a header ("audio/mpeg", parameters allowed), else "application/octet-stream".
std::string clean_media_type(std::string_view given);
/// The last segment of a file name without control characters, quotes or slashes, at most 200 bytes of UTF-8; may be
/// empty.
std::string clean_name(std::string_view given);

/// As it stands in the store, and back. kStoreFailed when the document is damaged.
std::string to_document(const Asset& asset);
base::Result<Asset> from_document(std::string_view id, std::string_view json);

/// The members callers see, inside an object that is open: id, media_type, bytes, sha256, expires, and name if it has
/// one.
void write_members(base::json::Writer& writer, const Asset& asset);
/// The same as an object of its own.
std::string describe(const Asset& asset);

}  // namespace toolrack::services::assets
