#include "worker/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "worker/runtime.hpp"

namespace toolrack::worker {
namespace {

/// Of a guest's [control] functions: what the main thread of a program has.
constexpr std::size_t kControlStack = 8 << 20;

unsigned runner_count() {
  const auto cores = std::thread::hardware_concurrency();
  return std::clamp(cores, 2U, 16U);
}

std::vector<std::unique_ptr<Socket>> make_sockets(int count) {
  std::vector<std::unique_ptr<Socket>> out;
  for (int i = 0; i < count; ++i) out.push_back(std::make_unique<Socket>(Options::frames_of(i), Options::memory_of(i)));
  return out;
}

}  // namespace

Process::Process(Options options, SandboxState sandbox)
    : options_(std::move(options)),
      sandbox_(std::move(sandbox)),
      sockets_(make_sockets(options_.channels)),
      questions_(Options::frames_of(options_.questions()), Options::memory_of(options_.questions())),
      threads_(sockets_, runner_count(), [this](std::size_t channel, const Frame& frame) { on_frame(channel, frame); }),
      board_(options_.board()) {}

void Process::run() {
  threads_.start();
  for (;;) ::pause();
}

void Process::on_frame(std::size_t channel, const Frame& frame) {
  if (frame.type == FrameType::kPing) return send(channel, FrameWriter(FrameType::kPong, frame.id).take());
  if (frame.type == FrameType::kLoad) admit(frame);
  // What comes for one that has left was on its way.
  if (const auto guest = find(frame.guest)) return guest->on_frame(channel, frame);
  if (frame.type == FrameType::kLeave) answer(frame, TR_OK, "");  // It never got as far as that.
}

std::shared_ptr<Runtime> Process::find(std::uint16_t guest) {
  const std::lock_guard lock(mutex_);
  const auto found = guests_.find(guest);
  return found == guests_.end() ? nullptr : found->second;
}

void Process::admit(const Frame& frame) {
  const auto guest = std::make_shared<Runtime>(*this, frame.guest);
  if (!start_thread([guest] { guest->run(); }, kControlStack))
    return answer(frame, TR_RESOURCE_EXHAUSTED, "the worker process has no thread left for it");
  const std::lock_guard lock(mutex_);
  guests_.insert_or_assign(frame.guest, guest);
}

/// In place of a guest that is not there.
void Process::answer(const Frame& request, tr_status status, std::string_view explanation) {
  FrameWriter reply(FrameType::kReply, request.id);
  reply.u32(static_cast<std::uint32_t>(status)).text(explanation);
  send(0, std::move(reply).take(request.guest));
}

void Process::forget(std::uint16_t guest) {
  const std::lock_guard lock(mutex_);
  guests_.erase(guest);
}

}  // namespace toolrack::worker
