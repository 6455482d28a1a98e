/// Reads a ZIP archive in memory, as GitHub sends the logs of a workflow run.
///
/// Stored and deflated entries, no encryption, no ZIP64, no archive in several parts. What a stranger wrote: every
/// number is checked against the bytes that are there, and inflating stops at a limit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::github {

struct ZipEntry {
  std::string name;
  std::uint32_t size = 0;    ///< As the archive says.
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated.
  std::string_view packed;   ///< In the archive.
};

/// The files of the archive (no directories), in its order; nothing when it is none. The entries point into `archive`.
std::optional<std::vector<ZipEntry>> read_zip(std::string_view archive);

/// The last `most` bytes of an entry's contents, and whether there were more before them; nothing when it is damaged,
/// or longer than `limit`.
struct Tail {
  std::string bytes;
  std::uint64_t size = 0;  ///< Of the whole.
};
std::optional<Tail> unpack_tail(const ZipEntry& entry, std::size_t most, std::uint64_t limit);

}  // namespace toolrack::github
