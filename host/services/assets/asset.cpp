#include "services/assets/asset.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"

namespace toolrack::services::assets {
namespace {

namespace json = base::json;

constexpr std::string_view kPrefix = "as_";
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxType = 100;
constexpr std::string_view kUnknownType = "application/octet-stream";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_token(std::string_view text) {
  static constexpr std::string_view kSigns = "!#$&-^_.+";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSigns.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_asset_id(std::string_view text) noexcept {
  return text.size() == kPrefix.size() + 2 * kRandomBytes && text.starts_with(kPrefix) &&
         std::ranges::all_of(text.substr(kPrefix.size()), is_hex);
}

std::string make_asset_id() { return std::string(kPrefix) + base::random_hex(kRandomBytes); }

std::string clean_media_type(std::string_view given) {
  const auto type = given.substr(0, given.find(';'));
  const auto slash = type.find('/');
  const bool is_clean = given.size() <= kMaxType && slash != std::string_view::npos &&
                        is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1)) &&
                        std::ranges::all_of(given, [](char c) { return c >= 0x20 && c < 0x7f; });
  return std::string(is_clean ? given : kUnknownType);
}

std::string clean_name(std::string_view given) {
  if (const auto slash = given.find_last_of("/\\"); slash != std::string_view::npos) given.remove_prefix(slash + 1);
  if (!base::is_utf8(given)) return {};
  std::string name;
  for (const char c : given)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"') name += c;
  if (name.size() > kMaxName) {
    name.resize(kMaxName);
    while (!base::is_utf8(name)) name.pop_back();
  }
  return name == "." || name == ".." ? std::string() : name;
}

std::string to_document(const Asset& asset) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto text = [&](std::string_view name, std::string_view value) {
    json::key(writer, name);
    json::put(writer, value);
  };
  writer.StartObject();
  text("account", asset.account);
  json::key(writer, "bytes");
  writer.Uint64(asset.bytes);
  json::key(writer, "created_ns");
  writer.Int64(asset.created_ns);
  json::key(writer, "expires_ns");
  writer.Int64(asset.expires_ns);
  text("media_type", asset.media_type);
  text("name", asset.name);
  text("sha256", asset.sha256);
  writer.EndObject();
  return std::string(json::view(buffer));
}

base::Result<Asset> from_document(std::string_view id, std::string_view text) {
  const auto document = TRY(json::parse(text));
  const auto account = json::find_string(document, "account");
  const auto bytes = json::find_int(document, "bytes");
  const auto created = json::find_int(document, "created_ns");
  const auto expires = json::find_int(document, "expires_ns");
  const auto media_type = json::find_string(document, "media_type");
  const auto name = json::find_string(document, "name");
  const auto sha256 = json::find_string(document, "sha256");
  if (!account || !bytes || *bytes < 0 || !created || !expires || !media_type || !name || !sha256)
    return base::fail(base::ErrorCode::kStoreFailed, "the record of asset " + std::string(id) + " is damaged",
                      "Restore the data directory from a backup, or delete the asset.");
  return Asset{.id = std::string(id),
               .account = std::string(*account),
               .name = std::string(*name),
               .media_type = std::string(*media_type),
               .bytes = static_cast<std::uint64_t>(*bytes),
               .sha256 = std::string(*sha256),
               .created_ns = *created,
               .expires_ns = *expires};
}

void write_members(json::Writer& writer, const Asset& asset) {
  json::key(writer, "id");
  json::put(writer, asset.id);
  json::key(writer, "media_type");
  json::put(writer, asset.media_type);
  json::key(writer, "bytes");
  writer.Uint64(asset.bytes);
  json::key(writer, "sha256");
  json::put(writer, asset.sha256);
  json::key(writer, "expires");
  json::put(writer, base::to_rfc3339(asset.expires_ns).text);
  if (asset.name.empty()) return;
  json::key(writer, "name");
  json::put(writer, asset.name);
}

std::string describe(const Asset& asset) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  write_members(writer, asset);
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::services::assets
