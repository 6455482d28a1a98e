/// toolrack-worker, held open from the start of the gateway. An upgrade puts another build in its place, and the two
/// speak of frames that only programs of one build agree about: whoever holds it goes on starting the one that it
/// knows, until the gateway is renewed.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::sources::isolated {

/// A value; copies share the descriptor. Threads: any.
class WorkerProgram {
 public:
  WorkerProgram() = default;
  /// What lies there now.
  WorkerProgram(std::filesystem::path path);  // NOLINT(google-explicit-constructor): a path is how it is named.

  const std::filesystem::path& path() const noexcept { return path_; }
  bool empty() const noexcept { return path_.empty(); }
  /// For posix_spawn to run, as long as this lives. kPluginFailed: it was not there.
  base::Result<int> descriptor() const;

  bool operator==(const WorkerProgram& other) const { return path_ == other.path_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const services::files::Descriptor> held_;
  int error_ = 0;  // Why it is not held.
};

}  // namespace toolrack::sources::isolated
