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

Checker::Verdict Checker::run_stage(Frame& frame) {
  switch (frame.stage()) {
    case Stage::kItems:
      return items(frame);
    case Stage::kContains:
      return contains(frame);
    case Stage::kMembers:
      return members(frame);
    case Stage::kDependents:
      return dependents(frame);
    case Stage::kAllOf:
      return all_of(frame);
    case Stage::kAnyOf:
      return alternatives(frame, frame.node->in_place->any_of, false);
    case Stage::kOneOf:
      return alternatives(frame, frame.node->in_place->one_of, true);
    case Stage::kNot:
      return negation(frame);
    case Stage::kIf:
      return condition(frame);
    case Stage::kUnevaluatedItems:
    case Stage::kUnevaluatedMembers:
      return unevaluated(frame);
  }
  return Verdict::kGood;
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

// ---- Arrays.

Checker::Verdict Checker::items(Frame& frame) {
  const auto& rules = *frame.node->array;
  const auto size = frame.value->Size();
  while (frame.index < size) {
    const auto i = frame.index++;
    const auto id = i < rules.prefix.size() ? rules.prefix[i] : rules.rest;
    if (id == kNone) break;
    mark(frame, i);
    const auto verdict = apply(frame, id, (*frame.value)[i], i, frame.is_quiet, Marks::kNone);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
}

Checker::Verdict Checker::contains(Frame& frame) {
  const auto& rules = *frame.node->array;
  const auto& range = rules.contained;
  while (frame.index < frame.value->Size()) {
    if (frame.count >= range.min && range.max == kNoLimit && frame.marks == kNone) return Verdict::kGood;
    const auto i = frame.index++;
    const auto verdict = apply(frame, rules.contains, (*frame.value)[i], i, true, Marks::kNone);
    if (verdict == Verdict::kPushed) return verdict;
  }
  const bool is_plain = range.min == 1 && range.max == kNoLimit;
  frame.is_good &= check_range(range, frame.count, is_plain ? "contains" : "minContains", "maxContains",
                               "items that fit", kHere, frame.is_quiet);
  return Verdict::kGood;
}

// ---- Objects.

Checker::Verdict Checker::members(Frame& frame) {
  const auto& rules = *frame.node->object;
  if (frame.index == 0 && frame.sub == 0 && !work_->spend(frame.value->MemberCount() / 4)) return Verdict::kBad;
  if (rules.patterns.empty() && rules.names == kNone) return plain_members(frame);
  const auto all = frame.value->MemberBegin();
  for (; frame.index < frame.value->MemberCount(); ++frame.index, frame.sub = 0, frame.flag = false) {
    const Value* subject = nullptr;
    for (;;) {
      const auto id = next_for_member(frame, all[frame.index], subject);
      if (id == kNone) break;
      const auto verdict = apply(frame, id, *subject, frame.index, frame.is_quiet, Marks::kNone);
      if (verdict != Verdict::kGood) return verdict;
    }
  }
  if (frame.count < rules.required_count) {
    frame.is_good = false;
    if (!frame.is_quiet) complain_missing(rules, *frame.value, kHere);
  }
  return Verdict::kGood;
}

/// The next schema for the member, and what it is for: the name or the value. frame.sub counts them.
NodeId Checker::next_for_member(Frame& frame, const Value::Member& member, const Value*& subject) {
  const auto& rules = *frame.node->object;
  const auto name = json::view(member.name);
  if (frame.sub == 0) {
    frame.sub = 1;
    subject = &member.name;
    if (rules.names != kNone) return rules.names;
  }
  subject = &member.value;
  if (frame.sub == 1) {
    frame.sub = 2;
    const auto* property = rules.properties.find(name, frame.hint);
    if (property != nullptr && property->is_required) ++frame.count;
    if (property != nullptr && property->is_declared) {
      frame.flag = true;
      return property->schema;
    }
  }
  while (frame.sub < rules.patterns.size() + 2) {
    const auto& [pattern, schema] = rules.patterns[frame.sub++ - 2];
    if (!work_->spend(1)) return kNone;
    if (!pattern->matches(name, *work_)) continue;
    frame.flag = true;
    return schema;
  }
  if (frame.sub > rules.patterns.size() + 2) return kNone;
  ++frame.sub;
  const bool is_additional = !frame.flag && rules.additional != kNone;
  if (frame.flag || is_additional) mark(frame, frame.index);
  if (!is_additional) return kNone;
  if (frame.is_quiet || !program_.nodes[rules.additional].never) return rules.additional;
  frame.is_good = false;
  complain_unknown(rules, "additionalProperties", name, frame.index);
  return kNone;
}

/// The common case: one schema a member. When nobody wants reasons it goes twice over the members: scalars and missing
/// properties decide first, so that the forms of a union are told apart by their tags before anything is walked down.
Checker::Verdict Checker::plain_members(Frame& frame) {
  const auto& rules = *frame.node->object;
  const auto all = frame.value->MemberBegin();
  const auto size = frame.value->MemberCount();
  for (;;) {
    while (frame.index < size) {
      const auto i = frame.index++;
      const auto& member = all[i];
      const auto* property = rules.properties.find(json::view(member.name), frame.hint);
      if (!frame.flag && property != nullptr && property->is_required) ++frame.count;
      const bool is_declared = property != nullptr && property->is_declared;
      const auto id = is_declared ? property->schema : rules.additional;
      if (id == kNone) continue;
      if (frame.is_quiet && (program_.nodes[id].stages_for(member.value) != 0) != frame.flag) {
        frame.sub = 1;  // Something waits for the second round.
        continue;
      }
      mark(frame, i);
      if (!frame.is_quiet && !is_declared && program_.nodes[id].never) {
        frame.is_good = false;
        complain_unknown(rules, "additionalProperties", json::view(member.name), i);
        continue;
      }
      const auto verdict = apply(frame, id, member.value, i, frame.is_quiet, Marks::kNone);
      if (verdict != Verdict::kGood) return verdict;
    }
    if (!frame.flag && frame.count < rules.required_count) {
      frame.is_good = false;
      if (frame.is_quiet) return Verdict::kBad;
      complain_missing(rules, *frame.value, kHere);
    }
    if (frame.flag || frame.sub == 0) return Verdict::kGood;
    frame.flag = true;
    frame.index = frame.hint = 0;
  }
}

Checker::Verdict Checker::dependents(Frame& frame) {
  const auto& rules = *frame.node->object;
  const auto has = [&](const std::string& name) {
    work_->spend(1 + frame.value->MemberCount() / 16);
    return json::find(*frame.value, name) != nullptr;
  };
  while (frame.index < rules.dependents.size() && !work_->is_spent()) {
    const auto& dependent = rules.dependents[frame.index++];
    if (!has(dependent.name)) continue;
    for (const auto& name : dependent.required) {
      if (has(name)) continue;
      frame.is_good = false;
      if (frame.is_quiet) return Verdict::kBad;
      complain(kHere, "dependentRequired", fmt::format("property {}", json::quote(name)), "none of that name",
               fmt::format("property {} is missing; it goes with {}", json::quote(name), json::quote(dependent.name)));
    }
    if (dependent.schema == kNone) continue;
    const auto verdict = apply(frame, dependent.schema, *frame.value, kHere, frame.is_quiet, Marks::kShared);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
}

// ---- Schemas for the value itself.

Checker::Verdict Checker::all_of(Frame& frame) {
  const auto& list = frame.node->in_place->all_of;
  while (frame.index < list.size()) {
    const auto id = list[frame.index++];
    const auto verdict = apply(frame, id, *frame.value, kHere, frame.is_quiet, Marks::kShared);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
}

Checker::Verdict Checker::alternatives(Frame& frame, const std::vector<NodeId>& forms, bool is_one) {
  if (frame.index == 0 && !frame.is_quiet) {
    frame.first = frame.best = static_cast<std::uint32_t>(report_->size());
  }
  while (frame.index < forms.size()) {
    // With marks wanted, every form that fits counts.
    if (is_one ? frame.count > 1 : (frame.count > 0 && frame.marks == kNone)) break;
    const auto id = forms[frame.index++];
    if (apply(frame, id, *frame.value, kHere, frame.is_quiet, Marks::kWhenGood) == Verdict::kPushed) {
      return Verdict::kPushed;
    }
  }
  judge_alternatives(frame, forms.size(), is_one);
  return Verdict::kGood;
}

void Checker::judge_alternatives(Frame& frame, std::size_t forms, bool is_one) {
  if (frame.count == 1 || (frame.count > 1 && !is_one)) return;
  frame.is_good = false;
  frame.lacks_marks = true;
  if (frame.is_quiet) return;
  if (frame.count == 0) {
    const auto found = report_->size();
    complain(kHere, is_one ? "oneOf" : "anyOf", fmt::format("{} of {} allowed forms", is_one ? "one" : "any", forms),
             show(*frame.value), fmt::format("fits none of the {} allowed forms", forms));
    if (report_->size() > found) report_->move_last_to(frame.first);
  } else {
    complain(kHere, "oneOf", fmt::format("one of {} allowed forms", forms),
             fmt::format("forms {} and {}", frame.sub, frame.index),
             fmt::format("fits more than one of the {} allowed forms (number {} and number {})", forms, frame.sub,
                         frame.index));
  }
}

Checker::Verdict Checker::negation(Frame& frame) {
  if (frame.index == 0) {
    frame.index = 1;
    const auto id = frame.node->in_place->not_schema;
    if (apply(frame, id, *frame.value, kHere, true, Marks::kNone) == Verdict::kPushed) return Verdict::kPushed;
  }
  if (!frame.flag) return Verdict::kGood;
  frame.is_good = false;
  if (!frame.is_quiet) {
    complain(kHere, "not", "another value", show(*frame.value), fmt::format("{} is excluded here", show(*frame.value)));
  }
  return Verdict::kBad;
}

Checker::Verdict Checker::condition(Frame& frame) {
  const auto& rules = *frame.node->in_place;
  if (frame.index == 0) {
    frame.index = 1;
    if (apply(frame, rules.if_schema, *frame.value, kHere, true, Marks::kWhenGood) == Verdict::kPushed) {
      return Verdict::kPushed;
    }
  }
  const auto branch = frame.flag ? rules.then_schema : rules.else_schema;
  if (frame.index == 2 || branch == kNone) return Verdict::kGood;
  frame.index = 2;
  return apply(frame, branch, *frame.value, kHere, frame.is_quiet, Marks::kShared);
}

// ---- What nobody has looked at.

Checker::Verdict Checker::unevaluated(Frame& frame) {
  if (frame.lacks_marks && !frame.is_quiet)
    return Verdict::kBad;  // It has failed, and more would be said than is wrong.
  const bool is_object = frame.value->IsObject();
  const auto id = is_object ? frame.node->object->unevaluated : frame.node->array->unevaluated;
  const auto size = is_object ? frame.value->MemberCount() : frame.value->Size();
  while (frame.index < size) {
    const auto i = frame.index++;
    if (is_marked(frame, i)) continue;
    mark(frame, i);
    if (is_object && !frame.is_quiet && program_.nodes[id].never) {
      frame.is_good = false;
      complain_unknown(*frame.node->object, "unevaluatedProperties", json::view(frame.value->MemberBegin()[i].name), i);
      continue;
    }
    const auto& child = is_object ? frame.value->MemberBegin()[i].value : (*frame.value)[i];
    const auto verdict = apply(frame, id, child, i, frame.is_quiet, Marks::kNone);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
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

// ---- Reasons.

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
