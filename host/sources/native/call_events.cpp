#include "sources/native/call_events.hpp"

#include <utility>

namespace toolrack::sources::native {

bool CallEvents::add(Progress progress) {
  base::Lock lock(mutex_);
  if (!waiting_.empty()) {
    if (auto* last = std::get_if<Progress>(&waiting_.back())) {
      *last = std::move(progress);
      return false;
    }
  }
  waiting_.emplace_back(std::move(progress));
  return !has_any_.exchange(true, std::memory_order_acq_rel);
}

bool CallEvents::add(Partial partial) {
  base::Lock lock(mutex_);
  waiting_bytes_.fetch_add(partial.part.bytes.size() + partial.part.text.size() + 64, std::memory_order_acq_rel);
  waiting_.emplace_back(std::move(partial));
  return !has_any_.exchange(true, std::memory_order_acq_rel);
}

bool CallEvents::add(Line line) {
  if (is_full()) return false;
  base::Lock lock(mutex_);
  waiting_bytes_.fetch_add(line.text.size() + line.fields_json.size() + 64, std::memory_order_acq_rel);
  waiting_.emplace_back(std::move(line));
  return !has_any_.exchange(true, std::memory_order_acq_rel);
}

bool CallEvents::add(Mark mark) {
  base::Lock lock(mutex_);
  waiting_.emplace_back(std::move(mark));
  return !has_any_.exchange(true, std::memory_order_acq_rel);
}

void CallEvents::flush(registry::Completion* completion) {
  if (is_empty()) return;
  std::vector<std::variant<Progress, Partial, Line, Mark>> ready;
  {
    base::Lock lock(mutex_);
    ready.swap(waiting_);
    has_any_.store(false, std::memory_order_release);
    waiting_bytes_.store(0, std::memory_order_release);
  }
  if (completion == nullptr) return;
  for (auto& event : ready) {
    if (auto* progress = std::get_if<Progress>(&event)) {
      completion->progress(progress->done, progress->total, progress->note);
    } else if (const auto* line = std::get_if<Line>(&event)) {
      completion->log(line->level, line->text, line->fields_json);
    } else if (auto* mark = std::get_if<Mark>(&event)) {
      mark->reached();
    } else if (!is_deaf()) {
      auto& partial = std::get<Partial>(event);
      if (!completion->partial(std::move(partial.part))) is_deaf_.store(true, std::memory_order_release);
    }
  }
}

}  // namespace toolrack::sources::native
