#include "sources/isolated/process_keeper.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace toolrack::sources::isolated {
namespace {

using native::load_fail;
using native::LoadCode;
using native::LoadResult;

/// Users that nobody else has: beyond what systems and containers give out.
constexpr std::uint32_t kFirstUser = 1'879'048'192;

/// A user and a folder name that no other worker of this gateway has.
std::uint32_t next_number() noexcept {
  static std::atomic<std::uint32_t> number{0};
  return number.fetch_add(1, std::memory_order_relaxed) % 65'536;
}

/// Passed through by the worker's user, listed by nobody else.
LoadResult<void> make_folder(const std::filesystem::path& path) {
  constexpr int kTries = 10;  // The last one of another keeper may take the folder above with it meanwhile.
  for (int i = 0; ::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST; ++i) {
    const int error = errno;
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    if (error == ENOENT && i < kTries) continue;
    return load_fail(LoadCode::kWorker, fmt::format("cannot make {}: {}", path.string(), std::strerror(error)));
  }
  ::chmod(path.c_str(), 0711);
  return {};
}

}  // namespace

LoadResult<std::shared_ptr<ProcessKeeper>> ProcessKeeper::for_one(Place place, const std::string& tool,
                                                                  const std::filesystem::path& library) {
  std::shared_ptr<ProcessKeeper> made(new ProcessKeeper(std::move(place), tool, {}));
  made->readable_ = library;
  if (auto folder = made->make_calls_folder(); !folder) return tl::unexpected(folder.error());
  return made;
}

LoadResult<std::shared_ptr<ProcessKeeper>> ProcessKeeper::for_vendor(Place place, const std::string& vendor,
                                                                     std::filesystem::path folder) {
  if (auto is_made = make_folder(folder); !is_made) return tl::unexpected(is_made.error());
  std::shared_ptr<ProcessKeeper> made(new ProcessKeeper(std::move(place), vendor + "/*", std::move(folder)));
  made->readable_ = made->folder_;
  if (auto calls = made->make_calls_folder(); !calls) return tl::unexpected(calls.error());
  return made;
}

LoadResult<void> ProcessKeeper::make_calls_folder() {
  const auto number = next_number();
  if (::geteuid() == 0) files_.owner_id = kFirstUser + number;
  if (place_.calls_directory.empty()) return {};
  files_.folder = fmt::format("worker-{}", number);
  return make_folder(std::filesystem::path(place_.calls_directory) / files_.folder);
}

ProcessKeeper::~ProcessKeeper() {
  // Directories of calls that are being removed keep it until the next start.
  if (!files_.folder.empty()) ::rmdir((place_.calls_directory + "/" + files_.folder).c_str());
  if (folder_.empty()) return;
  ::rmdir(folder_.c_str());
  ::rmdir(folder_.parent_path().c_str());  // When it was the last one.
}

LoadResult<std::filesystem::path> ProcessKeeper::admit(const std::filesystem::path& library) {
  // The worker may be another user; the folder that the library lies in is ours alone.
  ::chmod(library.c_str(), 0444);
  if (folder_.empty()) return library;
  auto there = folder_ / library.filename();
  ::unlink(there.c_str());  // Of a process that was killed.
  if (::link(library.c_str(), there.c_str()) != 0)
    return load_fail(LoadCode::kWorker, fmt::format("cannot make {}: {}", there.string(), std::strerror(errno)));
  return there;
}

void ProcessKeeper::dismiss(const std::filesystem::path& admitted) noexcept {
  if (!folder_.empty()) ::unlink(admitted.c_str());
}

LoadResult<void> ProcessKeeper::start() {
  const auto& settings = place_.settings;
  worker::Options options;
  options.channels = static_cast<int>(place_.loops->size());
  options.has_board = is_shared();
  options.gateway = ::getpid();
  options.sandbox = settings.sandbox;
  options.rules.max_memory = settings.max_memory;
  options.rules.readable.push_back(readable_.string());
  for (const auto& folder : settings.libraries) options.rules.readable.push_back(folder.string());
  options.rules.user_id = files_.owner_id.value_or(0);
  if (!files_.folder.empty()) options.rules.writable = place_.calls_directory + "/" + files_.folder;
  auto started = WorkerProcess::start(*place_.loops, settings.program, options, name_);
  if (!started) return load_fail(LoadCode::kWorker, started.error().message());
  process_ = *std::move(started);
  process_->ping_every(settings.ping_every);
  return {};
}

LoadResult<std::shared_ptr<Seat>> ProcessKeeper::join(const std::string& tool, const Seat::Listener& listener) {
  base::Lock lock(mutex_);
  if (process_ != nullptr) {
    if (auto seat = process_->join(tool, listener)) return seat;
  }
  if (auto started = start(); !started) return tl::unexpected(started.error());
  if (auto seat = process_->join(tool, listener)) return seat;
  return load_fail(LoadCode::kWorker, "its worker process ended at once");
}

void ProcessKeeper::leave(Seat& seat, const std::string& why) {
  const auto process = seat.process();
  base::Lock lock(mutex_);  // Nobody joins meanwhile.
  if (process->leave(seat) != 0) return;
  process->kill(why);
  process->wait_until_ended();
  if (process_ == process) process_.reset();
}

LoadResult<std::shared_ptr<ProcessKeeper>> VendorKeepers::of(const std::string& vendor, bool is_bundled,
                                                             const std::filesystem::path& folder,
                                                             const ProcessKeeper::Place& place) {
  const auto name = (is_bundled ? "bundled." : "dropped.") + vendor;
  base::Lock lock(mutex_);
  auto& known = keepers_[name];
  if (auto keeper = known.lock()) return keeper;
  // A new one each time: the one before may still be on its way out.
  auto made = ProcessKeeper::for_vendor(place, vendor, folder / fmt::format("{}.{}", name, next_number()));
  if (made) known = *made;
  return made;
}

}  // namespace toolrack::sources::isolated
