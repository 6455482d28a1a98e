#include "registry/schema_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "registry/schema_keywords.hpp"

namespace toolrack::registry::schema {

namespace json = base::json;

Stage Checker::Frame::stage() const noexcept { return static_cast<Stage>(std::countr_zero(todo)); }

void Checker::Frame::begin_stage() noexcept {
  flag = false;
  index = sub = count = hint = 0;
}

std::vector<Violation> Checker::run(const Value& value) {
  if (walk(value)) return {};
  if (deciding_.is_spent()) {
    return {{"", "",
             fmt::format("checking this value takes more than {} steps or {} levels; send a smaller one", kMaxSteps,
                         kMaxDepth)}};
  }
  Report report;
  report_ = &report;
  explaining_ = Work();
  work_ = &explaining_;
  walk(value);
  report_ = nullptr;
  auto violations = report.take();
  if (violations.empty())
    violations.push_back({"", "", "does not satisfy the schema, and it takes too long to say why"});
  return violations;
}

bool Checker::walk(const Value& root) {
  auto verdict = enter(0, root, kHere, report_ == nullptr, Marks::kNone);
  while (!frames_.empty()) {
    if (verdict != Verdict::kPushed) take(frames_.back(), verdict == Verdict::kGood);
    verdict = advance(frames_.back());
    if (work_->is_spent()) {
      frames_.clear();
      marks_.clear();
      return false;
    }
  }
  return verdict == Verdict::kGood && !work_->is_spent();
}

Checker::Verdict Checker::enter(NodeId id, const Value& value, std::uint32_t at, bool is_quiet, Marks marks) {
  if (!work_->spend(1)) return Verdict::kBad;
  const Node& node = program_.nodes[id];
  const auto alone = check_alone(node, value, at, is_quiet);
  if (alone == Alone::kWrongKind || (alone == Alone::kFails && is_quiet)) return Verdict::kBad;
  const auto todo = node.stages_for(value);
  if (todo == 0) return alone == Alone::kHolds ? Verdict::kGood : Verdict::kBad;

  Frame frame;
  frame.node = &node;
  frame.value = &value;
  frame.at = at;
  frame.todo = todo;
  frame.is_good = alone == Alone::kHolds;
  frame.is_quiet = is_quiet;
  bool parent_has_marks = false;
  if (!frames_.empty()) {
    const auto& parent = frames_.back();
    frame.depth = static_cast<std::uint8_t>(parent.depth + (at == kHere ? 0 : 1));
    if (frame.depth >= kMaxDepth) {
      work_->give_up();
      return Verdict::kBad;
    }
    parent_has_marks = marks != Marks::kNone && parent.marks != kNone;
    if (parent_has_marks && marks == Marks::kShared) frame.marks = parent.marks;
  }
  if ((todo & kNeedsMarks) != 0 || (parent_has_marks && marks == Marks::kWhenGood)) {
    frame.marks = new_marks(value);
    frame.owns_marks = true;
    frame.adds_marks = parent_has_marks;
  }
  frames_.push_back(frame);
  return Verdict::kPushed;
}

Checker::Verdict Checker::advance(Frame& frame) {
  while (frame.todo != 0 && (frame.is_good || !frame.is_quiet)) {
    if (run_stage(frame) == Verdict::kPushed) return Verdict::kPushed;
    frame.todo &= static_cast<Stages>(frame.todo - 1);
    frame.begin_stage();
  }
  return finish(frame);
}

Checker::Verdict Checker::finish(Frame& frame) {
  const bool is_good = frame.is_good;
  if (frames_.size() > 1 && frame.at == kHere) {
    auto& parent = frames_[frames_.size() - 2];
    if (!is_good) parent.lacks_marks |= frame.lacks_marks;
    if (is_good && frame.adds_marks) {
      for (std::size_t i = 0; frame.marks + i < marks_.size(); ++i) marks_[parent.marks + i] |= marks_[frame.marks + i];
    }
  }
  if (frame.owns_marks) marks_.resize(frame.marks);
  frames_.pop_back();
  return is_good ? Verdict::kGood : Verdict::kBad;
}

void Checker::take(Frame& frame, bool is_good) {
  switch (frame.stage()) {
    case Stage::kContains:
      if (is_good) mark(frame, frame.index - 1);
      frame.count += is_good ? 1 : 0;
      return;
    case Stage::kAnyOf:
    case Stage::kOneOf:
      if (is_good && frame.count++ == 0) frame.sub = frame.index;
      if (frame.is_quiet) return;
      if (frame.count > 0) {
        report_->truncate(frame.first);
        frame.best = frame.first;
      } else {
        frame.best = static_cast<std::uint32_t>(report_->keep_nearer(frame.first, frame.best));
      }
      return;
    case Stage::kNot:
      frame.flag = is_good;
      return;
    case Stage::kIf:
      if (frame.index == 1) {
        frame.flag = is_good;
        return;
      }
      break;
    default:
      break;
  }
  frame.is_good &= is_good;
}

Checker::Verdict Checker::apply(Frame& frame, NodeId id, const Value& value, std::uint32_t at, bool is_quiet,
                                Marks marks) {
  const auto verdict = enter(id, value, at, is_quiet, marks);
  if (verdict == Verdict::kPushed) return verdict;  // The frame may have moved.
  take(frame, verdict == Verdict::kGood);
  return frame.is_good || !frame.is_quiet ? Verdict::kGood : Verdict::kBad;
}

std::uint32_t Checker::new_marks(const Value& value) {
  const auto offset = static_cast<std::uint32_t>(marks_.size());
  const std::size_t count = value.IsObject() ? value.MemberCount() : (value.IsArray() ? value.Size() : 0);
  work_->spend(static_cast<std::int64_t>(count / 64));
  marks_.resize(offset + (count + 63) / 64, 0);
  return offset;
}

void Checker::mark(const Frame& frame, std::uint32_t index) noexcept {
  if (frame.marks != kNone) marks_[frame.marks + index / 64] |= std::uint64_t{1} << (index % 64);
}

bool Checker::is_marked(const Frame& frame, std::uint32_t index) const noexcept {
  return ((marks_[frame.marks + index / 64] >> (index % 64)) & 1) != 0;
}

void Checker::complain(std::uint32_t at, std::string_view keyword, std::string expected, std::string actual,
                       std::string message) {
  work_->spend(10);
  std::vector<std::uint32_t> order;
  std::string pointer;
  const auto step = [&](const Value& parent, std::uint32_t index) {
    order.push_back(index);
    pointer += '/';
    pointer += parent.IsObject() ? escape_token(json::view(parent.MemberBegin()[index].name)) : std::to_string(index);
  };
  for (std::size_t i = 1; i < frames_.size(); ++i)
    if (frames_[i].at != kHere) step(*frames_[i - 1].value, frames_[i].at);
  if (at != kHere) step(*frames_.back().value, at);
  if (message.empty()) message = fmt::format("expected {}, got {}", expected, actual);
  report_->add(std::move(order),
               {std::move(pointer), std::string(keyword), std::move(message), std::move(expected), std::move(actual)});
}

}  // namespace toolrack::registry::schema
