#include "sources/native/settling.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace toolrack::sources::native {

Settling::Settling(Times times, TimePoint now, Fingerprints known)
    : times_(times), known_(std::move(known)), rescan_at_(now + times.rescan), delay_(times.again) {
  for (const auto& [path, stamp] : known_) sights_[path] = {stamp, true, now - times_.longest};
}

void Settling::note_event(TimePoint now) {
  if (!std::exchange(is_dirty_, true)) first_event_ = now;
  // Whoever writes without a pause must not keep the others from being seen.
  due_ = std::min(now + times_.quiet, first_event_ + times_.longest);
  delay_ = times_.again;
}

void Settling::note_overflow(TimePoint now) {
  note_event(now);
  rescan_at_ = std::min(rescan_at_, now + times_.quiet);
}

Settling::TimePoint Settling::next() const noexcept { return is_dirty_ ? std::min(due_, rescan_at_) : rescan_at_; }

bool Settling::differs(const std::string& path, const Sight& sight) const {
  const auto known = known_.find(path);
  return known == known_.end() ? sight.is_there : !sight.is_there || known->second != sight.stamp;
}

void Settling::see(TimePoint now, const Fingerprints& seen) {
  for (const auto& [path, stamp] : seen) {
    auto& sight = sights_.try_emplace(path, Sight{stamp, true, now}).first->second;
    if (!sight.is_there || sight.stamp != stamp) sight = {stamp, true, now};
  }
  for (auto one = sights_.begin(); one != sights_.end();) {
    auto& [path, sight] = *one;
    const bool is_there = seen.contains(path);
    if (!is_there && sight.is_there) sight = {{}, false, now};
    one = is_there || known_.contains(path) ? std::next(one) : sights_.erase(one);
  }
}

Settling::Decision Settling::look(TimePoint now, const Fingerprints& seen) {
  see(now, seen);
  Decision out;
  bool is_all_at_rest = true, is_going = false;
  for (const auto& [path, sight] : sights_) {
    const bool is_changed = differs(path, sight);
    const bool is_at_rest = !is_changed || now - sight.since >= times_.again;
    is_all_at_rest = is_all_at_rest && is_at_rest;
    // What is on its way out may be on its way in again; a scan could not tell.
    is_going = is_going || (!sight.is_there && !is_at_rest);
    out.scans = out.scans || (is_changed && is_at_rest);
    if (!sight.is_there || !is_at_rest) continue;
    out.resting.emplace(path, sight.stamp);
    if (is_changed && now - sight.since < times_.longest) out.growing.insert(path);
  }
  if (now >= rescan_at_) {
    out.scans = true;
    rescan_at_ = now + times_.rescan;
  }
  if (is_going) out.scans = false;
  is_dirty_ = !is_all_at_rest || is_going;
  if (is_dirty_) {
    due_ = first_event_ = now + delay_;
    delay_ = std::min(2 * delay_, times_.longest);
  } else if (!out.scans) {
    delay_ = times_.again;
  }
  return out;
}

void Settling::scanned(TimePoint now, const Decision& decision, const std::vector<std::string>& left) {
  for (auto known = known_.begin(); known != known_.end();)
    known = sights_.contains(known->first) && !sights_.at(known->first).is_there ? known_.erase(known) : ++known;
  bool is_some_left = false;
  for (const auto& [path, stamp] : decision.resting) {
    if (std::ranges::find(left, path) == left.end())
      known_[path] = stamp;
    else
      is_some_left = true;
  }
  if (is_some_left && !is_dirty_) {
    is_dirty_ = true;
    due_ = first_event_ = now + delay_;
    delay_ = std::min(2 * delay_, times_.longest);
  }
  if (!is_dirty_) delay_ = times_.again;
}

}  // namespace toolrack::sources::native
