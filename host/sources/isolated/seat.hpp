/// A plugin's place in a worker process, in which others may have places too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "worker/frame.hpp"

namespace toolrack::sources::isolated {

class WorkerProcess;

/// What a worker answered to a [control] request.
struct WorkerReply {
  std::uint32_t status = 0;  ///< tr_status.
  std::string explanation;
  std::string fields;  ///< What follows, for a FieldReader.
};

/// Owner: the plugin, its operations, and the process until the plugin leaves or the process ends. Threads: `send` and
/// `kill` any; `request` not on a loop.
class Seat final {
 public:
  struct Listener {
    /// On the loop of the channel that it came on.
    std::function<void(Seat&, std::size_t channel, const worker::Frame&)> on_frame;
    /// Once, on some loop, after the last frame; not after the plugin has left. `is_blamed`: its plugin ended the
    /// process, as far as that can be said.
    std::function<void(Seat&, const std::string& how, bool is_blamed)> on_ended;
  };
  Seat(std::shared_ptr<WorkerProcess> process, std::uint16_t guest, std::string tool, Listener listener);
  ~Seat();

  const std::shared_ptr<WorkerProcess>& process() const noexcept { return process_; }
  std::uint16_t guest() const noexcept { return guest_; }
  const std::string& tool() const noexcept { return tool_; }
  const Listener& listener() const noexcept { return listener_; }
  /// By the process, once it tells nobody any more: the listener may keep who keeps us.
  void forget_listener() noexcept { listener_ = {}; }

  /// `channel`: of the loop that the frame concerns. `questions()`: an answer.
  void send(std::size_t channel, worker::FrameWriter frame);
  std::size_t questions() const noexcept;
  /// Ends the process, for something that this plugin did: `why` is told with its end.
  void kill(std::string why);
  /// Waits for the answer to a request, or for the end: kPluginFailed says how it ended, kTimeout that it was ended for
  /// taking too long.
  base::Result<WorkerReply> request(worker::FrameType type, const std::function<void(worker::FrameWriter&)>& put,
                                    std::chrono::milliseconds patience);

 private:
  const std::shared_ptr<WorkerProcess> process_;
  const std::uint16_t guest_;
  const std::string tool_;
  Listener listener_;
};

}  // namespace toolrack::sources::isolated
