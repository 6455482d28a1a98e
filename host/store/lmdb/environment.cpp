#include "store/lmdb/environment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace toolrack::store::lmdb {

using base::ErrorCode;

base::Error to_error(int code, std::string_view doing) {
  const auto kind = code == MDB_READERS_FULL ? ErrorCode::kUnavailable : ErrorCode::kStoreFailed;
  return base::Error(kind, fmt::format("{}: {}.", doing, mdb_strerror(code)));
}

base::Error open_error(int code, const std::filesystem::path& directory) {
  auto error = to_error(code, fmt::format("The store in {} cannot be opened", directory.string()));
  if (code != MDB_INVALID && code != MDB_VERSION_MISMATCH && code != MDB_CORRUPTED) return error;
  return std::move(error).with_hint("data.mdb is no store of this program or is damaged; restore it from a backup.");
}

base::Result<std::unique_ptr<Environment>> Environment::open(const std::filesystem::path& directory,
                                                             EnvironmentSettings settings) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return tl::unexpected(to_error(errno, fmt::format("The directory {} cannot be opened", directory.string())));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    ::close(fd);
    if (code != EWOULDBLOCK)
      return tl::unexpected(to_error(code, fmt::format("{} cannot be locked", directory.string())));
    return base::fail(ErrorCode::kStoreFailed, fmt::format("The store in {} is open already.", directory.string()),
                      "Stop the process that has it, or use another data directory.");
  }
  std::unique_ptr<Environment> environment(new Environment(directory, settings, fd));
  if (auto started = environment->start(); !started) return tl::unexpected(std::move(started).error());
  return environment;
}

Environment::~Environment() {
  stop();
  ::close(lock_);
}

base::Result<void> Environment::start() {
  const auto failed = [&](int code) {
    stop();
    return tl::unexpected(open_error(code, directory_));
  };
  if (const int code = mdb_env_create(&env_); code != 0) return failed(code);
  mdb_env_set_maxdbs(env_, 4);
  mdb_env_set_maxreaders(env_, settings_.max_readers);
  mdb_env_set_mapsize(env_, settings_.initial_map_bytes);
  // Default flags: every weaker durability lost acknowledged commits in simulated power cuts. MDB_NOTLS because a
  // snapshot belongs to a request, not to a thread.
  if (const int code = mdb_env_open(env_, directory_.c_str(), MDB_NOTLS, 0600); code != 0) return failed(code);
  check_readers();
  Transaction transaction;
  if (const int code = transaction.begin(env_, 0); code != 0) return failed(code);
  if (const int code = mdb_dbi_open(transaction.get(), "documents", MDB_CREATE, &table_); code != 0) {
    transaction.abort();
    return failed(code);
  }
  if (const int code = transaction.commit(); code != 0) return failed(code);
  return {};
}

void Environment::stop() noexcept {
  if (env_ != nullptr) mdb_env_close(std::exchange(env_, nullptr));
}

base::Result<void> Environment::reopen() {
  stop();
  return start();
}

Environment::Figures Environment::figures() const noexcept {
  if (env_ == nullptr) return {};
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return {.map_bytes = info.me_mapsize, .used_bytes = (info.me_last_pgno + 1) * stat.ms_psize};
}

base::Result<bool> Environment::grow() {
  const auto now = figures().map_bytes;
  const auto next = std::min(now * 2, settings_.max_map_bytes);
  if (next <= now) return false;
  const int code = mdb_env_set_mapsize(env_, next);
  if (code == 0) return true;
  // LMDB has given the old map up by now. When opening fails too there is no handle, and the writer tries again later.
  if (auto opened = reopen(); !opened) return tl::unexpected(std::move(opened).error());
  return tl::unexpected(to_error(code, fmt::format("The store's map cannot grow to {} bytes", next)));
}

int Environment::check_readers() noexcept {
  int dead = 0;
  if (env_ != nullptr) mdb_reader_check(env_, &dead);
  return dead;
}

}  // namespace toolrack::store::lmdb
