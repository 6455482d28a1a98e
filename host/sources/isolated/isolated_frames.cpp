/// IsolatedPlugin: what comes of a worker's frames. A frame that no worker of ours would send ends it.
#include <utility>

#include "sources/isolated/isolated_plugin.hpp"
#include "sources/native/native_call.hpp"
#include "worker/wire.hpp"

namespace toolrack::sources::isolated {
namespace {

using worker::FieldReader;
using worker::FrameType;
using worker::FrameWriter;

/// Chance that is asked for at once; a record holds no more.
constexpr std::uint32_t kMostRandom = 16 << 20;

/// Partial results that may still come after the worker was asked to pause: what was on its way, and some patience.
constexpr std::size_t kMostUnheeded = 16 << 20;

enum : std::int32_t { kEmitTaken = 0, kEmitPause = 1, kEmitNobody = 2 };

}  // namespace

void IsolatedPlugin::on_frame(Seat& seat, std::size_t channel, const worker::Frame& frame) {
  if (!has_tables_.load(std::memory_order_acquire) || !take(seat, channel, frame))
    seat.kill("it sent a frame that makes no sense");
}

bool IsolatedPlugin::take(Seat& seat, std::size_t channel, const worker::Frame& frame) {
  const bool is_question = channel == seat.questions();
  if (is_question) return frame.type == FrameType::kAsk && answer(seat, frame);
  const auto* const host = tables_.host;
  FieldReader in(frame.payload);
  switch (frame.type) {
    case FrameType::kComplete:
      return complete(seat.process()->loop_of(channel), frame);
    case FrameType::kEmit:
      return emit(seat, channel, frame);
    case FrameType::kProgress: {
      const double done = in.f64(), total = in.f64();
      const auto note = worker::to_abi(in.text());
      if (in.is_whole()) tables_.call->progress(host, frame.id, done, total, note);
      return in.is_whole();
    }
    case FrameType::kMeter: {
      const auto unit = worker::to_abi(in.text());
      const auto millionths = in.i64();
      if (in.is_whole()) tables_.call->meter(host, frame.id, unit, millionths);
      return in.is_whole();
    }
    case FrameType::kLog: {
      const auto level = in.i64();
      const auto text = worker::to_abi(in.text()), fields = worker::to_abi(in.text());
      if (in.is_whole()) tables_.log->write(host, frame.id, static_cast<std::int32_t>(level), text, fields);
      return in.is_whole();
    }
    case FrameType::kListChanged: {
      const auto kind = in.u32();
      if (in.is_whole()) tables_.catalog->changed(host, frame.id, kind);
      return in.is_whole();
    }
    case FrameType::kResourceUpdated: {
      const auto uri = worker::to_abi(in.text());
      if (in.is_whole()) tables_.catalog->resource_updated(host, frame.id, uri);
      return in.is_whole();
    }
    case FrameType::kMisuse: {
      const auto function = in.text(), what = in.text();
      if (in.is_whole()) environment_.note_misuse(function.substr(0, 100), what.substr(0, 1000));
      return in.is_whole();
    }
    case FrameType::kOperation:
      return operations()->begin(channel, frame);
    case FrameType::kCancelOperation:
      return operations()->cancel(frame.id);
    case FrameType::kResumeOperation:
      return operations()->resume(frame.id);
    case FrameType::kStopOperation:
      return operations()->stop(frame.id);
    case FrameType::kTaken: {
      const auto bytes = in.u64();
      return in.is_whole() && operations()->take(frame.id, bytes);
    }
    default:
      return false;
  }
}

std::shared_ptr<ServedOperations> IsolatedPlugin::operations() const {
  base::Lock lock(mutex_);
  return operations_;
}

bool IsolatedPlugin::complete(base::Loop& loop, const worker::Frame& frame) {
  FieldReader in(frame.payload);
  worker::OutcomeBox box;
  worker::get_outcome(in, box);
  if (!in.is_whole()) return false;
  {
    base::Lock lock(mutex_);
    open_.erase(frame.id);
  }
  // We are on the loop of its channel, which was its call's, outside of all frames.
  const native::NativeCall::DeliverHere here(loop);
  // One that is not open is misuse, which the host tells.
  tables_.call->complete(tables_.host, frame.id, &box.outcome);
  return true;
}

bool IsolatedPlugin::emit(Seat& seat, std::size_t channel, const worker::Frame& frame) {
  FieldReader in(frame.payload);
  const auto part = worker::get_part(in);
  if (!in.is_whole()) return false;
  const auto said = tables_.call->emit(tables_.host, frame.id, &part);
  if (said == kEmitNobody) seat.send(channel, FrameWriter(FrameType::kEmitState, frame.id));
  if (!heeds_pause(frame.id, said == kEmitPause, frame.payload.size()))
    seat.kill("it went on sending partial results after it had been asked to pause");
  return true;
}

/// A plugin in this process would fill its memory; one in a worker must not fill ours.
bool IsolatedPlugin::heeds_pause(tr_call call, bool is_asked, std::size_t bytes) {
  base::Lock lock(mutex_);
  const auto found = open_.find(call);
  if (found == open_.end()) return true;
  auto& unheeded = found->second.unheeded_bytes;
  unheeded = is_asked ? unheeded + bytes : 0;
  return unheeded <= kMostUnheeded;
}

bool IsolatedPlugin::answer(Seat& seat, const worker::Frame& frame) {
  FieldReader in(frame.payload);
  const auto question = in.u32(), size = in.u32();
  if (!in.is_whole() || size > kMostRandom) return false;
  FrameWriter out(FrameType::kAnswer, frame.id);
  switch (static_cast<worker::Question>(question)) {
    case worker::Question::kUnixTime:
      out.i64(tables_.clock->unix_ns(tables_.host, frame.id));
      break;
    case worker::Question::kMonotonicTime:
      out.i64(tables_.clock->monotonic_ns(tables_.host, frame.id));
      break;
    case worker::Question::kRandom: {
      std::string bytes(size, '\0');
      tables_.clock->random(tables_.host, frame.id, bytes.data(), bytes.size());
      out.text(bytes);
      break;
    }
    case worker::Question::kScratch:
      out.text(worker::view(tables_.call->info(tables_.host, frame.id, TR_INFO_SCRATCH)));
      break;
    default:
      return false;
  }
  seat.send(seat.questions(), std::move(out));
  return true;
}

}  // namespace toolrack::sources::isolated
