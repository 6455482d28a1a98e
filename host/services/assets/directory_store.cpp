#include "services/assets/directory_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "services/assets/asset.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::services::assets {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using files::Descriptor;

tl::unexpected<base::Error> system_failure(std::string_view what, const fs::path& path, int error) {
  return base::fail(ErrorCode::kStoreFailed,
                    fmt::format("cannot {} {}: {}", what, path.native(), std::generic_category().message(error)));
}

base::Result<void> sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return system_failure("sync", path, errno);
  return {};
}

class FileWriter final : public AssetStore::Writer {
 public:
  FileWriter(Descriptor file, fs::path temporary, fs::path final_path)
      : file_(std::move(file)), temporary_(std::move(temporary)), final_path_(std::move(final_path)) {}
  ~FileWriter() override {
    if (!is_committed_) ::unlink(temporary_.c_str());
  }

  base::Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_failure("write", temporary_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  base::Result<void> commit() override {
    if (::fsync(file_.get()) != 0) return system_failure("sync", temporary_, errno);
    const auto folder = final_path_.parent_path();
    if (::mkdir(folder.c_str(), 0700) == 0) {
      TRY(sync_directory(folder.parent_path()));
    } else if (errno != EEXIST) {
      return system_failure("make", folder, errno);
    }
    if (::rename(temporary_.c_str(), final_path_.c_str()) != 0) return system_failure("rename", temporary_, errno);
    is_committed_ = true;
    return sync_directory(folder);
  }

 private:
  Descriptor file_;
  const fs::path temporary_, final_path_;
  bool is_committed_ = false;
};

class FileReader final : public AssetStore::Reader {
 public:
  FileReader(Descriptor file, fs::path path) : file_(std::move(file)), path_(std::move(path)) {}

  base::Result<std::string> read(std::uint64_t offset, std::size_t size) override {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto got = ::pread(file_.get(), bytes.data() + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure("read", path_, errno);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

 private:
  Descriptor file_;
  const fs::path path_;
};

}  // namespace

base::Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open_directory(const fs::path& path) {
  for (const auto& folder : {path, path / "incoming", path / "data"})
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_failure("make", folder, errno);
  return std::unique_ptr<DirectoryStore>(new DirectoryStore(path));
}

/// By the first digits of the random part, so that no directory grows without bound.
fs::path DirectoryStore::file_of(std::string_view id) const {
  assert(is_asset_id(id));
  return path_ / "data" / id.substr(3, 2) / id;
}

base::Result<std::unique_ptr<AssetStore::Writer>> DirectoryStore::write(std::string_view id, std::string_view) {
  auto temporary = incoming() / id;
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_failure("make", temporary, errno);
  return std::make_unique<FileWriter>(std::move(file), std::move(temporary), file_of(id));
}

base::Result<std::unique_ptr<AssetStore::Reader>> DirectoryStore::open(std::string_view id) {
  auto path = file_of(id);
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return system_failure("open", path, errno);
  return std::make_unique<FileReader>(std::move(file), std::move(path));
}

base::Result<void> DirectoryStore::remove(std::string_view id) {
  const auto path = file_of(id);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("remove", path, errno);
  return {};
}

base::Result<std::size_t> DirectoryStore::recover(
    const std::function<base::Result<bool>(std::string_view id)>& is_known) {
  std::error_code error;
  std::vector<fs::path> doomed;
  for (fs::directory_iterator at(incoming(), error), end; !error && at != end; at.increment(error))
    doomed.push_back(at->path());
  for (fs::recursive_directory_iterator at(path_ / "data", error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory(error)) continue;
    const auto name = at->path().filename().native();
    if (!is_asset_id(name) || !TRY(is_known(name))) doomed.push_back(at->path());
  }
  if (error) return system_failure("look through", path_, error.value());
  for (const auto& path : doomed)
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("remove", path, errno);
  return doomed.size();
}

}  // namespace toolrack::services::assets
