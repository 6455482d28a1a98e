#include "services/recorder/recording.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace toolrack::services::recorder {

namespace {

/// Number of an operation that was not taken down.
constexpr Recording::Number kNone = ~Recording::Number{0};
/// Of which the nearest is looked for, and lines that a divergence shows.
constexpr std::size_t kMostCompared = 100;
constexpr std::size_t kMostLines = 30;

std::string shorten(std::string_view text) {
  constexpr std::size_t kMost = 200;
  return text.size() <= kMost ? std::string(text) : fmt::format("{}... ({} bytes)", text.substr(0, kMost), text.size());
}

}  // namespace

Recording::Recording(std::vector<Operation> operations)
    : kind_(Kind::kReplay), operations_(std::move(operations)), used_(operations_.size(), false) {}

Recording::Recording(std::vector<Operation> earlier, Bounds bounds)
    : kind_(Kind::kResume), bounds_(bounds), operations_(std::move(earlier)), used_(operations_.size(), false) {
  for (const auto& operation : operations_) {
    bytes_ += operation.request.size() + operation.reply.size();
    last_end_ = std::max(last_end_, operation.ended);
  }
}

std::shared_ptr<Recording> Recording::share() {
  auto self = weak_from_this().lock();
  return self != nullptr ? self : std::shared_ptr<Recording>(std::shared_ptr<void>(), this);
}

std::size_t Recording::find_unused(std::string_view service, std::string_view request) const {
  for (Number i = 0; i < used_.size(); ++i)
    if (!used_[i] && operations_[i].service == service && operations_[i].request == request) return i;
  return kNone;
}

bool Recording::has_unused_end() const {
  for (Number i = 0; i < used_.size(); ++i)
    if (!used_[i] && operations_[i].ended != 0) return true;
  return false;
}

bool Recording::has_answer(std::string_view service, std::string_view request) const {
  if (kind_ != Kind::kResume) return kind_ == Kind::kReplay;
  base::Lock lock(mutex_);
  const auto found = find_unused(service, request);
  return found == kNone ? has_unused_end() : operations_[found].ended != 0;
}

bool Recording::is_answered(Number number) const {
  if (kind_ != Kind::kResume) return kind_ == Kind::kReplay;
  base::Lock lock(mutex_);
  return number < used_.size() && operations_[number].ended != 0;
}

base::Result<Recording::Number> Recording::begin(std::string_view service, std::string request) {
  base::Lock lock(mutex_);
  if (kind_ != Kind::kRecord) {
    const auto found = find_unused(service, request);
    if (found != kNone) {
      used_[found] = true;
      return found;
    }
    if (kind_ == Kind::kReplay || has_unused_end()) {
      divergences_.push_back(describe_divergence(service, request));
      const auto* const hint =
          kind_ == Kind::kReplay
              ? "Give the input of the recording and the tool in the version of the recording, or record anew."
              : "Until its question a skill does the same in every run; what differs (a time, a random value) comes "
                "from the host's clock. Call again from the start.";
      return tl::unexpected(
          base::Error(base::ErrorCode::kInvalidRequest, divergences_.back(), hint).with_name("replay_diverged"));
    }
  }
  bytes_ += request.size();
  if (operations_.size() >= bounds_.operations || bytes_ > bounds_.bytes) {
    is_overfull_ = true;
    return kNone;
  }
  operations_.push_back({std::string(service), std::move(request), {}, 0});
  return operations_.size() - 1;
}

void Recording::end(Number number, std::string reply, bool has_ended) {
  base::Lock lock(mutex_);
  if (number >= operations_.size()) return;
  bytes_ += reply.size();
  if (bytes_ > bounds_.bytes) {
    is_overfull_ = true;
    return;
  }
  operations_[number].reply = std::move(reply);
  if (has_ended) operations_[number].ended = ++last_end_;
}

Operation Recording::find(Number number) const {
  base::Lock lock(mutex_);
  return operations_.at(number);
}

void Recording::deliver_in_turn(base::Loop& loop, Number number, std::function<void()> deliver) {
  {
    base::Lock lock(mutex_);
    waiting_.push_back({number, std::move(deliver)});
  }
  boost::asio::post(loop.context(), [self = share()] { self->deliver_next(); });
}

void Recording::deliver_next() {
  std::function<void()> deliver;
  {
    base::Lock lock(mutex_);
    auto first = waiting_.begin();
    for (auto each = first; each != waiting_.end(); ++each) {
      // 0, which is no end, comes last.
      if (operations_[each->number].ended - 1U < operations_[first->number].ended - 1U) first = each;
    }
    deliver = std::move(first->deliver);
    waiting_.erase(first);
  }
  deliver();
}

std::string Recording::exchange(std::string_view service, std::string request,
                                const std::function<std::string()>& tell) {
  const auto number = begin(service, std::move(request));
  if (!number) return tell();
  if (is_answered(*number)) return find(*number).reply;
  auto reply = tell();
  end(*number, reply);
  return reply;
}

std::string Recording::describe_divergence(std::string_view service, const std::string& request) const {
  const Operation* nearest = nullptr;
  std::vector<std::string> differences;
  Number place = 0;
  std::size_t compared = 0;
  for (Number i = 0; i < used_.size() && compared < kMostCompared; ++i) {
    if (used_[i] || operations_[i].service != service) continue;
    ++compared;
    auto these = list_differences(operations_[i].request, request);
    if (nearest != nullptr && these.size() >= differences.size()) continue;
    nearest = &operations_[i];
    differences = std::move(these);
    place = i;
  }
  auto text = fmt::format("the call asked for {} {}, which is not in the record", service, shorten(request));
  if (nearest == nullptr) return text + fmt::format("; the record has no further {}", service);
  text += fmt::format("; the nearest there is operation {}:", place + 1);
  const auto more = differences.size() > kMostLines ? differences.size() - kMostLines : 0;
  differences.resize(differences.size() - more);
  for (const auto& line : differences) text += "\n  " + line;
  if (more > 0) text += fmt::format("\n  and {} more", more);
  return text;
}

std::vector<Operation> Recording::operations() const {
  base::Lock lock(mutex_);
  return operations_;
}

bool Recording::is_overfull() const {
  base::Lock lock(mutex_);
  return is_overfull_;
}

std::vector<std::string> Recording::divergences() const {
  base::Lock lock(mutex_);
  return divergences_;
}

std::vector<std::string> Recording::left_over() const {
  base::Lock lock(mutex_);
  std::vector<std::string> out;
  for (Number i = 0; i < used_.size(); ++i)
    if (!used_[i])
      out.push_back(fmt::format("operation {}: {} {}", i + 1, operations_[i].service, shorten(operations_[i].request)));
  return out;
}

}  // namespace toolrack::services::recorder
