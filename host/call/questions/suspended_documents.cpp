#include "call/questions/suspended_documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;

constexpr std::string_view kHeads = "suspended_calls", kRecords = "suspended_records";
/// Base64 is quoted as it is, and a document may have 1 MiB.
constexpr std::size_t kRecordPieceBytes = 900'000;

std::string hex_of(const SuspendedCall::Id& id) { return base::to_hex({id.data(), id.size()}); }

std::string piece_key(const SuspendedCall::Id& id, std::uint32_t index) {
  return fmt::format("{}/{:04}", hex_of(id), index);
}

std::string head_text(const SuspendedHead& head) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "account");
  json::put(writer, head.account);
  json::key(writer, "binding");
  json::put(writer, base::to_base64(base::as_bytes(head.binding)));
  json::key(writer, "expires_ns");
  writer.Int64(head.expires_ns);
  json::key(writer, "id");
  json::put(writer, base::to_base64({head.id.data(), head.id.size()}));
  json::key(writer, "is_running");
  writer.Bool(head.is_running);
  json::key(writer, "pieces");
  writer.Uint(head.pieces);
  writer.EndObject();
  return std::string(json::view(buffer));
}

/// False: it is not as many bytes.
template <typename Array>
bool read_bytes(const json::Value& document, std::string_view name, Array& to) {
  const auto bytes = base::from_base64(json::find_string(document, name).value_or(""));
  if (!bytes || bytes->size() != to.size()) return false;
  std::ranges::copy(*bytes, reinterpret_cast<char*>(to.data()));
  return true;
}

std::optional<SuspendedHead> head_from(std::string_view text) {
  const auto document = json::parse(text);
  if (!document) return std::nullopt;
  SuspendedHead head;
  const auto expires_ns = json::find_int(*document, "expires_ns"), pieces = json::find_int(*document, "pieces");
  if (!read_bytes(*document, "id", head.id) || !read_bytes(*document, "binding", head.binding) || !expires_ns ||
      !pieces || *pieces < 0 || *pieces > UINT32_MAX)
    return std::nullopt;
  head.account = json::find_string(*document, "account").value_or("");
  head.expires_ns = *expires_ns;
  head.pieces = static_cast<std::uint32_t>(*pieces);
  head.is_running = json::find_bool(*document, "is_running").value_or(false);
  return head;
}

base::Result<std::string> read_record(store::Snapshot& snapshot, const SuspendedHead& head) {
  std::string sealed;
  for (std::uint32_t i = 0; i < head.pieces; ++i) {
    const auto document = TRY(snapshot.get(kRecords, piece_key(head.id, i)));
    const auto piece = json::parse(document ? document->json : "");
    if (!piece || !piece->IsString()) return std::string();
    sealed += json::view(*piece);
  }
  return sealed;
}

}  // namespace

void put_head(store::Commit& commit, const SuspendedHead& head) {
  commit.emplace_back(store::Put{std::string(kHeads), hex_of(head.id), head_text(head)});
}

void put_suspended(store::Commit& commit, SuspendedHead& head, std::string_view sealed) {
  for (head.pieces = 0; !sealed.empty(); ++head.pieces) {
    const auto piece = sealed.substr(0, kRecordPieceBytes);
    sealed.remove_prefix(piece.size());
    commit.emplace_back(store::Put{std::string(kRecords), piece_key(head.id, head.pieces), json::quote(piece)});
  }
  put_head(commit, head);
}

void delete_suspended(store::Commit& commit, const SuspendedHead& head) {
  commit.emplace_back(store::Delete{std::string(kHeads), hex_of(head.id)});
  for (std::uint32_t i = 0; i < head.pieces; ++i)
    commit.emplace_back(store::Delete{std::string(kRecords), piece_key(head.id, i)});
}

base::Result<std::vector<LeftSuspended>> read_suspended(store::Store& store, store::Commit& commit) {
  std::vector<LeftSuspended> all;
  const auto snapshot = TRY(store.snapshot());
  TRY(snapshot->scan(kHeads, "", "", store::Snapshot::Order::kForward,
                     [&](std::string_view key, const store::Document& document) {
                       if (auto head = head_from(document.json); head && hex_of(head->id) == key)
                         all.push_back({.head = *std::move(head), .sealed = {}});
                       else
                         commit.emplace_back(store::Delete{std::string(kHeads), std::string(key)});
                       return true;
                     }));
  for (auto& one : all) one.sealed = TRY(read_record(*snapshot, one.head));
  return all;
}

}  // namespace toolrack::call
