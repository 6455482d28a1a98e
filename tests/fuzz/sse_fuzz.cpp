/// Bytes -> events of an event stream.
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "transports/stdio/sse_reader.hpp"

namespace toolrack::fuzz {
namespace {

using Events = std::vector<std::string>;

Events read(const std::vector<std::string_view>& pieces) {
  Events events;
  stdio::SseReader reader([&](std::string_view data) { events.emplace_back(data); });
  for (const auto piece : pieces) require(reader.feed(piece), "a small event is not too large");
  return events;
}

/// The standard's own way: take the whole stream, make all line ends alike, then go line by line.
Events read_plainly(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && i > 0 && bytes[i - 1] == '\r') continue;
    text += bytes[i] == '\r' ? '\n' : bytes[i];
  }
  Events events;
  std::string name, data;
  bool has_data = false;
  for (std::size_t at = 0; text.find('\n', at) != text.npos;) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty()) {
      if (has_data && !data.empty() && (name.empty() || name == "message")) events.push_back(data);
      name.clear();
      data.clear();
      has_data = false;
      continue;
    }
    const auto colon = line.find(':');
    const auto field = line.substr(0, colon);
    auto value = colon == line.npos ? std::string() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (field == "event") name = value;
    if (field == "data") data += (has_data ? "\n" : "") + value;
    has_data = has_data || field == "data";
  }
  return events;
}

std::string shown(const Events& events) {
  std::string text;
  for (const auto& event : events) text += "[" + event + "]";
  return text;
}

}  // namespace

void check(std::string_view bytes) {
  const auto expected = read_plainly(bytes);
  const auto require_same = [&](const Events& events, std::string_view promise) {
    require(events == expected, promise, shown(expected) + " but " + shown(events));
  };
  require_same(read({bytes}), "events are those of the standard");
  require_same(read(cut(bytes, 0)), "where the bytes are cut changes nothing");
  require_same(read(cut_all(bytes)), "bytes may come one at a time");
}

}  // namespace toolrack::fuzz
