#include "sources/isolated/seat.hpp"

#include <utility>

#include "sources/isolated/worker_process.hpp"

namespace toolrack::sources::isolated {

Seat::Seat(std::shared_ptr<WorkerProcess> process, std::uint16_t guest, std::string tool, Listener listener)
    : process_(std::move(process)), guest_(guest), tool_(std::move(tool)), listener_(std::move(listener)) {}

Seat::~Seat() = default;

void Seat::send(std::size_t channel, worker::FrameWriter frame) { process_->send(channel, std::move(frame), guest_); }

std::size_t Seat::questions() const noexcept { return process_->questions(); }

void Seat::kill(std::string why) { process_->kill(std::move(why), guest_); }

base::Result<WorkerReply> Seat::request(worker::FrameType type, const std::function<void(worker::FrameWriter&)>& put,
                                        std::chrono::milliseconds patience) {
  return process_->request(type, put, patience, guest_);
}

}  // namespace toolrack::sources::isolated
