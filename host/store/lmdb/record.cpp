#include "store/lmdb/record.hpp"

#include <fmt/format.h>
#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>

#include <cstring>

namespace toolrack::store::lmdb {
namespace {

constexpr std::size_t kVersionSize = 8;

std::uint32_t checksum(std::string_view full_key, const void* version, std::string_view json) noexcept {
  boost::crc_32_type crc;
  crc.process_bytes(full_key.data(), full_key.size());
  crc.process_bytes(version, kVersionSize);
  crc.process_bytes(json.data(), json.size());
  return crc.checksum();
}

}  // namespace

std::string full_key(std::string_view collection, std::string_view key) {
  std::string full;
  full.reserve(collection.size() + 1 + key.size());
  full.append(collection).push_back('\0');
  return full.append(key);
}

void encode(char* out, std::string_view full_key, std::uint64_t version, std::string_view json) noexcept {
  boost::endian::native_to_little_inplace(version);
  std::memcpy(out, &version, kVersionSize);
  const auto crc = boost::endian::native_to_little(checksum(full_key, &version, json));
  std::memcpy(out + kVersionSize, &crc, sizeof crc);
  std::memcpy(out + kHeaderSize, json.data(), json.size());
}

base::Result<Record> decode(std::string_view full_key, std::string_view bytes) {
  if (bytes.size() >= kHeaderSize) {
    std::uint64_t version = 0;
    std::uint32_t crc = 0;
    std::memcpy(&version, bytes.data(), kVersionSize);
    std::memcpy(&crc, bytes.data() + kVersionSize, sizeof crc);
    const auto json = bytes.substr(kHeaderSize);
    if (boost::endian::little_to_native(crc) == checksum(full_key, &version, json))
      return Record{.version = boost::endian::little_to_native(version), .json = json};
  }
  const auto split = full_key.find('\0');
  return base::fail(base::ErrorCode::kStoreFailed,
                    fmt::format("The document \"{}\" in collection \"{}\" is damaged: its checksum does not match.",
                                full_key.substr(split + 1), full_key.substr(0, split)),
                    "The disk or memory may be faulty; restore the data directory from a backup.");
}

}  // namespace toolrack::store::lmdb
