#include "zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace toolrack::github {
namespace {

constexpr std::size_t kEndSize = 22, kCentralSize = 46, kLocalSize = 30;
constexpr std::size_t kMaxEntries = 10'000;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Where the end record stands: it is the last thing, but for a comment of up to 64 KiB.
std::optional<std::size_t> find_end(std::string_view archive) {
  if (archive.size() < kEndSize) return std::nullopt;
  const auto first = archive.size() - std::min<std::size_t>(archive.size(), kEndSize + 0xffff);
  for (auto at = archive.size() - kEndSize + 1; at-- > first;)
    if (archive.substr(at, 4) == std::string_view("PK\5\6", 4)) return at;
  return std::nullopt;
}

/// The packed bytes behind an entry's own header.
std::optional<std::string_view> packed_at(std::string_view archive, std::size_t at, std::uint32_t size) {
  if (at > archive.size() || archive.size() - at < kLocalSize) return std::nullopt;
  if (archive.substr(at, 4) != std::string_view("PK\3\4", 4)) return std::nullopt;
  const auto begin = at + kLocalSize + little(archive, at + 26, 2) + little(archive, at + 28, 2);
  if (begin > archive.size() || archive.size() - begin < size) return std::nullopt;
  return archive.substr(begin, size);
}

/// Keeps the end of what is added.
class TailKeeper {
 public:
  TailKeeper(std::size_t most, std::uint64_t limit) : most_(most), limit_(limit) {}
  bool add(std::string_view bytes) {
    size_ += bytes.size();
    if (size_ > limit_) return false;
    text_.append(bytes);
    if (text_.size() > 2 * most_ + bytes.size()) text_.erase(0, text_.size() - most_);
    return true;
  }
  Tail take() {
    if (text_.size() > most_) text_.erase(0, text_.size() - most_);
    return {std::move(text_), size_};
  }

 private:
  const std::size_t most_;
  const std::uint64_t limit_;
  std::string text_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::optional<std::vector<ZipEntry>> read_zip(std::string_view archive) {
  const auto end = find_end(archive);
  if (!end) return std::nullopt;
  const std::size_t count = little(archive, *end + 10, 2);
  std::size_t at = little(archive, *end + 16, 4);
  if (count > kMaxEntries) return std::nullopt;
  std::vector<ZipEntry> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (at > *end || *end - at < kCentralSize || archive.substr(at, 4) != std::string_view("PK\1\2", 4))
      return std::nullopt;
    const bool is_encrypted = (little(archive, at + 8, 2) & 1) != 0;
    const std::size_t name_size = little(archive, at + 28, 2);
    const std::size_t whole = kCentralSize + name_size + little(archive, at + 30, 2) + little(archive, at + 32, 2);
    if (*end - at < whole || is_encrypted) return std::nullopt;
    ZipEntry entry;
    entry.name = archive.substr(at + kCentralSize, name_size);
    entry.method = static_cast<std::uint16_t>(little(archive, at + 10, 2));
    entry.size = little(archive, at + 24, 4);
    const auto packed = packed_at(archive, little(archive, at + 42, 4), little(archive, at + 20, 4));
    if (!packed) return std::nullopt;
    entry.packed = *packed;
    at += whole;
    if (!entry.name.empty() && entry.name.back() != '/') out.push_back(std::move(entry));
  }
  return out;
}

std::optional<Tail> unpack_tail(const ZipEntry& entry, std::size_t most, std::uint64_t limit) {
  TailKeeper keeper(most, limit);
  if (entry.method == 0) return keeper.add(entry.packed) ? std::optional(keeper.take()) : std::nullopt;
  if (entry.method != 8) return std::nullopt;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(entry.packed.data()));
  stream.avail_in = static_cast<uInt>(entry.packed.size());
  std::array<char, 32 << 10> buffer;
  int code = Z_OK;
  bool fits = true;
  while (code == Z_OK && fits) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    fits = keeper.add({buffer.data(), buffer.size() - stream.avail_out});
  }
  inflateEnd(&stream);
  if (code != Z_STREAM_END || !fits) return std::nullopt;
  return keeper.take();
}

}  // namespace toolrack::github
