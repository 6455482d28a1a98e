#include "sources/isolated/worker_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace toolrack::sources::isolated {

WorkerProgram::WorkerProgram(std::filesystem::path path) : path_(std::move(path)) {
  using services::files::Descriptor;
  const Descriptor opened(::open(path_.c_str(), O_PATH | O_CLOEXEC));
  // A worker's standard descriptors are put in place before it is run.
  Descriptor held(opened ? ::fcntl(opened.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1);
  if (held)
    held_ = std::make_shared<const Descriptor>(std::move(held));
  else
    error_ = errno;
}

base::Result<int> WorkerProgram::descriptor() const {
  if (held_ != nullptr) return held_->get();
  return base::fail(base::ErrorCode::kPluginFailed,
                    fmt::format("cannot start {}: {}, when the gateway started; once it is there, renew the gateway: "
                                "kill -USR2 {}",
                                path_.string(), std::strerror(error_), ::getpid()));
}

}  // namespace toolrack::sources::isolated
