/// A look at a store that leaves no trace, for who must not get into its owner's way.
#include <cerrno>
#include <memory>

#include "store/lmdb/environment.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "store/lmdb/schema.hpp"

namespace toolrack::store {

base::Result<std::optional<std::int64_t>> LmdbStore::look(const std::filesystem::path& directory) {
  const auto failed = [&](int code) { return tl::unexpected(lmdb::open_error(code, directory)); };
  MDB_env* made = nullptr;
  if (const int code = mdb_env_create(&made); code != 0) return failed(code);
  const std::unique_ptr<MDB_env, void (*)(MDB_env*)> environment(made, mdb_env_close);
  mdb_env_set_maxdbs(made, 4);
  // MDB_NOLOCK: not even a place in the table of readers, which would make the table where there is none.
  if (const int code = mdb_env_open(made, directory.c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0); code != 0) {
    if (code == ENOENT) return std::nullopt;
    return failed(code);
  }
  lmdb::Transaction transaction;
  if (const int code = transaction.begin(made, MDB_RDONLY); code != 0) return failed(code);
  MDB_dbi table = 0;
  const int code = mdb_dbi_open(transaction.get(), "documents", 0, &table);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) return failed(code);
  return lmdb::read_schema(transaction.get(), table, directory, kSchemaVersion);
}

}  // namespace toolrack::store
