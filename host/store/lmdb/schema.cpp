#include "store/lmdb/schema.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "store/lmdb/batch.hpp"
#include "store/lmdb/environment.hpp"
#include "store/lmdb/record.hpp"

namespace toolrack::store::lmdb {
namespace {

base::Result<std::int64_t> version_of(std::string_view json) {
  const auto document = TRY(base::json::parse(json));
  if (const auto version = base::json::find_int(document, "version")) return *version;
  return base::fail(base::ErrorCode::kStoreFailed,
                    fmt::format("The store's schema document has no version: {}.", json));
}

}  // namespace

base::Result<std::optional<std::int64_t>> read_schema(MDB_txn* transaction, MDB_dbi table,
                                                      const std::filesystem::path& directory, std::int64_t newest) {
  const auto full = full_key("meta", "schema");
  auto key = to_val(full);
  MDB_val bytes{};
  const int found = mdb_get(transaction, table, &key, &bytes);
  if (found == MDB_NOTFOUND) return std::nullopt;
  if (found != 0) return tl::unexpected(open_error(found, directory));
  const auto record = TRY(decode(full, view(bytes)));
  const auto stored = TRY(version_of(record.json));
  if (stored <= newest) return stored;
  return base::fail(base::ErrorCode::kStoreFailed,
                    fmt::format("The store in {} has schema version {}; this program knows versions up to {}.",
                                directory.string(), stored, newest),
                    "Start the newer toolrack that wrote it, or use another data directory.");
}

base::Result<void> check_schema(Environment& environment, std::int64_t version) {
  const auto failed = [&](int code) { return tl::unexpected(open_error(code, environment.directory())); };
  Transaction transaction;
  if (const int code = transaction.begin(environment.handle(), 0); code != 0) return failed(code);
  if (TRY(read_schema(transaction.get(), environment.table(), environment.directory(), version))) return {};
  Batch batch;
  batch.start(transaction.get(), environment.table());
  base::Result<Receipt> receipt;
  if (const int code = batch.apply({Put{"meta", "schema", fmt::format(R"({{"version":{}}})", version)}}, receipt);
      code != 0)
    return failed(code);
  if (const int code = transaction.commit(); code != 0) return failed(code);
  return {};
}

}  // namespace toolrack::store::lmdb
