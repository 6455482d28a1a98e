#include "accounts/key_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.hpp"

namespace toolrack::accounts {
namespace {

namespace json = base::json;

bool is_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool read_digest(std::string_view hex, base::Sha256& digest) noexcept {
  if (hex.size() != 2 * digest.size() || !is_hex(hex)) return false;
  for (std::size_t i = 0; i < digest.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, digest[i], 16);
  return true;
}

}  // namespace

std::optional<std::uint64_t> parse_key_id(std::string_view id) noexcept {
  if (id.size() != kKeyIdSize || !is_hex(id)) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number, 16);
  return number;
}

std::optional<std::uint64_t> key_id_of(std::string_view key) noexcept {
  if (key.size() != kKeyPrefix.size() + kKeyIdSize + kKeySecretSize || !key.starts_with(kKeyPrefix))
    return std::nullopt;
  if (!is_hex(key.substr(kKeyPrefix.size() + kKeyIdSize))) return std::nullopt;
  return parse_key_id(key.substr(kKeyPrefix.size(), kKeyIdSize));
}

std::string to_json(const StoredKey& key) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto member = [&](std::string_view name, std::string_view text) {
    json::key(writer, name);
    json::put(writer, text);
  };
  const auto time = [&](std::string_view name, std::int64_t ns) {
    json::key(writer, name);
    writer.Int64(ns);
  };
  writer.StartObject();  // Members in the order of their names: the canonical form.
  member("account", key.info.account);
  time("created_ns", key.info.created_ns);
  member("digest", base::to_hex(base::as_bytes(key.digest)));
  time("expires_ns", key.info.expires_ns);
  member("name", key.info.name);
  member("prefix", key.info.prefix);
  time("revoked_ns", key.info.revoked_ns);
  json::key(writer, "scopes");
  writer.StartArray();
  for (const auto name : key.info.scopes.names()) json::put(writer, name);
  writer.EndArray();
  if (key.info.tools != nullptr) {
    json::key(writer, "tools");
    json::raw(writer, key.info.tools->to_json(), rapidjson::kArrayType);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

base::Result<StoredKey> key_from_json(std::string_view id, std::string_view text) {
  const auto broken = [&](std::string_view what) {
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("The stored key {} has no usable {}.", id, what));
  };
  const auto document = TRY(json::parse(text));
  if (!parse_key_id(id)) return broken("id");
  StoredKey key;
  key.info.id = id;
  const auto account = json::find_string(document, "account");
  if (!account) return broken("account");
  key.info.account = *account;
  key.info.name = json::find_string(document, "name").value_or("");
  key.info.prefix = json::find_string(document, "prefix").value_or("");
  key.info.created_ns = json::find_int(document, "created_ns").value_or(0);
  key.info.expires_ns = json::find_int(document, "expires_ns").value_or(0);
  const auto revoked_ns = json::find_int(document, "revoked_ns");
  if (!revoked_ns) return broken("revoked_ns");
  key.info.revoked_ns = *revoked_ns;
  if (!read_digest(json::find_string(document, "digest").value_or(""), key.digest)) return broken("digest");
  const auto* scopes = json::find(document, "scopes");
  if (scopes == nullptr || !scopes->IsArray()) return broken("scopes");
  std::vector<std::string> names;
  for (const auto& name : scopes->GetArray()) names.emplace_back(name.IsString() ? json::view(name) : "");
  key.info.scopes = TRY(Scopes::parse(names));
  if (const auto* tools = json::find(document, "tools")) {
    auto set = registry::ToolSet::from_json(*tools);
    if (!set) return broken(fmt::format("tool set ({})", set.error().message()));
    key.info.tools = *std::move(set);
  }
  return key;
}

}  // namespace toolrack::accounts
