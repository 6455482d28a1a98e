/// Starts a worker process. Linux: pidfd, posix_spawn.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "services/files/descriptor.hpp"
#include "sources/isolated/worker_program.hpp"
#include "worker/options.hpp"

namespace toolrack::sources::isolated {

using services::files::Descriptor;

/// Our ends of two sockets, which do not block.
struct ChannelSockets {
  Descriptor frames, memory;
};

/// A process that was started and not waited for yet.
struct Launched {
  pid_t id = 0;
  Descriptor handle;                     ///< pidfd: readable once it has ended.
  std::vector<ChannelSockets> channels;  ///< Those of calls, then that of questions.
  Descriptor board;                      ///< Where `options.has_board` says so: read_board() says who runs.
  Descriptor output;                     ///< What it writes to its standard output and error; does not block.
};

/// Runs `program` with `options` and nothing of ours but the sockets: empty environment, no input. The
/// process ends with the calling thread, which therefore belongs to a pool. Errors: kPluginFailed.
base::Result<Launched> launch(const WorkerProgram& program, const worker::Options& options);

/// "SIGSEGV (Segmentation fault)", "exit code 1"; waits for the process, which has ended.
std::string reap(const Descriptor& handle);
void kill(const Descriptor& handle) noexcept;

}  // namespace toolrack::sources::isolated
