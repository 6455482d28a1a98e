/// A worker process from inside: the sockets to the gateway, the threads, and the plugins that it carries.
#pragma once

#include <toolrack/abi.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/board.hpp"
#include "worker/options.hpp"
#include "worker/sandbox.hpp"
#include "worker/socket.hpp"
#include "worker/threads.hpp"

namespace toolrack::worker {

class Runtime;

/// One, to its end. Threads: any.
class Process {
 public:
  Process(Options options, SandboxState sandbox);

  /// Serves until the gateway ends the process. The main thread.
  [[noreturn]] void run();

  void send(std::size_t channel, std::string frame) { sockets_[channel]->send(std::move(frame)); }
  std::string ask(std::string frame) { return questions_.ask(std::move(frame)); }
  const Options& options() const noexcept { return options_; }
  const SandboxState& sandbox() const noexcept { return sandbox_; }
  Threads& threads() noexcept { return threads_; }
  Board& board() noexcept { return board_; }
  /// The guest has left: frames that still come for it are nobody's.
  void forget(std::uint16_t guest);

 private:
  void on_frame(std::size_t channel, const Frame& frame);
  std::shared_ptr<Runtime> find(std::uint16_t guest);
  void admit(const Frame& frame);
  void answer(const Frame& request, tr_status status, std::string_view explanation);

  const Options options_;
  const SandboxState sandbox_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Socket questions_;
  Threads threads_;
  Board board_;

  std::mutex mutex_;
  std::unordered_map<std::uint16_t, std::shared_ptr<Runtime>> guests_;
};

}  // namespace toolrack::worker
