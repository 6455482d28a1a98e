#include "services/log/recent.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"

namespace toolrack::services::log {

void Recent::add(Line line) {
  base::Lock lock(mutex_);
  line.number = ++last_;
  bytes_ += line.json.size();
  lines_.push_back(std::move(line));
  while (lines_.size() > max_lines_ || (bytes_ > max_bytes_ && lines_.size() > 1)) {
    bytes_ -= lines_.front().json.size();
    lines_.pop_front();
  }
}

Recent::Page Recent::read(const Query& query) const {
  base::Lock lock(mutex_);
  const bool is_ours = query.after >= origin_ && query.after <= last_;
  const auto after = is_ours ? query.after : origin_;
  const auto fits = [&](const Line& line) {
    return line.number > after && line.level >= query.level && (query.tool.empty() || line.tool == query.tool) &&
           (query.request_id.empty() || line.request_id == query.request_id);
  };
  Page page;
  page.next = last_;
  page.has_lost = query.after != 0 && (!is_ours || (!lines_.empty() && lines_.front().number > after + 1));
  if (query.after == 0) {
    for (auto line = lines_.rbegin(); line != lines_.rend() && page.lines.size() < query.limit; ++line)
      if (fits(*line)) page.lines.push_back(line->json);
    std::ranges::reverse(page.lines);
    return page;
  }
  for (const auto& line : lines_) {
    if (!fits(line)) continue;
    if (page.lines.size() == query.limit) {
      page.next = line.number - 1;
      break;
    }
    page.lines.push_back(line.json);
  }
  return page;
}

Recent& recent() {
  static Recent lines(4'096, 1 << 20, static_cast<std::uint64_t>(base::system_clock().unix_ns() / 1'000));
  return lines;
}

}  // namespace toolrack::services::log
