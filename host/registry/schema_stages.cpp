// The stages of the checker: what a schema asks of other schemas, and of a value's members and items.

#include <fmt/format.h>

#include <utility>

#include "registry/schema_checker.hpp"

namespace toolrack::registry::schema {

namespace json = base::json;

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

inline Checker::Verdict Checker::need(Frame& frame, NodeId id, const Value& value, std::uint32_t at, Marks marks) {
  const auto verdict = enter(id, value, at, frame.is_quiet, marks);
  if (verdict != Verdict::kBad) return verdict;  // When pushed, the frame may have moved.
  frame.is_good = false;
  return frame.is_quiet ? Verdict::kBad : Verdict::kGood;
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
    const auto verdict = need(frame, id, (*frame.value)[i], i, Marks::kNone);
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
      const auto verdict = need(frame, id, *subject, frame.index, Marks::kNone);
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
      const auto verdict = need(frame, id, member.value, i, Marks::kNone);
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
    const auto verdict = need(frame, dependent.schema, *frame.value, kHere, Marks::kShared);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
}

// ---- Schemas for the value itself.

Checker::Verdict Checker::all_of(Frame& frame) {
  const auto& list = frame.node->in_place->all_of;
  while (frame.index < list.size()) {
    const auto id = list[frame.index++];
    const auto verdict = need(frame, id, *frame.value, kHere, Marks::kShared);
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
  return need(frame, branch, *frame.value, kHere, Marks::kShared);
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
    const auto verdict = need(frame, id, child, i, Marks::kNone);
    if (verdict != Verdict::kGood) return verdict;
  }
  return Verdict::kGood;
}

}  // namespace toolrack::registry::schema
