/// One worker process, from its start to its end.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "sources/isolated/channel.hpp"
#include "sources/isolated/error_output.hpp"
#include "sources/isolated/launch.hpp"
#include "worker/frame.hpp"

namespace toolrack::sources::isolated {

/// What a worker answered to a [control] request.
struct WorkerReply {
  std::uint32_t status = 0;  ///< tr_status.
  std::string explanation;
  std::string fields;  ///< What follows, for a FieldReader.
};

/// Owner: the plugin, and whatever waits for it. Threads: `send`, `kill` any; `request` not on a loop.
class WorkerProcess final : public std::enable_shared_from_this<WorkerProcess> {
 public:
  /// Called on the loop of the channel that a frame came on; `on_ended` once, on some loop, after the last frame.
  struct Listener {
    std::function<void(WorkerProcess&, std::size_t channel, const worker::Frame&)> on_frame;
    std::function<void(WorkerProcess&, std::string how)> on_ended;
  };

  /// `tool`: in whose name it writes to the log.
  static base::Result<std::shared_ptr<WorkerProcess>> start(base::Loops& loops, const std::string& program,
                                                            const worker::Options& options, std::string tool,
                                                            Listener listener);
  ~WorkerProcess();

  std::int64_t id() const noexcept { return id_; }
  /// `channel`: of the loop that the frame concerns. `kQuestions`: an answer.
  void send(std::size_t channel, worker::FrameWriter frame);
  base::Loop& loop_of(std::size_t channel) const noexcept { return channels_[channel]->loop(); }
  std::size_t questions() const noexcept { return channels_.size() - 1; }
  /// Asks from now on again and again whether it is there, and ends it when it does not answer. [control]
  void ping_every(std::chrono::milliseconds interval);
  /// Ends it; `why` is told with its end unless it ended by itself before.
  void kill(std::string why);
  /// Waits for the answer to a request, or for the end: kPluginFailed says how it ended, kTimeout that it was ended for
  /// taking too long.
  base::Result<WorkerReply> request(worker::FrameType type, const std::function<void(worker::FrameWriter&)>& put,
                                    std::chrono::milliseconds patience);
  /// Waits until it has been reaped.
  void wait_until_ended();

 private:
  WorkerProcess(base::Loops& loops, Launched launched, std::string tool, Listener listener);
  void watch();
  void wait_to_ping();
  void on_frame(std::size_t channel, const worker::Frame& frame);
  void on_exit();
  void all_is_read();

  base::Loops& loops_;
  const std::int64_t id_;
  Listener listener_;
  Descriptor handle_;
  boost::asio::posix::stream_descriptor exit_;
  std::vector<std::unique_ptr<Channel>> channels_;
  // Of the first loop's thread.
  ErrorOutput output_;
  boost::asio::steady_timer next_ping_;
  std::chrono::milliseconds ping_interval_{0};
  std::uint64_t pings_ = 0, pongs_ = 0;
  int intervals_late_ = 0;  ///< In a row, without the answer to the last ping.

  std::atomic<std::size_t> open_channels_;
  std::string how_;  // Written before the channels are drained.

  base::Mutex mutex_;
  std::string why_ TR_GUARDED_BY(mutex_);  // We ended it.
  bool is_over_ TR_GUARDED_BY(mutex_) = false;
  std::uint64_t last_request_ TR_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::promise<base::Result<WorkerReply>>> requests_ TR_GUARDED_BY(mutex_);
  std::promise<void> ended_;
  std::shared_future<void> has_ended_{ended_.get_future()};
};

}  // namespace toolrack::sources::isolated
