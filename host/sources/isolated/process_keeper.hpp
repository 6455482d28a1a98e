/// Keeps a worker process for those who sit in it: one plugin, or all of one vendor. It starts when somebody joins and
/// none runs, and ends when the last one leaves.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "sources/isolated/seat.hpp"
#include "sources/isolated/settings.hpp"
#include "sources/isolated/worker_process.hpp"
#include "sources/native/load_error.hpp"
#include "sources/native/plugin_code.hpp"

namespace toolrack::sources::isolated {

/// Owner: the plugins that sit in its process. Threads: those of [control], which outlive every process; what is
/// constant any.
class ProcessKeeper final {
 public:
  struct Place {
    base::Loops* loops = nullptr;
    Settings settings;
    std::string calls_directory;  ///< Of all calls' directories; empty: there are none.
  };
  /// For the one plugin of that name, whose library lies there.
  static native::LoadResult<std::shared_ptr<ProcessKeeper>> for_one(Place place, const std::string& tool,
                                                                    const std::filesystem::path& library);
  /// For all plugins of a vendor. Their libraries are put into `folder`, which is made and goes with the keeper.
  static native::LoadResult<std::shared_ptr<ProcessKeeper>> for_vendor(Place place, const std::string& vendor,
                                                                       std::filesystem::path folder);
  ~ProcessKeeper();
  ProcessKeeper(const ProcessKeeper&) = delete;
  ProcessKeeper& operator=(const ProcessKeeper&) = delete;

  /// "acme/weather", "acme/*": whose process it is.
  const std::string& name() const noexcept { return name_; }
  bool is_shared() const noexcept { return !folder_.empty(); }
  /// Where its processes' calls have their files.
  const native::FilesElsewhere& files() const noexcept { return files_; }

  /// Where a library is found by the process; `dismiss` when it is not needed any more. Its name is unique.
  native::LoadResult<std::filesystem::path> admit(const std::filesystem::path& library);
  void dismiss(const std::filesystem::path& admitted) noexcept;

  /// Starts a process when none runs. kWorker: that fails.
  native::LoadResult<std::shared_ptr<Seat>> join(const std::string& tool, const Seat::Listener& listener);
  /// Gives the seat back, after which nothing of it is heard; the last one ends the process, for that reason.
  void leave(Seat& seat, const std::string& why);

 private:
  ProcessKeeper(Place place, std::string name, std::filesystem::path folder)
      : place_(std::move(place)), name_(std::move(name)), folder_(std::move(folder)) {}
  native::LoadResult<void> make_calls_folder();
  native::LoadResult<void> start() TR_REQUIRES(mutex_);

  const Place place_;
  const std::string name_;
  const std::filesystem::path folder_;  // Of libraries of all; empty: it is for one.
  std::filesystem::path readable_;      // Constant after it was made, like the next one.
  native::FilesElsewhere files_;

  base::Mutex mutex_;  // Held while a process starts or ends.
  std::shared_ptr<WorkerProcess> process_ TR_GUARDED_BY(mutex_);
};

/// The keepers of all vendors. Owner: the source; outlives its plugins. Threads: any.
class VendorKeepers {
 public:
  /// Of the vendor; what ships with the program never shares with what does not. Made when nobody has it yet; `folder`
  /// is of this process alone.
  native::LoadResult<std::shared_ptr<ProcessKeeper>> of(const std::string& vendor, bool is_bundled,
                                                        const std::filesystem::path& folder,
                                                        const ProcessKeeper::Place& place);

 private:
  base::Mutex mutex_;
  std::map<std::string, std::weak_ptr<ProcessKeeper>> keepers_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::isolated
