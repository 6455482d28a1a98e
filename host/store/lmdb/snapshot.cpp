#include "store/lmdb/snapshot.hpp"

#include <fmt/format.h>

#include "store/commit_rules.hpp"
#include "store/lmdb/record.hpp"

namespace toolrack::store::lmdb {
namespace {

/// How many documents a scan visits between two looks at the clock.
constexpr std::size_t kAgeCheckEvery = 128;

struct CursorCloser {
  void operator()(MDB_cursor* cursor) const noexcept { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CursorCloser>;

/// The least string above every one that starts with `prefix`, which has a byte below 255 (the collection's name).
std::string above(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  ++prefix.back();
  return prefix;
}

/// Puts the cursor on the last key that is `bound` or, when `inclusive` is false, below it.
int seek_last(MDB_cursor* cursor, std::string_view bound, bool inclusive, MDB_val& key, MDB_val& value) {
  key = to_val(bound);
  const int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  if (code != 0 || (inclusive && view(key) == bound)) return code;
  return mdb_cursor_get(cursor, &key, &value, MDB_PREV);
}

}  // namespace

base::Result<std::unique_ptr<Snapshot>> LmdbSnapshot::begin(Environment& environment, ReaderGate& gate,
                                                            std::chrono::milliseconds max_age) {
  gate.enter();
  std::unique_ptr<LmdbSnapshot> snapshot(new LmdbSnapshot(environment, gate, max_age));
  const int code =
      environment.handle() == nullptr ? MDB_PANIC : snapshot->transaction_.begin(environment.handle(), MDB_RDONLY);
  if (code == 0) return snapshot;
  gate.leave();
  return tl::unexpected(to_error(code, "The store cannot be read"));
}

LmdbSnapshot::~LmdbSnapshot() { end(); }

void LmdbSnapshot::end() noexcept {
  if (transaction_.get() == nullptr) return;
  transaction_.abort();
  gate_.leave();
}

base::Result<void> LmdbSnapshot::check_age() {
  if (transaction_.get() != nullptr && std::chrono::steady_clock::now() - begun_ > max_age_) end();
  if (transaction_.get() != nullptr) return {};
  return base::fail(
      base::ErrorCode::kUnavailable,
      fmt::format("The snapshot was held for more than {} ms and has ended; take a new one.", max_age_.count()));
}

base::Result<std::optional<Document>> LmdbSnapshot::get(std::string_view collection, std::string_view key) {
  TRY(check_age());
  TRY(check_name(collection, key));
  const auto full = full_key(collection, key);
  auto name = to_val(full);
  MDB_val bytes{};
  const int code = mdb_get(transaction_.get(), table_, &name, &bytes);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0)
    return tl::unexpected(to_error(code, fmt::format("\"{}\" in collection \"{}\" cannot be read", key, collection)));
  const auto record = TRY(decode(full, view(bytes)));
  return Document{.json = std::string(record.json), .version = record.version};
}

base::Result<void> LmdbSnapshot::scan(std::string_view collection, std::string_view prefix, std::string_view first,
                                      Order order,
                                      const std::function<bool(std::string_view key, const Document&)>& visit) {
  TRY(check_age());
  TRY(check_collection(collection));
  const auto failed = [&](int code) {
    return tl::unexpected(to_error(code, fmt::format("Collection \"{}\" cannot be read", collection)));
  };
  MDB_cursor* opened = nullptr;
  if (const int code = mdb_cursor_open(transaction_.get(), table_, &opened); code != 0) return failed(code);
  Cursor cursor(opened);

  const auto range = full_key(collection, prefix);
  const auto from = full_key(collection, first);
  const bool is_forward = order == Order::kForward;
  MDB_val key{}, value{};
  int code = 0;
  if (is_forward) {
    const auto& start = from < range ? range : from;
    key = to_val(start);
    code = mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_RANGE);
  } else {
    const auto end = above(range);
    const bool is_bounded = !first.empty() && from < end;
    code = seek_last(cursor.get(), is_bounded ? from : end, is_bounded, key, value);
  }

  const auto key_at = collection.size() + 1;
  Document document;
  for (std::size_t visited = 1; code == 0 && view(key).starts_with(range); ++visited) {
    const auto record = TRY(decode(view(key), view(value)));
    document.json.assign(record.json);
    document.version = record.version;
    if (!visit(view(key).substr(key_at), document)) return {};
    if (visited % kAgeCheckEvery == 0 && std::chrono::steady_clock::now() - begun_ > max_age_) {
      cursor.reset();  // Before the transaction that it reads.
      return check_age();
    }
    code = mdb_cursor_get(cursor.get(), &key, &value, is_forward ? MDB_NEXT : MDB_PREV);
  }
  if (code != 0 && code != MDB_NOTFOUND) return failed(code);
  return {};
}

}  // namespace toolrack::store::lmdb
