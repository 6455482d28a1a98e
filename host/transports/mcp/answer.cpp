#include "transports/mcp/answer.hpp"

#include "transports/mcp/session.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::string_view kEvent = "message";

}  // namespace

void Answer::end_observation(std::string_view message) {
  if (const auto observation = std::move(observation_)) observation->end(message);
}

void Answer::message(int status, std::string_view json, std::span<const net::HeaderField> headers) {
  end_observation(json);
  if (batch_) return batch_->add(status, json, headers);
  if (replay_) return replay_->finish(json);
  if (stream_) return stream_->finish(kEvent, json);
  exchange_->respond(status, "application/json", net::ReplyBody::borrowed(json), headers);
}

void Answer::accept() {
  end_observation({});
  if (batch_) return batch_->add(202, {}, {});
  exchange_->respond(202, "", net::ReplyBody());
}

net::Exchange* Answer::take_exchange() noexcept {
  end_observation({});  // What is told on the stream is no part of the request any more.
  return std::exchange(exchange_, nullptr);
}

void Answer::event(std::string_view json) {
  if (batch_) return;
  if (resumable_.streams != nullptr) return replay().send(json);
  if (!stream_) stream_.emplace(*exchange_);
  // Progress is a courtesy: what a slow reader does not take is left out.
  static_cast<void>(stream_->send(kEvent, json));
}

ReplayStream& Answer::replay() {
  if (!replay_) {
    replay_ = resumable_.streams->open(std::string(Sessions::key_of(resumable_.session)), resumable_.revision);
    replay_->begin(*exchange_);
  }
  return *replay_;
}

void Answer::let_go() {
  if (can_let_go()) replay().let_go();
}

bool Answer::request(std::string_view json) {
  if (batch_) return false;
  if (resumable_.streams != nullptr) {
    replay().send(json);  // A client that has lost the stream finds it when it takes the stream up again.
    return true;
  }
  if (!stream_) stream_.emplace(*exchange_);
  return stream_->send(kEvent, json) == net::Written::kTaken;
}

void Answer::on_disconnect(std::function<void()> gone) {
  // A client that can take its stream up again has not left for good; its exchange may be answered already.
  if (!batch_ && resumable_.streams == nullptr) exchange_->on_disconnect(std::move(gone));
}

void BatchAnswer::add(int status, std::string_view json, std::span<const net::HeaderField> headers) {
  constexpr int kLacksCredentials = 401;
  if (status == kLacksCredentials && status_ != status) {
    status_ = status;
    for (const auto& [name, value] : headers) headers_.emplace_back(name, value);
  }
  if (!json.empty()) messages_.append(messages_.empty() ? "[" : ",").append(json);
  if (--missing_ > 0) return;
  if (messages_.empty()) return whole_.accept();
  messages_ += ']';
  std::vector<net::HeaderField> of_whole;
  for (const auto& [name, value] : headers_) of_whole.push_back({name, value});
  whole_.message(status_, messages_, of_whole);
}

}  // namespace toolrack::mcp
