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
#include <optional>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "sources/isolated/channel.hpp"
#include "sources/isolated/error_output.hpp"
#include "sources/isolated/launch.hpp"
#include "sources/isolated/seat.hpp"
#include "worker/frame.hpp"

namespace toolrack::sources::isolated {

/// Owner: whoever started it, and those who have a seat in it. Threads: `send`, `kill` any; what waits not on a loop.
class WorkerProcess final : public std::enable_shared_from_this<WorkerProcess> {
 public:
  /// `name`: whose it is, and in whose name it writes to the log: a plugin, or "acme/*".
  static base::Result<std::shared_ptr<WorkerProcess>> start(base::Loops& loops, const WorkerProgram& program,
                                                            const worker::Options& options, std::string name);
  ~WorkerProcess();

  std::int64_t id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }
  /// A seat for a plugin of that name; waits until every loop knows it. Null: the process has ended.
  std::shared_ptr<Seat> join(std::string tool, Seat::Listener listener);
  /// Takes it back; none of its frames is under way afterwards, and nobody tells it of the end. Returns how many seats
  /// are left.
  std::size_t leave(Seat& seat);
  /// Those who have a seat, by name, each once.
  std::vector<std::string> plugins() const;

  void send(std::size_t channel, worker::FrameWriter frame, std::uint16_t guest);
  base::Loop& loop_of(std::size_t channel) const noexcept { return channels_[channel]->loop(); }
  std::size_t questions() const noexcept { return channels_.size() - 1; }
  /// Asks from now on again and again whether it is there, and ends it when it does not answer. [control]
  void ping_every(std::chrono::milliseconds interval);
  /// Ends it; `why` is told with its end unless it ended by itself before. `guest`: whose doing that is, when it is
  /// known.
  void kill(std::string why, std::optional<std::uint16_t> guest = std::nullopt);
  base::Result<WorkerReply> request(worker::FrameType type, const std::function<void(worker::FrameWriter&)>& put,
                                    std::chrono::milliseconds patience, std::uint16_t guest);
  /// Waits until it has been reaped.
  void wait_until_ended();

 private:
  using Seats = std::vector<std::shared_ptr<Seat>>;

  WorkerProcess(base::Loops& loops, Launched launched, std::string name);
  void watch();
  void wait_to_ping();
  void on_frame(std::size_t channel, const worker::Frame& frame);
  void on_exit();
  void all_is_read();
  void change_on_loops(const std::function<void(Seats&)>& change);
  std::string blame(std::optional<std::uint16_t> guest, const std::vector<std::uint16_t>& running) TR_REQUIRES(mutex_);

  base::Loops& loops_;
  const std::int64_t id_;
  const std::string name_;
  const Descriptor board_;  // None: it carries one plugin.
  Descriptor handle_;
  boost::asio::posix::stream_descriptor exit_;
  std::vector<std::unique_ptr<Channel>> channels_;
  // Of the first loop's thread.
  ErrorOutput output_;
  boost::asio::steady_timer next_ping_;
  std::chrono::milliseconds ping_interval_{0};
  std::uint64_t pings_ = 0, pongs_ = 0;
  int intervals_late_ = 0;  ///< In a row, without the answer to the last ping.
  // Each of its loop's thread: who may be spoken of in a frame.
  std::vector<Seats> seats_of_loop_;

  std::atomic<std::size_t> open_channels_;
  std::atomic<std::uint32_t> ever_joined_{0};
  // Written before the channels are drained.
  std::string how_;
  std::vector<std::uint16_t> blamed_;  // Guests; empty: everybody.

  mutable base::Mutex mutex_;
  std::string why_ TR_GUARDED_BY(mutex_);  // We ended it.
  std::optional<std::uint16_t> why_guest_ TR_GUARDED_BY(mutex_);
  bool is_over_ TR_GUARDED_BY(mutex_) = false;
  bool are_told_ TR_GUARDED_BY(mutex_) = false;  // Of its end, those who have a seat.
  Seats seats_ TR_GUARDED_BY(mutex_);
  std::uint64_t last_request_ TR_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::promise<base::Result<WorkerReply>>> requests_ TR_GUARDED_BY(mutex_);
  std::promise<void> ended_;
  std::shared_future<void> has_ended_{ended_.get_future()};
};

}  // namespace toolrack::sources::isolated
